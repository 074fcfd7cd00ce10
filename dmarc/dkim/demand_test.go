package dkim_test

import (
	"fmt"
	"strings"
	"testing"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
)

const keyOfExample = "rsa._domainkey.example.org. TXT"

var missing = envelope.Status{Code: 550, Subject: 7, Detail: 20}

// message returns a whole envelope with a message.
func message(raw string) *envelope.Envelope {
	return &envelope.Envelope{Message: envelope.NewMessage([]byte(raw)), Now: now}
}

// signedBy adds a signature of a domain to the top of a message.
func signedBy(domain, raw string) string { return sign(with("d", domain), raw, rsaKey()) }

// junkKeys are the questions for the keys of the first n signatures of junk.
func junkKeys(n int, domain string) string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("s%d._domainkey.%s. TXT", i, domain))
	}
	return strings.Join(names, ", ")
}

func TestPassFor(t *testing.T) {
	signed := sign(usual, mail, rsaKey())
	changed := strings.Replace(signed, "Hello", "hello", 1)
	dns := world("rsa._domainkey.a.lists.example. TXT "+txt(record(rsaKey()))).Failing("*.broken.example. TXT", zone.SERVFAIL)
	for _, tc := range []envelopetest.Case{
		{Name: "a required domain", Envelope: message(signed), Outcome: envelope.Pass,
			Says: "the DKIM signature of example.org is valid", Asks: keyOfExample},
		{Name: "a name below a required domain", Envelope: message(signedBy("a.lists.example", mail)), Outcome: envelope.Pass,
			Asks: "rsa._domainkey.a.lists.example. TXT"},
		{Name: "not below a required domain", Envelope: message(signedBy("lists.example", mail)), Outcome: envelope.Fail},
		{Name: "one of two", Envelope: message(signedBy("nobody.example", signed)), Outcome: envelope.Pass,
			Asks: keyOfExample + ", rsa._domainkey.nobody.example. TXT"},
		{Name: "not signed", Envelope: message(mail), Outcome: envelope.Fail,
			Says: "the message has no DKIM signature of a required domain"},
		{Name: "another domain", Envelope: message(signedBy("other.example", mail)), Outcome: envelope.Fail,
			Says: "the message has no DKIM signature of a required domain"},
		{Name: "a name below", Envelope: message(signedBy("mail.example.org", mail)), Outcome: envelope.Fail},
		{Name: "malformed", Envelope: message("DKIM-Signature: x\r\n" + mail), Outcome: envelope.Fail},
		{Name: "changed", Envelope: message(changed), Outcome: envelope.Fail,
			Says: "for that of example.org (selector rsa) the body of the message has changed since it was signed"},
		{Name: "changed, and another signature is valid", Envelope: message(signedBy("other.example", changed)), Outcome: envelope.Fail,
			Says: "for that of example.org", Asks: "rsa._domainkey.other.example. TXT"},
		{Name: "no key", Envelope: message(sign(with("s", "nowhere"), mail, rsaKey())), Outcome: envelope.Fail,
			Says: "there is no key record", Asks: "nowhere._domainkey.example.org. TXT"},
		{Name: "DNS fails", Envelope: message(signedBy("broken.example", mail)), Outcome: envelope.TempError,
			Asks: "rsa._domainkey.broken.example. TXT"},
		{Name: "DNS fails for one of two required domains", Envelope: message(signedBy("broken.example", signed)), Outcome: envelope.Pass,
			Asks: keyOfExample + ", rsa._domainkey.broken.example. TXT"},
		{Name: "DNS fails for another domain", Envelope: message(signedBy("sub.broken.example", changed)), Outcome: envelope.Fail,
			Asks: "rsa._domainkey.sub.broken.example. TXT"},
		{Name: "900 signatures of another domain", Envelope: message(junk(900, "junk.example", mail) + mail), Outcome: envelope.Fail},
		{Name: "900 invalid signatures", Envelope: message(junk(900, "example.org", mail) + mail), Outcome: envelope.Fail,
			Says: "there is no key record", Asks: junkKeys(10, "example.org")},
		{Name: "a header of more than 1 MiB", Envelope: message("X: " + strings.Repeat("x", 1<<20) + "\r\n" + signed), Outcome: envelope.Fail},
	} {
		tc.Status = missing
		tc.Run(t, dkim.PassFor("example.org", ".lists.example", "broken.example"), dns)
	}
}

