package metrics_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/metrics"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

var policy = verdict.Policy{Rules: verdict.Rules{
	verdict.RejectUnless(recipient.Ours("example.org")),
	verdict.RejectUnless(rdns.Exists),
	verdict.MarkUnless(rdns.NotGeneric, "generic"),
}}

// transcript plays a connection from an address to recipients, and returns the codes of
// the replies.
func transcript(t testing.TB, report func(context.Context, verdict.Event), ip string, recipients ...string) []string {
	t.Helper()
	dns := zone.MustParse("9.2.0.192.in-addr.arpa. PTR mail.example.net.").Failing("8.2.0.192.in-addr.arpa.", zone.SERVFAIL)
	s := verdict.NewSession(t.Context(), verdict.Connection{Policy: policy, Resolver: dns, Report: report})
	defer s.Close()
	e := envelope.Envelope{ClientIP: netip.MustParseAddr(ip), Helo: "mail.example.net", MailFrom: "ann@example.net"}
	replies := []verdict.Reply{s.Connect(e), s.Helo(e), s.Mail(e, nil)}
	for _, to := range recipients {
		e.RcptTo = to
		replies = append(replies, s.Rcpt(e, nil))
	}
	replies = append(replies, s.Data(envelope.NewMessage([]byte("From: ann@example.net\r\n\r\n")), nil))
	var codes []string
	for _, r := range replies {
		codes = append(codes, fmt.Sprint(r.Status.Code))
	}
	return codes
}

// The counters agree with the replies of a transcript.
func TestCountersAgreeWithTheWire(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := metrics.New(registry)
	var codes []string
	codes = append(codes, transcript(t, m.Report, "192.0.2.9", "bob@example.org", "eve@example.org", "x@example.com")...)
	codes = append(codes, transcript(t, m.Report, "192.0.2.77", "bob@example.org")...)
	codes = append(codes, transcript(t, m.Report, "192.0.2.8", "bob@example.org")...)

	counted := map[string]int{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != "mxrules_replies_total" {
			continue
		}
		for _, metric := range family.Metric {
			for _, label := range metric.Label {
				if label.GetName() == "code" {
					counted[label.GetValue()] += int(metric.Counter.GetValue())
				}
			}
		}
	}
	sent := map[string]int{}
	for _, code := range codes {
		sent[code]++
	}
	if fmt.Sprint(counted) != fmt.Sprint(sent) {
		t.Errorf("counted %v, and %v were sent", counted, sent)
	}
	want := `
# HELP mxrules_decisions_total Verdicts on recipients and commands, by stage, action and the rule that decided.
# TYPE mxrules_decisions_total counter
mxrules_decisions_total{action="accept",rule="",stage="data"} 2
mxrules_decisions_total{action="accept",rule="",stage="rcpt"} 2
mxrules_decisions_total{action="continue",rule="",stage="connect"} 2
mxrules_decisions_total{action="continue",rule="",stage="helo"} 2
mxrules_decisions_total{action="continue",rule="",stage="mail"} 2
mxrules_decisions_total{action="reject",rule="rdns.exists",stage="connect"} 1
mxrules_decisions_total{action="reject",rule="rdns.exists",stage="helo"} 1
mxrules_decisions_total{action="reject",rule="rdns.exists",stage="mail"} 1
mxrules_decisions_total{action="reject",rule="recipient.ours",stage="rcpt"} 1
mxrules_decisions_total{action="tempfail",rule="rdns.exists",stage="rcpt"} 1
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "mxrules_decisions_total"); err != nil {
		t.Error(err)
	}
}

func TestGauges(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := metrics.New(registry)
	m.Resolver(func() resolver.Stats { return resolver.Stats{Cached: 7, CacheBytes: 42} })
	m.Greylist(func() int { return 3 })
	want := `
# HELP mxrules_greylist_records Records in the store of greylisting.
# TYPE mxrules_greylist_records gauge
mxrules_greylist_records 3
# HELP mxrules_resolver_cache_bytes Memory of the answers in the cache.
# TYPE mxrules_resolver_cache_bytes gauge
mxrules_resolver_cache_bytes 42
# HELP mxrules_resolver_cached_total Questions that the cache answered.
# TYPE mxrules_resolver_cached_total counter
mxrules_resolver_cached_total 7
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "mxrules_greylist_records", "mxrules_resolver_cache_bytes", "mxrules_resolver_cached_total"); err != nil {
		t.Error(err)
	}
}

// A span is a reply, and its events are questions.
func TestSpans(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder)).Tracer("test")
	codes := transcript(t, metrics.Spans(tracer), "192.0.2.9", "bob@example.org")
	spans := recorder.Ended()
	if len(spans) != len(codes) {
		t.Fatalf("%d spans for the replies %v", len(spans), codes)
	}
	var events []string
	for _, span := range spans {
		for _, event := range span.Events() {
			events = append(events, fmt.Sprint(event.Attributes[0].Value.AsString(), " ", event.Attributes[1].Value.AsString()))
		}
	}
	if !slices.Contains(events, "PTR 192.0.2.9") {
		t.Errorf("the events are %v", events)
	}
}

func TestLines(t *testing.T) {
	var out bytes.Buffer
	codes := transcript(t, metrics.Each(metrics.Lines(slog.New(slog.NewJSONHandler(&out, nil)))), "192.0.2.9", "bob@example.org")
	if lines := strings.Count(out.String(), "\n"); lines != len(codes) {
		t.Errorf("%d lines for the replies %v", lines, codes)
	}
}

// The dashboard asks for metrics that exist.
func TestDashboard(t *testing.T) {
	text, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(text) {
		t.Error("the dashboard is not JSON")
	}
	registry := prometheus.NewRegistry()
	m := metrics.New(registry)
	m.Resolver(func() resolver.Stats { return resolver.Stats{} })
	m.Greylist(func() int { return 0 })
	transcript(t, m.Report, "192.0.2.9", "bob@example.org")
	transcript(t, m.Report, "192.0.2.77", "bob@example.org")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"mxrules_marks_total": true} // no message of the transcripts is marked
	for _, family := range families {
		known[family.GetName()] = true
	}
	names := regexp.MustCompile(`mxrules_[a-z_]+`).FindAllString(string(text), -1)
	if len(names) < 5 {
		t.Errorf("the dashboard has the metrics %v", names)
	}
	for _, name := range names {
		if !known[strings.TrimSuffix(name, "_bucket")] {
			t.Errorf("the dashboard asks for %s", name)
		}
	}
}

func Example() {
	registry := prometheus.NewRegistry()
	m := metrics.New(registry)
	m.Report(context.Background(), verdict.Event{
		Stage: envelope.Rcpt, Reply: verdict.Reply{Status: envelope.Status{Code: 550, Subject: 7, Detail: 25}, Lines: []string{"the client has no PTR record"}},
		Verdict: verdict.Verdict{Action: verdict.Reject, Rule: "rdns.exists"},
	})
	n, err := testutil.GatherAndCount(registry, "mxrules_replies_total", "mxrules_decisions_total")
	fmt.Println(n, err)
	// Output: 2 <nil>
}
