package sender_test

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode"

	"mxrules.example/envelope"
	"mxrules.example/envelope/sender"
)

// FuzzSender tests what holds for any sender: every check returns an outcome and a
// clean text; DNS is asked only for the domain of a mailbox and its mail server; a
// sender that passes Ours fails NotOurs; and OwnedByLogin passes only for mailboxes of
// the login.
func FuzzSender(f *testing.F) {
	for _, address := range []string{
		"", "ann@org.example", "ANN@ORG.example.", `"ann"@org.example`, `"a\nn"@org.example`, "@a.example,@b.example:ann@org.example",
		`"ann@org.example"@elsewhere.example`, "ann@org.example@elsewhere.example", "ann%org.example@elsewhere.example",
		"ann", "postmaster", "@org.example", "ann@", "ann@[192.0.2.1]", "ann@[IPv6:2001:db8::1]", "ann@192.0.2.1", "ann@localhost",
		"ann@bücher.example", "änn@org.example", "an\u212a@org.example", "\u0130nfo@org.example", "ann\x00@org.example",
		"ann@byalias.example", "ann@org.example\r\n250 ok", "\xff@\xff", "ann@org\u3002example", "<ann@org.example>", "ann+x@org.example", "<>",
	} {
		f.Add(address, true)
		f.Add(address, false)
	}
	dns := world()
	ours, notOurs := sender.Ours("org.example", ".sub.example"), sender.NotOurs("org.example", ".sub.example")
	owned := sender.OwnedByLogin(owners(f))
	checks := []envelope.Check{
		sender.Syntax, sender.FQDN, sender.Null, sender.BounceToOne, ours, notOurs, owned,
		sender.Listed([]string{"org.example"}, mailboxes(f)), sender.In("ann@org.example", ".sub.example"),
		sender.Resolves, sender.TakesMail, sender.MXUsable, sender.MXNotAlias,
	}
	mailHosts := []string{"mx.org.example.", "alias.mx.example.", "nowhere.example."}
	f.Fuzz(func(t *testing.T, address string, utf8 bool) {
		dns.Forget()
		e := &envelope.Envelope{MailFrom: address, SMTPUTF8: utf8, Login: "ann", RcptTo: "bob@org.example", Recipients: 1}
		outcomes := make(map[string]envelope.Outcome)
		for _, check := range checks {
			got := check(t.Context(), dns, e)
			sound(t, got)
			outcomes[got.Check] = got.Outcome
		}
		m, err := envelope.ParseMailbox(address, utf8)
		for _, question := range dns.Asked() {
			name, _, _ := strings.Cut(question, " ")
			if err != nil || name != string(m.Domain)+"." && !slices.Contains(mailHosts, name) {
				t.Errorf("asked %s for %q", question, address)
			}
		}
		if outcomes["sender.syntax"] == pass && err != nil {
			t.Errorf("Syntax passes %q: %v", address, err)
		}
		if outcomes["sender.ours"] == pass && outcomes["sender.notours"] != fail {
			t.Errorf("%q is ours and not ours", address)
		}
		if outcomes["sender.ownedbylogin"] == pass && !isAnns(m) {
			t.Errorf("ann owns %q", address)
		}
	})
}

// isAnns reports whether a mailbox is one of ann's in owners.
func isAnns(m envelope.Mailbox) bool {
	if strings.ContainsFunc(m.Local, func(r rune) bool { return r > unicode.MaxASCII }) {
		return false // even if its lower case is ASCII
	}
	local, domain := strings.ToLower(m.Local), m.Domain
	return domain == "org.example" && (local == "ann" || local == "info" || local == "two words") ||
		domain == "xn--bcher-kva.example" && local == "ann"
}

