package rdns_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
)

func everyCheck() map[string]envelope.Check {
	return map[string]envelope.Check{
		"rdns.exists":      rdns.Exists,
		"rdns.confirmed":   rdns.Confirmed,
		"rdns.notgeneric":  rdns.NotGeneric,
		"rdns.in":          rdns.In("mail.example.org", ".example.org", ".isp.example"),
		"rdns.notin":       rdns.NotIn(".isp.example"),
		"rdns.matcheshelo": rdns.MatchesHelo,
		"rdns.backshelo":   rdns.BacksHelo("example.org"),
	}
}

func TestChecksAreNamedAndWaitForTheirStage(t *testing.T) {
	for want, check := range everyCheck() {
		stage := envelope.Connect
		if want == "rdns.matcheshelo" || want == "rdns.backshelo" {
			stage = envelope.Helo
		}
		envelopetest.Answers(t, check, want, stage, envelope.Envelope{ClientIP: address("1"), Helo: "mail.example.org"})
	}
}

func TestJudgementAsksEachQuestionOnce(t *testing.T) {
	for _, tc := range []struct{ client, asked string }{
		{"1", "PTR A"},
		{"2001:db8::1", "PTR AAAA"},
		{"2", "PTR"},
		{"6", "PTR A A"},
		{"30", "PTR"}, // failures are shared too
		{"32", "PTR A A"},
	} {
		dns := world()
		ctx := envelope.WithJudgement(t.Context())
		e := envelope.Envelope{ClientIP: address(tc.client), Helo: "mail.example.org"}
		var checks sync.WaitGroup
		for range 3 {
			for _, check := range everyCheck() {
				checks.Go(func() { check(ctx, dns, &e) })
			}
		}
		checks.Wait()
		if asked := dns.Asked().Types(); asked != tc.asked {
			t.Errorf("client %s: asked %q, want %q", tc.client, asked, tc.asked)
		}
	}
}

// A finding does not depend on the lookups before it.
func TestSharingChangesNoFinding(t *testing.T) {
	for _, client := range []string{"1", "6", "7", "3", "31", "34"} {
		ctx := envelope.WithJudgement(t.Context())
		e := envelope.Envelope{ClientIP: address(client), Helo: "mail.example.org"}
		rdns.Confirmed(ctx, world(), &e)
		for name, check := range everyCheck() {
			alone := check(t.Context(), world(), &e)
			shared := check(ctx, world(), &e)
			if alone.Outcome != shared.Outcome || alone.Text != shared.Text {
				t.Errorf("%s of %s: %v alone, %v in a judgement", name, client, alone.Outcome, shared.Outcome)
			}
			a, b := alone.Detail.(*rdns.Result), shared.Detail.(*rdns.Result)
			if a.Confirmed != b.Confirmed || len(a.Names) != len(b.Names) {
				t.Errorf("%s of %s: %+v alone, %+v in a judgement", name, client, a, b)
			}
		}
	}
}

func TestFindingsShareNoMemory(t *testing.T) {
	ctx := envelope.WithJudgement(t.Context())
	e := envelope.Envelope{ClientIP: address("1")}
	dns := world()
	rdns.Exists(ctx, dns, &e).Detail.(*rdns.Result).Names[0] = "evil.example"
	if got := rdns.Exists(ctx, dns, &e).Detail.(*rdns.Result).Names[0]; got != "mail.example.org" {
		t.Errorf("a change of one finding changes another: %s", got)
	}
	ctx, bad := envelope.WithJudgement(t.Context()), pointers{texts: []string{"localhost."}}
	rdns.Exists(ctx, bad, &e).Detail.(*rdns.Result).Unusable[0] = "evil"
	if got := rdns.Exists(ctx, bad, &e).Detail.(*rdns.Result).Unusable[0]; got != "localhost." {
		t.Errorf("a change of one finding changes another: %s", got)
	}
}

func TestNilResolverIsATempError(t *testing.T) {
	for name, check := range everyCheck() {
		e := envelope.Envelope{ClientIP: address("1"), Helo: "mail.example.org"}
		if got := check(t.Context(), nil, &e); got.Outcome != temp || got.Status != noAnswer {
			t.Errorf("%s: %v %v", name, got.Outcome, got.Status)
		}
	}
}

