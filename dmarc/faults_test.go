package dmarc_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// TestFaultsOnlyDefer has random messages with SPF, signatures and one or two authors,
// and random zones. If some questions of a check fail, its finding is the same as
// without failures, or TempError.
func TestFaultsOnlyDefer(t *testing.T) {
	random := seeded(t)
	site := checker(t, dmarc.Options{MailingLists: []string{"b.example"}})
	checks := policyChecks(site, "a.example", ".a.example")
	deferred := 0
	for range 400 {
		text, e := randomMail(t, random)
		for _, check := range checks {
			dns := zone.MustParse(text)
			want := check(t.Context(), dns, e)
			asked := dns.Asked()
			var faults []string
			for range 3 {
				if len(asked) > 0 {
					q := asked[random.IntN(len(asked))]
					faults = append(faults, q)
					dns.Failing(q, zone.SERVFAIL)
				}
				got := check(t.Context(), dns, e)
				switch got.Outcome {
				case want.Outcome:
				case envelope.TempError:
					deferred++
				default:
					t.Errorf("%s: %v became %v by %v\n%s\n%s\n%s", want.Check, want.Outcome, got.Outcome, faults, text, e.MailFrom, e.Message.Header())
				}
			}
		}
	}
	if deferred < 100 {
		t.Errorf("only %d were deferred", deferred)
	}
}

// randomMail returns the text of a zone and a message from 192.0.2.1.
func randomMail(t *testing.T, random *rand.Rand) (dns string, e *envelope.Envelope) {
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	names := []string{"a.example", "x.a.example", "y.x.a.example", "b.example", "w.b.example"}
	var b strings.Builder
	b.WriteString("1.2.0.192.in-addr.arpa. PTR a.example.\n")
	for _, name := range names {
		if random.IntN(2) == 0 {
			fmt.Fprintf(&b, "%s. TXT %q\n", name, "v=spf1 "+pick("ip4:192.0.2.1", "ip4:192.0.2.66", "ptr", "include:b.example", "a:b.example")+pick(" -all", " ~all", ""))
		}
		if random.IntN(2) == 0 {
			fmt.Fprintf(&b, "_dmarc.%s. TXT %q\n", name, "v=DMARC1"+pick("; p=none", "; p=quarantine", "; p=reject", "")+pick("", "; sp=none", "; sp=reject")+
				pick("", "; np=none", "; np=reject")+pick("", "", "; psd=n", "; psd=y")+pick("", "; aspf=s; adkim=s", "; t=y"))
		}
		if random.IntN(2) == 0 {
			fmt.Fprintf(&b, "%s. A 192.0.2.1\n", name)
		}
		fmt.Fprintf(&b, "s._domainkey.%s. TXT %s\n", name, pick(publicKey(), publicKey(), `"v=DKIM1; p="`))
	}
	author := "u@" + pick(names...)
	if random.IntN(4) == 0 {
		author += ", v@" + pick(names...)
	}
	e = from(good, pick("someone@"+pick(names...), ""), author)
	e.Helo = pick(names...)
	for range random.IntN(3) {
		signed(t, e, pick(names...))
	}
	return b.String(), e
}
