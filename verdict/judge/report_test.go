package judge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/helo"
	"mxrules.example/verdict"
	"mxrules.example/verdict/replay"
)

// unusual returns a policy with conditions, combined checks, named rules, and a
// failure other than that of DNS.
func unusual() *judge {
	broken := envelope.At("site.directory", envelope.Rcpt,
		func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			return envelope.Temporary("", errors.New("the directory is\tdown"))
		})
	return &judge{command: new(Command), policy: verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(client.Waited).Unless(client.Authenticated),
		verdict.RejectUnless(helo.FQDN).When(client.TLS).Named("greeting"),
		verdict.MarkUnless(envelope.Any(client.TLS, envelope.Not(helo.Literal)), "odd"),
		verdict.RejectUnless(broken).Ignoring(envelope.TempError),
		verdict.TempFailUnless(client.TLS).Shadow(),
	}}}
}

func TestFindingsOfConditionsAndOperands(t *testing.T) {
	l, err := parseLine([]byte(`{"login": "ann", "helo": "laptop"}`))
	if err != nil {
		t.Fatal(err)
	}
	r := unusual().judge(t.Context(), l)
	var got []string
	for _, f := range r.report().Findings {
		got = append(got, f.Check+" "+f.Outcome)
	}
	want := []string{
		"client.authenticated pass", // a condition that disables its rule
		"client.tls fail",           // another one
		"any(client.tls, not(helo.literal)) fail",
		"client.tls fail",
		"not(helo.literal) none",
		"helo.literal none",
		"site.directory temperror",
		"client.tls fail", // the shadow
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestTextOfConditionsAndOperands(t *testing.T) {
	l, err := parseLine([]byte(`{"login": "ann", "helo": "laptop"}`))
	if err != nil {
		t.Fatal(err)
	}
	got := string(unusual().judge(t.Context(), l).text())
	const want = `accept 250 2.0.0, marked odd
    client.waited                       off
                                                                   unless client.authenticated: pass
    greeting                            off
                                                                   when client.tls: fail, the connection is not encrypted
    any(client.tls, not(helo.literal))  fail       mark            the connection is not encrypted
                                                                   client.tls: fail, the connection is not encrypted
                                                                   not(helo.literal): none
                                                                   helo.literal: none
    site.directory                      temperror                  temporary lookup failure
                                                                   cause: the directory is down
    client.tls                          fail       would tempfail  the connection is not encrypted
  questions to DNS: 0
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestTextOfANamedRuleHasItsCheck(t *testing.T) {
	r := unusual().judge(t.Context(), line{Record: replay.Record{JSON: envelope.JSON{TLS: true, Helo: "laptop"}}})
	if got := string(r.text()); !strings.Contains(got, "check helo.fqdn\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestReportHasCommonFindingsOnce(t *testing.T) {
	r := unusual().judge(t.Context(), line{Record: replay.Record{JSON: envelope.JSON{Login: "ann", Helo: "laptop", RcptTo: []string{"a@b.example", "c@d.example"}}}})
	one := unusual().judge(t.Context(), line{Record: replay.Record{JSON: envelope.JSON{Login: "ann", Helo: "laptop", RcptTo: []string{"a@b.example"}}}})
	if got, want := string(r.json()), string(one.json()); got != want {
		t.Errorf("two recipients with the same findings: got\n%s\nwant what one has:\n%s", got, want)
	}
}