// sound tests what holds for every finding if DNS does not fail.
func sound(t *testing.T, got envelope.Finding) {
	t.Helper()
	if !got.Outcome.Known() && got.Status != dnsFails {
		t.Errorf("%s: %v %v", got.Check, got.Outcome, got.Err)
	}
	if got.Outcome == fail && !got.Status.IsFailure() {
		t.Errorf("%s: status %v", got.Check, got.Status)
	}
	if clean := envelope.CleanText(got.Text, true); clean != got.Text || len(got.Text) > 2000 {
		t.Errorf("%s: the text %q", got.Check, got.Text)
	}
}

// stranger is a Resolver whose MX records and ends of aliases an attacker chose. Every
// host has a public address.
type stranger struct {
	envelope.Resolver
	t     *testing.T
	hosts []*net.MX
	end   string
	asked atomic.Int64
}

func (s *stranger) LookupMX(context.Context, string) ([]*net.MX, error) { return s.hosts, nil }

func (s *stranger) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	s.expectHost(host)
	return []netip.Addr{netip.MustParseAddr("192.175.48.1")}, nil
}

func (s *stranger) LookupCNAME(_ context.Context, host string) (string, error) {
	s.expectHost(host)
	return s.end, nil
}

func (s *stranger) expectHost(host string) {
	s.asked.Add(1)
	if name, err := envelope.ParseHost(host); err != nil || string(name)+"." != host {
		s.t.Errorf("asked for %q", host)
	}
}

// FuzzMX tests what holds for any MX records and any end of an alias: MXUsable and
// MXNotAlias ask only for names of hosts, of ten hosts at most, and what is usable is
// one of them.
func FuzzMX(f *testing.F) {
	f.Add("mx.example.org.", "mx.example.org.")
	f.Add("MX.example.org.", "mx.Example.org.")
	f.Add("192.0.2.1.\n[192.0.2.1].\n2001:db8::1\nmx.example.org.", "")
	f.Add(".\n*.\n\n-bad.example.\nb\xfccher.example.", "a\r\n250 ok")
	f.Add("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl", "\u202e.")
	f.Add(strings.Repeat("a.", 120)+"example.\n"+strings.Repeat("x", 5000), strings.Repeat("\\", 5000))
	f.Fuzz(func(t *testing.T, records, end string) {
		dns := &stranger{t: t, end: end}
		var names []envelope.Host
		for text := range strings.SplitSeq(records, "\n") {
			dns.hosts = append(dns.hosts, &net.MX{Host: text})
			if name, err := envelope.ParseHost(text); err == nil && envelope.IsASCII(text) {
				names = append(names, name)
			}
		}
		usable := sender.MXUsable(t.Context(), dns, from("ann@org.example"))
		sound(t, usable)
		if asked := dns.asked.Swap(0); asked > 2*10 {
			t.Errorf("asked %d questions", asked)
		}
		soundResult(t, usable, names)

		notAlias := sender.MXNotAlias(t.Context(), dns, from("ann@org.example"))
		sound(t, notAlias)
		if asked := dns.asked.Load(); asked > 10 {
			t.Errorf("asked %d questions", asked)
		}
		target, err := envelope.ParseHost(end)
		own := end == "" || err == nil && slices.Contains(names, target)
		if notAlias.Outcome == pass && !own || notAlias.Outcome == none && len(names) > 0 && len(dns.hosts) <= 10 {
			t.Errorf("%v %s for aliases of %q", notAlias.Outcome, notAlias.Text, end)
		}
	})
}

// soundResult tests the Result of a domain whose MX records name these hosts.
func soundResult(t *testing.T, f envelope.Finding, names []envelope.Host) {
	if f.Outcome == none {
		return
	}
	result := f.Detail.(*sender.Result)
	if len(result.Bad) > 10 || len(result.Unknown) > 0 {
		t.Errorf("result %+v", result)
	}
	for _, bad := range result.Bad {
		if bad.Reason == "" || envelope.CleanText(bad.Host, true) != bad.Host || envelope.CleanText(bad.Reason, true) != bad.Reason {
			t.Errorf("bad %+q", bad)
		}
	}
	if f.Outcome == pass && !slices.Contains(names, result.Usable) {
		t.Errorf("%s is usable, and not one of %q", result.Usable, names)
	}
}
