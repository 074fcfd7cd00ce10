package policies_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
)

// world returns the DNS of the golden tables.
func world(t testing.TB) *zone.Zone {
	t.Helper()
	text, err := os.ReadFile("testdata/world.zone")
	if err != nil {
		t.Fatal(err)
	}
	return zone.MustParse(string(text))
}

// site returns the site of the golden tables.
func site(t testing.TB) policies.Site {
	t.Helper()
	mailboxes, err := directory.List(
		"alice@example.org",
		"bob@example.org",
		"gone@example.org disabled",
		"full@example.org full",
		"moved@example.org moved",
		"postmaster@example.org",
		"abuse@example.org",
		"info@lists.example.org",
	)
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

// good returns an envelope that Standard and Strict accept.
func good() envelope.Envelope {
	return envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.9"),
		Helo:     "mail.example.net",
		MailFrom: "ann@example.net",
		RcptTo:   "bob@example.org",
	}
}

// submitted returns an envelope that Submission accepts.
func submitted() envelope.Envelope {
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

// by returns a message with this author.
func by(author string) *envelope.Message {
	return envelope.NewMessage([]byte("From: " + author + "\r\nSubject: news\r\n\r\n"))
}

type maker func(policies.Site) (verdict.Policy, error)

var makers = map[string]maker{
	"standard": policies.Standard, "strict": policies.Strict, "bulk": policies.Bulk,
	"submission": policies.Submission, "trial": policies.Trial,
}

func made(t testing.TB, policy maker, s policies.Site) verdict.Policy {
	t.Helper()
	p, err := policy(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestZeroSiteRejectsAllMail(t *testing.T) {
	for name, policy := range makers {
		p := made(t, policy, policies.Site{})
		for _, e := range []envelope.Envelope{good(), submitted()} {
			if e.Login = ""; name == "submission" {
				e.Login = "bob"
			}
			if v := p.Judge(t.Context(), world(t), &e); v.Action != verdict.Reject {
				t.Errorf("%s, mail from %s: %s", name, e.MailFrom, v)
			}
		}
		e := good()
		e.RcptTo = "postmaster"
		if v := p.Judge(t.Context(), world(t), &e); name != "submission" && v.Action != verdict.Accept {
			t.Errorf("%s, mail to postmaster: %s", name, v)
		}
	}
}

// The trace of Trial shows every rule that only Strict has.
func TestTrialTriesEveryRuleOfStrict(t *testing.T) {
	s := site(t)
	s.Forwarders, s.MailingLists = []string{"alumni.example"}, []string{"lists.example"}
	has := map[string]bool{}
	for _, rule := range made(t, policies.Trial, s).Rules {
		has[describe(rule)] = true
	}
	for _, rule := range made(t, policies.Strict, s).Rules {
		if !has[describe(rule)] {
			t.Errorf("Trial lacks the rule of Strict: %s", describe(rule))
		}
	}
}

// describe says what a rule does, whether it is on trial or not.
func describe(r verdict.Rule) string {
	text := r.Name() + " " + r.Action(envelope.Pass).String() + " " + r.Action(envelope.Fail).String() + " " + r.Mark()
	for _, c := range r.Conditions() {
		name, _ := c.Check.Describe()
		text += " if " + name
	}
	return text
}

func TestEveryMailboxExistsWithoutADirectory(t *testing.T) {
	e := good()
	e.RcptTo = "anyone@example.org"
	v := made(t, policies.Standard, policies.Site{Domains: []string{"example.org"}}).Judge(t.Context(), world(t), &e)
	if v.Action != verdict.Accept {
		t.Errorf("got %s", v)
	}
}

func TestOwnersMayRequireAuthentication(t *testing.T) {
	s := site(t)
	s.OnlyAuthenticated = envelope.SetOf(func(m envelope.Mailbox) bool { return m.Local == "bob" })
	for name, policy := range makers {
		if name == "submission" {
			continue
		}
		e := good()
		e.Message = by("Ann <ann@example.net>")
		p := made(t, policy, s)
		if v := p.Judge(t.Context(), world(t), &e); v.Rule != "mailbox.onlyauthenticated" || v.Action != verdict.Reject {
			t.Errorf("%s, to an owner who requires it: %s", name, v)
		}
		e.RcptTo = "alice@example.org"
		if v := p.Judge(t.Context(), world(t), &e); v.Rule == "mailbox.onlyauthenticated" {
			t.Errorf("%s, to another owner: %s", name, v)
		}
	}
}

func TestErrorNamesTheInvalidValue(t *testing.T) {
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
		for name, policy := range makers {
			if _, err := policy(tc.site); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s: got %v, want an error that names %q", name, err, tc.want)
			}
		}
	}
}

// 450 would mean that the mailbox is busy.
func TestSoftRelayRejectionHasCode454(t *testing.T) {
	policy := made(t, policies.Standard, site(t))
	policy.Soft = true
	e := good()
	e.RcptTo = "someone@example.com"
	v := policy.Judge(t.Context(), world(t), &e)
	if got, want := v.Status.String(), "454 4.7.1"; v.Action != verdict.TempFail || got != want {
		t.Errorf("got %s %s, want a tempfail with %s", v, got, want)
	}
}

func TestTraceHasTheFailureOfAnIgnoredList(t *testing.T) {
	dns := world(t).Failing("*.list.example.", zone.Timeout)
	e := good()
	v := made(t, policies.Strict, site(t)).Judge(t.Context(), dns, &e)
	i := slices.IndexFunc(v.Trace, func(s verdict.Step) bool { return s.Rule == "dnsbl.notlisted" })
	if v.Action != verdict.Accept || i < 0 || v.Trace[i].Finding.Outcome != envelope.TempError {
		t.Errorf("got %s", v.Explain())
	}
}

func BenchmarkPolicies(b *testing.B) {
	for _, bc := range []struct {
		name   string
		policy verdict.Policy
		e      envelope.Envelope
	}{
		{"standard", made(b, policies.Standard, site(b)), good()},
		{"strict", made(b, policies.Strict, site(b)), good()},
		{"submission", made(b, policies.Submission, site(b)), submitted()},
	} {
		b.Run(bc.name, func(b *testing.B) {
			dns := world(b)
			b.ReportAllocs()
			for b.Loop() {
				if v := bc.policy.Judge(b.Context(), dns, &bc.e); v.Action != verdict.Accept {
					b.Fatal(v)
				}
				dns.Forget()
			}
		})
	}
}
