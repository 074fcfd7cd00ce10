package policies_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
)

// world is the DNS of the golden tables.
func world(t testing.TB) *zone.Zone {
	t.Helper()
	text, err := os.ReadFile("testdata/world.zone")
	if err != nil {
		t.Fatal(err)
	}
	return zone.MustParse(string(text))
}

// site is the site of the golden tables.
func site(t testing.TB) policies.Site {
	t.Helper()
	mailboxes, err := directory.Map(map[string]directory.Answer{
		"alice@example.org":      directory.Known,
		"bob@example.org":        directory.Known,
		"gone@example.org":       directory.Disabled,
		"full@example.org":       directory.Full,
		"moved@example.org":      directory.Moved,
		"postmaster@example.org": directory.Known,
		"abuse@example.org":      directory.Known,
		"info@lists.example.org": directory.Known,
	})
	if err != nil {
		t.Fatal(err)
	}
	owners, err := directory.OwnersFrom(map[string][]string{
		"alice": {"alice@example.org", "info@lists.example.org"},
		"bob":   {"bob@example.org", "info@lists.example.org"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return policies.Site{
		Domains:  []string{"example.org", "Lists.Example.ORG."},
		Names:    []string{"mx.example.org"},
		Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:1::/48")},
		Mailboxes: func(ctx context.Context, m envelope.Mailbox) (directory.Answer, error) {
			if m.Local == "broken" && m.Domain == "example.org" {
				return 0, errors.New("the directory is down")
			}
			return mailboxes(ctx, m)
		},
		Owners: func(ctx context.Context, m envelope.Mailbox) ([]string, error) {
			if m.Local == "abuse" {
				return nil, errors.New("the directory is down")
			}
			return owners(ctx, m)
		},
		Lists: []dnsbl.List{{Zone: "list.example"}},
	}
}

// good is a message that Standard and Strict take.
func good() envelope.Envelope {
	return envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.9"),
		Helo:     "mail.example.net",
		MailFrom: "ann@example.net",
		RcptTo:   "bob@example.org",
	}
}

// handedIn is a message that Submission takes.
func handedIn() envelope.Envelope {
	return envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.11"),
		TLS:      &tls.ConnectionState{},
		Login:    "bob",
		Helo:     "laptop",
		MailFrom: "bob@example.org",
		RcptTo:   "someone@example.com",
		Message:  by("Bob <bob@example.org>"),
	}
}

// by returns a message with this From field.
func by(author string) *envelope.Message {
	return envelope.NewMessage([]byte("From: " + author + "\r\nSubject: news\r\n\r\n"))
}

type maker func(policies.Site) (verdict.Policy, error)

func standard(t testing.TB, s policies.Site) verdict.Policy { return made(t, policies.Standard, s) }
func strict(t testing.TB, s policies.Site) verdict.Policy   { return made(t, policies.Strict, s) }
func submission(t testing.TB, s policies.Site) verdict.Policy {
	return made(t, policies.Submission, s)
}

func made(t testing.TB, policy maker, s policies.Site) verdict.Policy {
	t.Helper()
	p, err := policy(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The zero Site has no domain, no user and no network: nobody's mail is taken,
// but to the postmaster, whom every server has.
func TestASiteOfNothingTakesNothing(t *testing.T) {
	for name, policy := range map[string]maker{"standard": policies.Standard, "strict": policies.Strict, "submission": policies.Submission} {
		p := made(t, policy, policies.Site{})
		for _, e := range []envelope.Envelope{good(), handedIn()} {
			if e.Login = ""; name == "submission" {
				e.Login = "bob"
			}
			if v := p.Judge(t.Context(), world(t), &e); v.Action != verdict.Reject {
				t.Errorf("%s of %s: %s", name, e.MailFrom, outcome(v))
			}
		}
	}
}

func TestWithoutADirectoryEveryMailboxExists(t *testing.T) {
	e := good()
	e.RcptTo = "anyone@example.org"
	v := standard(t, policies.Site{Domains: []string{"example.org"}}).Judge(t.Context(), world(t), &e)
	if v.Action != verdict.Accept {
		t.Errorf("got %s", outcome(v))
	}
}

func TestTheErrorNamesTheValueAtFault(t *testing.T) {
	for _, tc := range []struct {
		site policies.Site
		want string
	}{
		{policies.Site{Domains: []string{"example.org", "no domain"}}, "no domain"},
		{policies.Site{Domains: []string{"."}}, "the domains of the site"},
		{policies.Site{Names: []string{"no name"}}, "no name"},
		{policies.Site{Lists: []dnsbl.List{{Zone: "list..example"}}}, "list..example"},
		{policies.Site{Lists: []dnsbl.List{{Zone: "list.example", Codes: []string{"192.0.2.1"}}}}, "192.0.2.1"},
	} {
		for name, policy := range map[string]maker{"standard": policies.Standard, "strict": policies.Strict, "submission": policies.Submission} {
			if _, err := policy(tc.site); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: got %v, want an error that names %q", name, err, tc.want)
			}
		}
	}
}

// A relay that is closed for now is no mailbox that is busy (450).
func TestARelayIsDeferredWithItsOwnCode(t *testing.T) {
	policy := standard(t, site(t))
	policy.Soft = true
	e := good()
	e.RcptTo = "someone@example.com"
	v := policy.Judge(t.Context(), world(t), &e)
	if got, want := v.Status.String(), "454 4.7.1"; v.Action != verdict.TempFail || got != want {
		t.Errorf("got %s %s, want a tempfail with %s", outcome(v), got, want)
	}
}

// A failure of one list of the site is in sight in the trace.
func TestAListThatIsIgnoredIsInTheTrace(t *testing.T) {
	dns := world(t).Failing("*.list.example.", zone.Timeout)
	e := good()
	v := strict(t, site(t)).Judge(t.Context(), dns, &e)
	last := v.Trace[len(v.Trace)-1]
	if v.Action != verdict.Accept || last.Rule != "dnsbl.notlisted" || last.Finding.Outcome != envelope.TempError {
		t.Errorf("got %s, and at last %s %s", outcome(v), last.Rule, last.Finding.Outcome)
	}
}

func BenchmarkPolicies(b *testing.B) {
	for _, bc := range []struct {
		name   string
		policy verdict.Policy
		e      envelope.Envelope
	}{
		{"standard", standard(b, site(b)), good()},
		{"strict", strict(b, site(b)), good()},
		{"submission", submission(b, site(b)), handedIn()},
	} {
		b.Run(bc.name, func(b *testing.B) {
			dns := world(b)
			b.ReportAllocs()
			for b.Loop() {
				if v := bc.policy.Judge(b.Context(), dns, &bc.e); v.Action != verdict.Accept {
					b.Fatal(outcome(v))
				}
				dns.Forget()
			}
		})
	}
}
