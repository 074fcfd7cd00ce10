package policies_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/verdict"
)

const world = `
	mail.example.net.            A    192.0.2.9
	9.2.0.192.in-addr.arpa.      PTR  mail.example.net.
	10.2.0.192.in-addr.arpa.     PTR  mail.example.net.
	dyn-11.pool.example.net.     A    192.0.2.11
	11.2.0.192.in-addr.arpa.     PTR  dyn-11.pool.example.net.
`

var site = policies.Site{
	Domains:  []string{"example.org", "Lists.Example.ORG."},
	Names:    []string{"mx.example.org"},
	Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:1::/48")},
	HasMailbox: func(_ context.Context, m envelope.Mailbox) (bool, error) {
		if m.Local == "broken" {
			return false, errors.New("the directory is down")
		}
		return m.Local == "bob" || m.Local == "two words", nil
	},
}

// good is a message that the policy takes. Every case below is this one with
// something changed.
func good() envelope.Envelope {
	return envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.9"),
		Helo:     "mail.example.net",
		MailFrom: "ann@example.net",
		RcptTo:   "bob@example.org",
	}
}

func standard(t testing.TB, site policies.Site) verdict.Policy {
	t.Helper()
	policy, err := policies.Standard(site)
	if err != nil {
		t.Fatal(err)
	}
	if err := policy.Validate(); err != nil {
		t.Fatal(err)
	}
	return policy
}

// outcome writes a verdict for a table: its action, status, rule and marks.
func outcome(v verdict.Verdict) string {
	words := []string{v.Action.String()}
	if v.Action != verdict.Continue {
		words = append(words, v.Reply().Status.String())
	}
	if v.Rule != "" {
		words = append(words, v.Rule)
	}
	return strings.Join(append(words, v.Marks...), " ")
}