func TestUnknownClientNeverPasses(t *testing.T) {
	for name, check := range everyCheck() {
		dns := world()
		e := envelope.Envelope{ClientIP: netip.Addr{}, Helo: "mail.example.org"}
		got := check(t.Context(), dns, &e)
		want := fail
		if name == "rdns.notin" {
			want = none
		}
		if got.Outcome != want || len(dns.Asked()) > 0 {
			t.Errorf("%s: %v, asked %v", name, got.Outcome, dns.Asked())
		}
	}
}

func TestEvaluate(t *testing.T) {
	for _, tc := range []struct {
		name, client string
		stage        envelope.Stage
		want         string
	}{
		{"two names, the second is confirmed", "6", envelope.Connect, "[nowhere.example.org second.example.org] second.example.org"},
		{"no PTR record", "2", envelope.Connect, "[] "},
		{"not connected yet", "6", envelope.Start, "[] "},
	} {
		dns := world()
		result := rdns.Evaluate(t.Context(), dns, &envelope.Envelope{Stage: tc.stage, ClientIP: address(tc.client)})
		result.Confirm(t.Context(), dns, result.Names)
		if got := fmt.Sprint(result.Names, " ", result.Confirmed); got != tc.want || result.Err != nil {
			t.Errorf("%s: %s, %v, want %s", tc.name, got, result.Err, tc.want)
		}
	}
	dns := world().Failing("2.2.0.192.in-addr.arpa.", zone.SERVFAIL)
	if result := rdns.Evaluate(t.Context(), dns, &envelope.Envelope{ClientIP: address("2")}); result.Err == nil || result.Names == nil {
		t.Errorf("the lookup fails: %v, %v", result.Names, result.Err)
	}
}

// All names are looked up together, whichever is the confirmed one.
func TestNamesAreConfirmedTogether(t *testing.T) {
	var text strings.Builder
	for i := range 10 {
		fmt.Fprintf(&text, "1.2.0.192.in-addr.arpa. PTR mail%d.example.org.\n", i)
	}
	none := text.String()
	for _, tc := range []struct {
		name, zone string
		check      envelope.Check
		helo       string
		want       int
	}{
		{"the last of ten", none + "mail9.example.org. A 192.0.2.1", rdns.Confirmed, "", 2},
		{"the first of ten", none + "mail0.example.org. A 192.0.2.1", rdns.Confirmed, "", 2},
		{"none of ten", none, rdns.Confirmed, "", 2},
		{"ten in a set", none, rdns.In(".example.org"), "", 2},
		{"ten in the domain of HELO", none, rdns.BacksHelo("example.org"), "example.org", 2},
		{"no name", "", rdns.Confirmed, "", 1},
		{"ten that need not be confirmed", none, rdns.Exists, "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: tc.helo}
			if got := envelopetest.Rounds(t, tc.check, zone.MustParse(tc.zone), e); got != tc.want {
				t.Errorf("%d rounds, want %d", got, tc.want)
			}
		})
	}
}

func TestAtMostTenNamesAreUsed(t *testing.T) {
	text := "mail.example.org. A 192.0.2.1\n"
	for i := range 9 {
		text += fmt.Sprintf("1.2.0.192.in-addr.arpa. PTR a%d.example.org.\n", i)
	}
	text += "1.2.0.192.in-addr.arpa. PTR 192.0.2.1.\n" // the tenth
	for _, tc := range []struct {
		more string
		cut  bool
	}{
		{"a3.example.org", false}, // a repetition
		{"192.0.2.1", false},
		{"mail.example.org", true},
		{"not a name either", true},
	} {
		dns := zone.MustParse(text + "1.2.0.192.in-addr.arpa. PTR " + strings.ReplaceAll(tc.more, " ", `\032`) + ".\n")
		e := envelope.Envelope{ClientIP: address("1")}
		got := rdns.Confirmed(t.Context(), dns, &e)
		result := got.Detail.(*rdns.Result)
		if got.Outcome != fail || result.Cut != tc.cut || len(result.Names) != 9 || len(result.Unusable) != 1 {
			t.Errorf("%s: %v with %+v", tc.more, got.Outcome, result)
		}
		if said := strings.Contains(got.Text, "only the first 10 were checked"); said != tc.cut {
			t.Errorf("%s: text %q", tc.more, got.Text)
		}
		if asked := len(dns.Asked()); asked != 1+9 {
			t.Errorf("%s: %d questions", tc.more, asked)
		}
		if !strings.Contains(got.Text, "are a0.example.org, a1.example.org, a2.example.org and 6 more") {
			t.Errorf("text %q", got.Text)
		}
	}
}
