package analysis_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/examples/policies"
	"mxrules.example/greylist"
	"mxrules.example/greylist/identity"
	"mxrules.example/greylist/quota"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

var (
	isOurs   = recipient.Ours("example.org")
	isRole   = recipient.Role([]string{"example.org"})
	isListed = recipient.Listed(mailboxes)
	trusted  = client.In([]netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")})
	bad      = dnsbl.NotListed(dnsbl.List{Zone: "bad.example"})
	known    = greylist.Known(new(greylist.Memory), greylist.Options{})
)

var mailboxes, _ = directory.List("bob@example.org")

// mistakes returns the mistakes in a policy, one a line.
func mistakes(t *testing.T, p verdict.Policy, facts ...analysis.Fact) string {
	t.Helper()
	if p.Timeout == 0 {
		p.Timeout = 30e9
	}
	found, err := analysis.Vet(p, facts...)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range found {
		if m.Witness != nil {
			if len(m.Witness.Decisions) != 1 {
				t.Errorf("%v has %d decisions", m, len(m.Witness.Decisions))
			}
			m.Witness = nil
		}
		lines = append(lines, string(m.Kind)+": "+m.String())
	}
	return strings.Join(lines, "\n")
}

func TestVet(t *testing.T) {
	closed := verdict.RejectUnless(isOurs)
	for _, tc := range []struct {
		name  string
		rules verdict.Rules
		want  string
	}{
		{"a sound policy", verdict.Rules{
			verdict.AcceptIf(trusted), verdict.AcceptIf(client.Authenticated), closed, verdict.RejectUnless(isListed), verdict.AcceptIf(isRole),
			verdict.RejectUnless(helo.Syntax), verdict.RejectUnless(rdns.Confirmed), verdict.MarkUnless(rdns.NotGeneric, "generic"),
			verdict.TempFailUnless(known), verdict.RejectUnless(dmarc.NotReject).Unless(spf.Pass),
		}, ""},
		{"a rule twice", verdict.Rules{closed, closed},
			"never decides: rule 2 (recipient.ours) can never decide: rule 1 (recipient.ours) decides first"},
		{"two rules cover a third", verdict.Rules{closed, verdict.RejectUnless(sender.Null).When(client.TLS), verdict.RejectUnless(sender.Null).Unless(client.TLS),
			verdict.TempFailUnless(sender.Null)},
			"never decides: rule 4 (sender.null) can never decide: rule 2 (sender.null) and rule 3 (sender.null) decide first"},
		{"a condition excludes the check", verdict.Rules{closed, verdict.RejectUnless(spf.NotFail).When(spf.Pass)},
			"never decides: rule 2 (spf.notfail) can never decide: there are no outcomes for which it would"},
		{"a rule without an action", verdict.Rules{closed, verdict.RejectUnless(sender.FQDN).On(envelope.Fail, verdict.Continue)},
			"never decides: rule 2 (sender.fqdn) can never decide: there are no outcomes for which it would"},
		{"a mark on what is rejected", verdict.Rules{closed, verdict.MarkUnless(rdns.Confirmed, "unconfirmed"), verdict.RejectUnless(rdns.Confirmed).Unless(client.TLS),
			verdict.MarkUnless(rdns.Confirmed, "plain").Unless(client.TLS), verdict.AcceptIf(isRole)},
			"never marks: rule 4 (rdns.confirmed) can never set its mark \"plain\" on mail that is accepted\n" +
				"role unreachable: rule 3 (rdns.confirmed) rejects mail for postmaster too"},
		{"a mark on what is accepted before", verdict.Rules{verdict.AcceptIf(trusted), closed, verdict.MarkIf(trusted, "ours")},
			"never marks: rule 3 (client.in) can never set its mark \"ours\" on mail that is accepted"},
		{"an accept before the relay is closed", verdict.Rules{verdict.AcceptIf(dnsbl.Listed(dnsbl.List{Zone: "good.example"})), closed},
			"open relay: rule 1 (dnsbl.listed) accepts mail of untrusted clients for other domains"},
		{"no rule closes the relay", verdict.Rules{verdict.RejectUnless(sender.Syntax)},
			"open relay: no rule closes the relay: mail of untrusted clients for other domains is accepted"},
		{"no rule closes the relay, and one accepts", verdict.Rules{verdict.AcceptIf(dnsbl.Listed(dnsbl.List{Zone: "good.example"}))},
			"open relay: no rule closes the relay: mail of untrusted clients for other domains is accepted"},
		{"postmaster before the relay is closed", verdict.Rules{verdict.AcceptIf(isRole), closed}, ""},
		{"a condition opens the relay", verdict.Rules{closed.Unless(sender.Null)},
			"open relay: no rule closes the relay: mail of untrusted clients for other domains is accepted"},
		{"only users", verdict.Rules{verdict.RejectUnless(client.Authenticated), verdict.RejectUnless(helo.Syntax)}, ""},
		{"a forgeable sender", verdict.Rules{closed, verdict.AcceptIf(sender.In("example.net"))},
			"anyone can pass: rule 2 (sender.in) accepts mail because of what every client can bring about"},
		{"an unconfirmed name", verdict.Rules{closed, verdict.AcceptIf(rdns.Exists).When(helo.In("mail.example.net"))},
			"anyone can pass: rule 2 (rdns.exists) accepts mail because of what every client can bring about"},
		{"a proof of any domain", verdict.Rules{closed, verdict.AcceptIf(spf.Pass)},
			"anyone can pass: rule 2 (spf.pass) accepts mail because of what every client can bring about"},
		{"one of two suffices", verdict.Rules{closed, verdict.AcceptIf(envelope.Any(trusted, sender.In("example.net")))},
			"anyone can pass: rule 2 (any(client.in, sender.in)) accepts mail because of what every client can bring about"},
		{"a proven sender", verdict.Rules{closed, verdict.AcceptIf(sender.In("example.net")).When(spf.Pass), verdict.AcceptIf(envelope.All(helo.Syntax, trusted))}, ""},
		{"a tempfail before the directory", verdict.Rules{closed, verdict.TempFailUnless(known), verdict.RejectUnless(isListed)},
			"hides unknown user: rule 2 (greylist.known) defers mail for a mailbox that does not exist"},
		{"one list", verdict.Rules{closed, verdict.AcceptIf(isRole), verdict.RejectUnless(bad)},
			"one opinion: rule 3 (dnsbl.notlisted) rejects because of dnsbl.notlisted alone"},
		{"one list that never decides", verdict.Rules{closed, verdict.TempFailUnless(bad), verdict.RejectUnless(bad)},
			"never decides: rule 3 (dnsbl.notlisted) can never decide: rule 2 (dnsbl.notlisted) decides first"},
		{"p=reject alone", verdict.Rules{closed, verdict.AcceptIf(isRole), verdict.RejectUnless(dmarc.NotReject)},
			"one opinion: rule 3 (dmarc.notreject) rejects because of dmarc.notreject alone"},
		{"the message before the client", verdict.Rules{closed, verdict.AcceptIf(isRole), verdict.AcceptIf(dkim.PassFor("example.net")), verdict.RejectUnless(helo.Syntax), verdict.RejectUnless(rdns.Exists)},
			"too late: rule 3 (dkim.passfor) needs the message, and the rules after it must wait, though rule 4 (helo.syntax) could decide at helo"},
		{"a message that can only be rejected", verdict.Rules{closed, verdict.AcceptIf(isRole), verdict.RejectUnless(dkim.PassFor("example.net")), verdict.RejectUnless(helo.Syntax)}, ""},
		{"a failing list accepts", verdict.Rules{closed, verdict.AcceptIf(isRole), verdict.TempFailUnless(bad).On(envelope.TempError, verdict.Accept)},
			"ignored failure: rule 3 (dnsbl.notlisted) lets mail pass if dnsbl.notlisted fails temporarily"},
		{"a directory that fails", verdict.Rules{closed, verdict.RejectUnless(isListed).Ignoring(envelope.TempError)},
			"ignored failure: rule 2 (recipient.listed) lets mail pass if recipient.listed fails temporarily"},
		{"a failing lookup accepts", verdict.Rules{closed, verdict.AcceptIf(isRole), verdict.RejectUnless(spf.NotFail).On(envelope.TempError, verdict.Accept)},
			"ignored failure: rule 3 (spf.notfail) lets mail pass if spf.notfail fails temporarily"},
		{"a failing list", verdict.Rules{closed, verdict.AcceptIf(isRole), verdict.TempFailUnless(bad).Ignoring(envelope.TempError)}, ""},
		{"no way to postmaster", verdict.Rules{closed, verdict.RejectUnless(rdns.Exists), verdict.AcceptIf(isRole)},
			"role unreachable: rule 2 (rdns.exists) rejects mail for postmaster too"},
		{"shadow rules", verdict.Rules{closed, closed.Shadow(), verdict.AcceptIf(sender.In("example.net")).Shadow()}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := mistakes(t, verdict.Policy{Rules: tc.rules}); got != tc.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tc.want)
			}
		})
	}
}

