package recipient_test

import (
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
)

// FuzzOurs tests what holds for any recipient: what passes Ours is a valid mailbox in
// one of the domains, without anything that another server could read as a route. Role
// and In pass only what Ours passes, and every other check returns an outcome and a
// clean text.
func FuzzOurs(f *testing.F) {
	for _, a := range addresses(f) {
		f.Add(a.rcpt, true)
		f.Add(a.rcpt, false)
	}
	dns := zone.MustParse("ours.example. MX 0 .")
	literal, err := envelope.ParseLiteral("[192.0.2.25]")
	if err != nil {
		f.Fatal(err)
	}
	ours := recipient.Ours(ourSite...)
	noMore := []envelope.Check{
		recipient.Role(ourSite),
		recipient.Role(ourSite, "user", "a"),
		recipient.In(append(ourSite, "user@ours.example", "postmaster")...),
	}
	others := []envelope.Check{recipient.Syntax, recipient.FQDN, recipient.TakesMail, recipient.Listed(mailboxes(f))}

	f.Fuzz(func(t *testing.T, rcpt string, utf8 bool) {
		dns.Forget()
		e := &envelope.Envelope{RcptTo: rcpt, SMTPUTF8: utf8}
		passes := ours(t.Context(), dns, e)
		sound(t, passes)
		for _, check := range noMore {
			got := check(t.Context(), dns, e)
			sound(t, got)
			if got.Outcome == envelope.Pass && passes.Outcome != envelope.Pass {
				t.Errorf("%s passes %q, which is not ours", got.Check, rcpt)
			}
		}
		for _, check := range others {
			sound(t, check(t.Context(), dns, e))
		}
		m, err := envelope.ParseMailbox(rcpt, utf8)
		if asked := dns.Asked(); len(asked) > 1 || len(asked) == 1 && (err != nil || asked[0] != string(m.Domain)+". MX") {
			t.Errorf("asked %v for %q", asked, rcpt)
		}
		if passes.Outcome != envelope.Pass || strings.ToLower(rcpt) == "postmaster" {
			return
		}
		switch {
		case err != nil:
			t.Errorf("passes %q: %v", rcpt, err)
		case m.Route != "" || strings.ContainsAny(m.Local, "%!@\x00\r\n"):
			t.Errorf("passes %q, which asks to be relayed", rcpt)
		case m.Domain == "ours.example" || m.Domain.Below("sub.ours.example") || m.Domain == "xn--bcher-kva.example":
		case m.Domain != "" || m.Literal != literal:
			t.Errorf("passes %q, which is in %s%s", rcpt, m.Domain, m.Literal)
		}
		// Another spelling of the mailbox is ours too.
		if again := ours(t.Context(), nil, &envelope.Envelope{RcptTo: m.String(), SMTPUTF8: utf8}); again.Outcome != envelope.Pass {
			t.Errorf("passes %q and not %q: %s", rcpt, m, again.Text)
		}
	})
}

// sound tests what holds for every finding.
func sound(t *testing.T, got envelope.Finding) {
	t.Helper()
	if !got.Outcome.Known() && got.Status != full {
		t.Errorf("%s: %v %v", got.Check, got.Outcome, got.Err)
	}
	if got.Outcome == envelope.Fail && !got.Status.IsFailure() {
		t.Errorf("%s: status %v", got.Check, got.Status)
	}
	if clean := envelope.CleanText(got.Text, true); clean != got.Text || len(got.Text) > 600 {
		t.Errorf("%s: the text %q", got.Check, got.Text)
	}
}