func TestCovers(t *testing.T) {
	const bulk = "List-Unsubscribe: <https://example.org/u>\r\nlist-unsubscribe-post: List-Unsubscribe=One-Click\r\n" + mail
	covering := func(h string) string { return sign(with("h", h), bulk, rsaKey()) }
	const both = "From:List-Unsubscribe:List-Unsubscribe-Post"
	dns := world().Failing("*.broken.example. TXT", zone.SERVFAIL)
	for _, tc := range []envelopetest.Case{
		{Name: "both fields", Envelope: message(covering(both)), Outcome: envelope.Pass,
			Says: "the DKIM signature of example.org is valid", Asks: keyOfExample},
		{Name: "names in lower case", Envelope: message(covering("from:list-unsubscribe-post:list-unsubscribe")), Outcome: envelope.Pass, Asks: keyOfExample},
		{Name: "an absent field", Envelope: message(sign(with("h", both), mail, rsaKey())), Outcome: envelope.Pass, Asks: keyOfExample},
		{Name: "an absent field that is not named", Envelope: message(sign(usual, mail, rsaKey())), Outcome: envelope.Fail,
			Says: "the message has no DKIM signature that covers List-Unsubscribe, List-Unsubscribe-Post"},
		{Name: "one of two fields", Envelope: message(covering("From:List-Unsubscribe")), Outcome: envelope.Fail},
		{Name: "each field in another signature", Outcome: envelope.Fail,
			Envelope: message(sign(with("h", "From:List-Unsubscribe"), covering("From:List-Unsubscribe-Post"), rsaKey()))},
		{Name: "a second field on top", Envelope: message("List-Unsubscribe: <https://evil.example/>\r\n" + covering(both)), Outcome: envelope.Fail},
		{Name: "two fields, named twice", Outcome: envelope.Pass, Asks: keyOfExample,
			Envelope: message(sign(with("h", both+":List-Unsubscribe"), "List-Unsubscribe: <https://example.org/v>\r\n"+bulk, rsaKey()))},
		{Name: "a longer name", Envelope: message(covering("From:List-Unsubscribe-Post:X-List-Unsubscribe")), Outcome: envelope.Fail},
		{Name: "changed", Envelope: message(strings.Replace(covering(both), "example.org/u", "example.org/x", 1)), Outcome: envelope.Fail,
			Says: "for that of example.org (selector rsa) the signature does not match the message", Asks: keyOfExample},
		{Name: "changed, and another signature is valid", Outcome: envelope.Fail, Asks: keyOfExample,
			Envelope: message(sign(usual, strings.Replace(covering(both), "b=", "b=AAAA", 1), rsaKey()))},
		{Name: "not signed", Envelope: message(bulk), Outcome: envelope.Fail},
		{Name: "no key", Envelope: message(sign(with("h", both, "s", "nowhere"), bulk, rsaKey())), Outcome: envelope.Fail,
			Says: "there is no key record", Asks: "nowhere._domainkey.example.org. TXT"},
		{Name: "DNS fails", Envelope: message(sign(with("h", both, "d", "broken.example"), bulk, rsaKey())), Outcome: envelope.TempError,
			Asks: "rsa._domainkey.broken.example. TXT"},
		{Name: "DNS fails for a signature that does not cover them", Envelope: message(signedBy("broken.example", bulk)), Outcome: envelope.Fail},
		{Name: "900 signatures that do not cover them", Envelope: message(junk(900, "junk.example", bulk) + covering(both)), Outcome: envelope.Pass,
			Asks: keyOfExample + ", " + junkKeys(9, "junk.example")},
		{Name: "h= with 1000 names", Envelope: message(covering(strings.Repeat("List-Unsubscribe:", 999) + "From")), Outcome: envelope.Fail},
		{Name: "900 fields", Envelope: message(strings.Repeat("List-Unsubscribe: <x:y>\r\n", 900) + covering(both)), Outcome: envelope.Fail},
	} {
		tc.Status = missing
		tc.Run(t, dkim.Covers("List-Unsubscribe", "List-Unsubscribe-Post"), dns)
	}
}