func TestVetTrustsOwnChecks(t *testing.T) {
	vpn := table{}.check("corp.vpn", envelope.Connect)
	p := verdict.Policy{Rules: verdict.Rules{verdict.AcceptIf(vpn), verdict.RejectUnless(isOurs)}}
	if got := mistakes(t, p); !strings.HasPrefix(got, "open relay: rule 1 (corp.vpn)") {
		t.Errorf("got %q", got)
	}
	if got := mistakes(t, p, analysis.Trusted("corp.vpn")); got != "" {
		t.Errorf("got %q", got)
	}
}

// The policies of the examples have no mistakes but what their comments explain.
func TestVetOfTheExamples(t *testing.T) {
	store := new(greylist.Memory)
	full := policies.Site{
		Domains: []string{"example.org"}, Names: []string{"mx.example.org"},
		Networks:     []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Mailboxes:    mailboxes,
		Lists:        []dnsbl.List{{Zone: "bad.example"}},
		MailingLists: []string{"lists.example"},
		Greylist:     greylist.Known(store, greylist.Options{Identity: identity.Of}),
		Quota:        quota.Within(store, quota.Key{Of: quota.Login}, 100, 1e9),
	}
	meant := map[string][]string{
		"strict": {
			// Strict is for sites that accept this, and says so.
			"one opinion: dnsbl.notlisted", "one opinion: dmarc.notreject",
		},
	}
	for _, name := range []string{"standard", "strict", "bulk", "submission", "trial"} {
		seen := map[string]bool{}
		for _, site := range []policies.Site{full, {Domains: full.Domains}} {
			make, err := policies.Named(name)
			if err != nil {
				t.Fatal(err)
			}
			policy, err := make(site)
			if err != nil {
				t.Fatal(err)
			}
			for _, facts := range [][]analysis.Fact{nil, {analysis.SameSite()}} {
				found, err := analysis.Vet(policy, facts...)
				if err != nil {
					t.Fatal(name, err)
				}
				for _, m := range found {
					what := string(m.Kind) + ": " + m.Rule
					seen[what] = true
					if !slices.Contains(meant[name], what) {
						t.Errorf("%s: %s: %v", name, m.Kind, m)
					}
				}
			}
		}
		for _, what := range meant[name] {
			if !seen[what] {
				t.Errorf("%s has no mistake %q any more", name, what)
			}
		}
	}
}
