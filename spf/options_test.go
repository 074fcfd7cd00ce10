package spf_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

func evaluate(t *testing.T, options spf.Options, dns *zone.Zone, from string) *spf.Result {
	t.Helper()
	checker, err := spf.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return checker.Evaluate(t.Context(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.com", MailFrom: from})
}

func TestWithoutExplanation(t *testing.T) {
	dns := publishers()
	got := evaluate(t, spf.Options{WithoutExplanation: true}, dns, "user@why.example")
	if got.Word != "fail" || got.Explanation != "" || dns.Asked().Types() != "TXT" {
		t.Errorf("%s, %q after %s", got.Word, got.Explanation, dns.Asked())
	}
}

// A record in Options.Records replaces the published one, wherever it is needed.
func TestRecords(t *testing.T) {
	dns := zone.MustParse(`
		wrong.example.     TXT "v=spf1 oops"
		forwarded.example. TXT "v=spf1 ip4:203.0.113.1 -all"
		outer.example.     TXT "v=spf1 include:wrong.example -all"
		moved.example.     TXT "v=spf1 redirect=wrong.example"
		right.example.     TXT "v=spf1 a -all"
		right.example.     A 192.0.2.1
	`)
	records := map[string]string{
		"Wrong.Example.":    "v=spf1 ip4:192.0.2.1 -all",
		"forwarded.example": "v=spf1 ip4:203.0.113.1 include:right.example ~all",
		"bücher.example":    "v=spf1 +all",
	}
	for _, tc := range []struct {
		from      string
		want      string
		override  bool
		questions string
	}{
		{"user@wrong.example", "pass", true, ""},
		{"user@WRONG.example", "pass", true, ""},
		{"user@forwarded.example", "pass", true, "right.example. TXT, right.example. A"},
		{"user@xn--bcher-kva.example", "pass", true, ""},
		{"user@outer.example", "pass", true, "outer.example. TXT"},
		{"user@moved.example", "pass", true, "moved.example. TXT"},
		{"user@right.example", "pass", false, "right.example. TXT, right.example. A"},
		{"user@sub.wrong.example", "none", false, "sub.wrong.example. TXT"},
	} {
		dns.Forget()
		got := evaluate(t, spf.Options{Records: records}, dns, tc.from)
		if got.Word != tc.want || got.Override != tc.override || dns.Asked().String() != tc.questions {
			t.Errorf("%s: %s (%v), override %t, after %q", tc.from, got.Word, got.Problem, got.Override, dns.Asked())
		}
	}
	if len(records) != 3 {
		t.Error("the caller's map has changed")
	}
}

func TestNewNamesWhatIsWrong(t *testing.T) {
	for record, want := range map[string]string{
		"v=spf1 oops":           `SPF term "oops" is an unknown mechanism`,
		"v=spf2 -all":           `SPF record "v=spf2 -all" does not begin with "v=spf1"`,
		"v=spf1 ip4:192.0.2.99": "",
	} {
		_, err := spf.New(spf.Options{Records: map[string]string{"example.org": record}})
		if got := errorText(err); got != want {
			t.Errorf("%q: %q, want %q", record, got, want)
		}
	}
	_, err := spf.New(spf.Options{Records: map[string]string{"example..org": "v=spf1 -all"}})
	if got := errorText(err); got != `host name "example..org" has an empty label` {
		t.Error(got)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestMaxVoidLookups(t *testing.T) {
	for _, tc := range []struct {
		most, terms int
		want        string
	}{
		{0, 2, "fail"}, {0, 3, "permerror"},
		{1, 1, "fail"}, {1, 2, "permerror"},
		{-1, 0, "fail"}, {-1, 1, "permerror"},
		{9, 9, "fail"}, {9, 10, "permerror"},
	} {
		dns := zone.MustParse(`example.org. TXT "v=spf1` + strings.Repeat(" a:nowhere.example", tc.terms) + ` -all"`)
		got := evaluate(t, spf.Options{MaxVoidLookups: tc.most}, dns, "user@example.org")
		if got.Word != tc.want || len(dns.Asked()) != tc.terms+1 {
			t.Errorf("at most %d, and %d terms: %s after %d questions", tc.most, tc.terms, got.Word, len(dns.Asked()))
		}
	}
}

// A Result has its reasons in JSON too.
func TestResultInJSON(t *testing.T) {
	dns := zone.MustParse(`
		outer.example. TXT "v=spf1 a include:inner.example -all"
		inner.example. TXT "v=spf1 redirect=last.example"
		last.example.  TXT "v=spf1 ip4:192.0.2.0/24 ~all"
		void.example.  TXT "v=spf1 a:1.example.net a:2.example.net a:3.example.net"
	`)
	for _, tc := range []struct{ from, want string }{
		{"user@outer.example", `{"result":"pass","identity":"mailfrom","sender":"user@outer.example","domain":"outer.example",` +
			`"matched":[{"record":"outer.example","term":"include:inner.example"},{"record":"inner.example","term":"redirect=last.example"},{"record":"last.example","term":"ip4:192.0.2.0/24"}],` +
			`"lookups":3,"void_lookups":1,"questions":4}`},
		{"user@void.example", `{"result":"permerror","identity":"mailfrom","sender":"user@void.example","domain":"void.example",` +
			`"lookups":3,"void_lookups":2,"questions":4,"problem":{"kind":"too many DNS lookups found nothing","record":"void.example","term":"a:3.example.net"}}`},
		{"user@[192.0.2.1]", `{"result":"none","identity":"mailfrom","sender":"","domain":"","lookups":0,"void_lookups":0,"questions":0}`},
	} {
		got, err := json.Marshal(evaluate(t, spf.Options{}, dns, tc.from))
		if err != nil || string(got) != tc.want {
			t.Errorf("got\n%s, %v, want\n%s", got, err, tc.want)
		}
	}
}

func TestProblemsSayWhatAndWhere(t *testing.T) {
	dns := world(`
		two.example.     TXT "v=spf1 -all"
		two.example.     TXT "v=spf1 +all"
		deep.example.    TXT "v=spf1 include:none.example"
		loop.example.    TXT "v=spf1 include:loop.example"
		mx.example.      TXT "v=spf1 mx -all"
		slow.example.    TXT "v=spf1 a:host.example -all"
		worse.example.   TXT "v=spf1 -all"
		bad.example.     TXT "v=spf1 a:\200.example"
	`+terms("mx.example. MX 10 h%d.example.\n", 11)).Failing("host.example.", zone.SERVFAIL).Failing("worse.example.", zone.SERVFAIL)
	for from, want := range map[string]string{
		"user@two.example":   "there are several SPF records, at two.example",
		"user@deep.example":  "there is no SPF record where the term leads, at the term include:none.example in the SPF record of deep.example",
		"user@loop.example":  "too many terms need a DNS lookup, at the term include:loop.example in the SPF record of loop.example",
		"user@mx.example":    "too many MX records, at the term mx in the SPF record of mx.example",
		"user@slow.example":  "a DNS lookup failed, at the term a:host.example in the SPF record of slow.example",
		"user@worse.example": "the DNS lookup of worse.example failed",
		"user@bad.example":   `the SPF record of bad.example is malformed: SPF term "a:?.example" has a character that is not visible ASCII`,
	} {
		got := evaluate(t, spf.Options{}, dns, from)
		if got.Problem == nil || got.Problem.Error() != want {
			t.Errorf("%s: %v, want %s", from, got.Problem, want)
		}
	}
	got := spf.Evaluate(t.Context(), dns, &envelope.Envelope{MailFrom: "user@two.example"})
	if want := "the client address is unknown"; got.Problem == nil || got.Problem.Error() != want {
		t.Errorf("without a client: %v", got.Problem)
	}
}