// TestCoveredFieldsCannotChange has messages with n fields X and a signature that names X
// m times. If Covers passes, it fails after any change to the fields X.
func TestCoveredFieldsCannotChange(t *testing.T) {
	check := dkim.Covers("X")
	passes := func(raw string) bool { return check(t.Context(), world(), message(raw)).Outcome == envelope.Pass }
	for n := range 4 {
		for m := range 5 {
			signed := sign(with("h", "From"+strings.Repeat(":X", m)), strings.Repeat("X: a\r\n", n)+mail, rsaKey())
			covered := m >= max(1, n)
			if got := passes(signed); got != covered {
				t.Errorf("%d fields, named %d times: %t, want %t", n, m, got, covered)
			}
			for change, raw := range map[string]string{
				"added on top":      "X: a\r\n" + signed,
				"added at the end":  strings.Replace(signed, "Date: ", "X: a\r\nDate: ", 1),
				"the first changed": strings.Replace(signed, "X: a", "X: b", 1),
				"one removed":       strings.Replace(signed, "X: a\r\n", "", 1),
			} {
				if covered && raw != signed && passes(raw) {
					t.Errorf("%d fields, named %d times, %s: it passes", n, m, change)
				}
			}
		}
	}
}

func TestInvalidArgumentsAreMisconfigured(t *testing.T) {
	for name, check := range map[string]envelope.Check{
		"a..b":                dkim.PassFor("example.org", "a..b"),
		"no header field":     dkim.Covers(),
		`""`:                  dkim.Covers("From", ""),
		`"List-Unsubscribe:"`: dkim.Covers("List-Unsubscribe:"),
		`"two words"`:         dkim.Covers("two words"),
	} {
		if err := check.Validate(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestKeysAreLookedUpWhileTheBodyArrives tests that the checks ask for keys once the
// header has come, but only if a signature could meet the demand.
func TestKeysAreLookedUpWhileTheBodyArrives(t *testing.T) {
	for _, tc := range []struct {
		name  string
		check envelope.Check
		asked string
	}{
		{"Pass", dkim.Pass, keyOfExample},
		{"PassFor", dkim.PassFor("example.org"), keyOfExample},
		{"PassFor another domain", dkim.PassFor("example.net"), ""},
		{"Covers", dkim.Covers("Subject"), keyOfExample},
		{"Covers another field", dkim.Covers("List-Id"), ""},
	} {
		dns := world()
		f := tc.check(t.Context(), dns, arriving(t, sign(usual, mail, rsaKey())))
		if got := dns.Asked().String(); f.Outcome != envelope.Pending || got != tc.asked {
			t.Errorf("%s: %v after %q, want %q", tc.name, f.Outcome, got, tc.asked)
		}
	}
}

// arriving returns the envelope of a message of which only the header has come.
func arriving(t *testing.T, raw string) *envelope.Envelope {
	t.Helper()
	e := &envelope.Envelope{Stage: envelope.Rcpt, Now: now}
	header := func(m *envelope.Message) { e.Message = m }
	if _, err := (envelope.Spool{Header: header}).ReadMessage(strings.NewReader(raw)); err != nil || e.Message == nil {
		t.Fatal(err)
	}
	return e
}