func TestStandard(t *testing.T) {
	policy := standard(t, site)
	inside, login := netip.MustParseAddr("198.51.100.7"), "bob"
	for _, tc := range []struct {
		name   string
		change func(e *envelope.Envelope)
		faults string
		want   string
	}{
		{"good mail", func(*envelope.Envelope) {}, "", "accept 250 2.0.0"},
		{"the null sender", func(e *envelope.Envelope) { e.MailFrom = "" }, "", "accept 250 2.0.0"},
		{"a literal of the client", func(e *envelope.Envelope) { e.Helo = "[192.0.2.9]" }, "", "accept 250 2.0.0"},
		{"a name that looks dynamic is only marked", func(e *envelope.Envelope) {
			e.ClientIP = netip.MustParseAddr("192.0.2.11")
		}, "", "accept 250 2.0.0 generic"},

		{"a stranger may not relay", func(e *envelope.Envelope) { e.RcptTo = "x@example.com" }, "", "reject 554 5.7.1 recipient.ours"},
		{"a client of our networks may", func(e *envelope.Envelope) { e.RcptTo, e.ClientIP = "x@example.com", inside }, "", "accept 250 2.0.0 client.in"},
		{"who has logged in may", func(e *envelope.Envelope) { e.RcptTo, e.Login = "x@example.com", login }, "", "accept 250 2.0.0 client.authenticated"},
		{"exempt clients may greet as they like", func(e *envelope.Envelope) { e.Helo, e.ClientIP = "laptop", inside }, "", "accept 250 2.0.0 client.in"},
		{"a mailbox that does not exist has no mail, from exempt clients neither", func(e *envelope.Envelope) {
			e.RcptTo, e.ClientIP = "nobody@example.org", inside
		}, "", "reject 550 5.1.1 recipient.listed"},
		{"a directory that is down defers", func(e *envelope.Envelope) { e.RcptTo = "broken@example.org" }, "", "tempfail 451 4.3.0 recipient.listed"},

		{"early talker", func(e *envelope.Envelope) { e.SpokeEarly = true }, "", "reject 554 5.5.0 client.waited"},
		{"no greeting", func(e *envelope.Envelope) { e.Helo = "" }, "", "reject 503 5.5.1 helo.present"},
		{"bare address as greeting", func(e *envelope.Envelope) { e.Helo = "192.0.2.9" }, "", "reject 501 5.5.4 helo.syntax"},
		{"one label as greeting", func(e *envelope.Envelope) { e.Helo = "laptop" }, "", "reject 504 5.5.4 helo.fqdn"},
		{"our name as greeting", func(e *envelope.Envelope) { e.Helo = "MX.example.org." }, "", "reject 550 5.7.1 helo.notours"},
		{"our address as greeting", func(e *envelope.Envelope) { e.Helo = "[198.51.100.7]" }, "", "reject 550 5.7.1 helo.notours"},

		{"no reverse name", func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("192.0.2.99") }, "", "reject 550 5.7.25 rdns.exists"},
		{"no address", func(e *envelope.Envelope) { e.ClientIP = netip.Addr{} }, "", "reject 550 5.7.25 rdns.exists"},
		{"forged reverse name", func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("192.0.2.10") }, "", "reject 550 5.7.25 rdns.confirmed"},
		{"reverse DNS down", func(*envelope.Envelope) {}, "*.in-addr.arpa. PTR", "tempfail 451 4.7.25 rdns.exists"},
		{"forward DNS down", func(*envelope.Envelope) {}, "mail.example.net. A", "tempfail 451 4.7.25 rdns.confirmed"},
		{"a refusal that needs no DNS does not wait for it", func(e *envelope.Envelope) { e.Helo = "laptop" }, "*.", "reject 504 5.5.4 helo.fqdn"},

		{"at the greeting a login may still come", func(e *envelope.Envelope) { e.Stage, e.Helo = envelope.Helo, "laptop" }, "", "continue"},
		{"at MAIL no login comes any more", func(e *envelope.Envelope) { e.Stage, e.Helo = envelope.Mail, "laptop" }, "", "reject 504 5.5.4 helo.fqdn"},
		{"at MAIL the recipient is open", func(e *envelope.Envelope) { e.Stage = envelope.Mail }, "", "continue"},
		{"at RCPT all is known", func(e *envelope.Envelope) { e.Stage = envelope.Rcpt }, "", "accept 250 2.0.0"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dns := zone.MustParse(world)
			if tc.faults != "" {
				dns.Failing(tc.faults, zone.SERVFAIL)
			}
			e := good()
			tc.change(&e)
			if got := outcome(policy.Judge(t.Context(), dns, &e)); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// Nothing that a stranger writes as a recipient makes this server send mail on.
func TestStandardClosesTheRelay(t *testing.T) {
	policy := standard(t, site)
	for _, tc := range []struct{ to, want string }{
		{"bob@example.org", "accept 250 2.0.0"},
		{"bob@EXAMPLE.org.", "accept 250 2.0.0"},
		{"bob@lists.example.org", "accept 250 2.0.0"},
		{`"bob"@example.org`, "accept 250 2.0.0"},
		{`"two words"@example.org`, "accept 250 2.0.0"},
		{"postmaster", "accept 250 2.0.0"},
		{"Postmaster", "accept 250 2.0.0"},
		{"nobody@example.org", "reject 550 5.1.1 recipient.listed"},

		{"bob@example.com", "reject 554 5.7.1 recipient.ours"},
		{"bob@sub.example.org", "reject 554 5.7.1 recipient.ours"},
		{"bob@notexample.org", "reject 554 5.7.1 recipient.ours"},
		{"bob@org", "reject 554 5.7.1 recipient.ours"},
		{"bob@[198.51.100.7]", "reject 554 5.7.1 recipient.ours"},
		{"bob@[IPv6:2001:db8:1::1]", "reject 554 5.7.1 recipient.ours"},

		{"@example.org:bob@example.com", "reject 554 5.7.1 recipient.ours"},
		{"@example.com:bob@example.org", "reject 554 5.7.1 recipient.ours"},
		{"@example.org,@example.com:bob@example.org", "reject 554 5.7.1 recipient.ours"},
		{"bob%example.com@example.org", "reject 554 5.7.1 recipient.ours"},
		{`"bob%example.com"@example.org`, "reject 554 5.7.1 recipient.ours"},
		{"example.com!bob@example.org", "reject 554 5.7.1 recipient.ours"},
		{`"bob@example.com"@example.org`, "reject 554 5.7.1 recipient.ours"},
		{`"bob\@example.com"@example.org`, "reject 554 5.7.1 recipient.ours"},
		{`"bob@example.org"@example.com`, "reject 554 5.7.1 recipient.ours"},

		{"bob@example.com@example.org", "reject 501 5.1.3 recipient.ours"},
		{"bob@example.org@example.com", "reject 501 5.1.3 recipient.ours"},
		{"bob", "reject 501 5.1.3 recipient.ours"},
		{"example.com!bob", "reject 501 5.1.3 recipient.ours"},
		{"bob@", "reject 501 5.1.3 recipient.ours"},
		{"bob@example.org\r\nRCPT TO:<x@example.com>", "reject 501 5.1.3 recipient.ours"},
	} {
		t.Run(tc.to, func(t *testing.T) {
			e := good()
			e.RcptTo = tc.to
			v := policy.Judge(t.Context(), zone.MustParse(world), &e)
			if got := outcome(v); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
			if v.Text != envelope.CleanText(v.Text, true) {
				t.Errorf("the text %q is not clean", v.Text)
			}
		})
	}
}

// A server that forgets to say who the recipient is, is no open relay.
func TestNoRecipient(t *testing.T) {
	policy := standard(t, site)
	e := good()
	e.RcptTo = ""
	for _, stage := range []envelope.Stage{envelope.Whole, envelope.Rcpt, envelope.Data} {
		e.Stage = stage
		if got, want := outcome(policy.Judge(t.Context(), zone.MustParse(world), &e)), "reject 501 5.1.3 recipient.ours"; got != want {
			t.Errorf("at %s: got %s, want %s", stage, got, want)
		}
	}
}

func TestStandardWithoutFacts(t *testing.T) {
	policy := standard(t, policies.Site{})
	e := good()
	if got, want := outcome(policy.Judge(t.Context(), zone.MustParse(world), &e)), "reject 554 5.7.1 recipient.ours"; got != want {
		t.Errorf("no domain is ours: got %s, want %s", got, want)
	}
	policy = standard(t, policies.Site{Domains: []string{"example.org"}})
	e.RcptTo = "anyone@example.org"
	if got, want := outcome(policy.Judge(t.Context(), zone.MustParse(world), &e)), "accept 250 2.0.0"; got != want {
		t.Errorf("no directory: got %s, want %s", got, want)
	}
}

func TestStandardNamesTheValueAtFault(t *testing.T) {
	for value, site := range map[string]policies.Site{
		"no domain": {Domains: []string{"example.org", "no domain"}},
		".below":    {Domains: []string{".below"}},
		"no name":   {Names: []string{"no name"}},
	} {
		if _, err := policies.Standard(site); err == nil || !strings.Contains(err.Error(), value) {
			t.Errorf("got %v, want an error that names %q", err, value)
		}
	}
}

// A relay that is closed for now is no mailbox that is busy (450).
func TestRelayDeferred(t *testing.T) {
	policy := standard(t, site)
	policy.Soft = true
	e := good()
	e.RcptTo = "x@example.com"
	if got, want := outcome(policy.Judge(t.Context(), zone.MustParse(world), &e)), "tempfail 454 4.7.1 recipient.ours"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestStandardAsksNoMoreThanItNeeds(t *testing.T) {
	policy := standard(t, site)
	for _, tc := range []struct {
		name   string
		change func(e *envelope.Envelope)
		want   string
	}{
		{"good mail", func(*envelope.Envelope) {}, "PTR A"},
		{"relay", func(e *envelope.Envelope) { e.RcptTo = "x@example.com" }, ""},
		{"bad greeting", func(e *envelope.Envelope) { e.Helo = "laptop" }, ""},
		{"login", func(e *envelope.Envelope) { e.Login = "bob" }, ""},
	} {
		dns := zone.MustParse(world)
		e := good()
		tc.change(&e)
		policy.Judge(t.Context(), dns, &e)
		if got := dns.Asked().Types(); got != tc.want {
			t.Errorf("%s: asked %q, want %q", tc.name, got, tc.want)
		}
	}
}

func BenchmarkStandard(b *testing.B) {
	policy, dns, e := standard(b, site), zone.MustParse(world), good()
	b.ReportAllocs()
	for b.Loop() {
		policy.Judge(b.Context(), dns, &e)
		dns.Forget()
	}
}
