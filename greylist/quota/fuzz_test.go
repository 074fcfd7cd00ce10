package quota_test

import (
	"context"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/greylist/quota"
)

// A sender cannot get a second count by another spelling of the address, and no address
// counts for the key of another kind.
func FuzzKeys(f *testing.F) {
	for _, address := range []string{
		"ann@example.org", `"a\@b"@EXAMPLE.org.`, "@a.example:Ann@example.org", "ann@[192.0.2.1]", "ann@[IPv6:2001:DB8::1]", "ann@[X:A]",
		"grüße@bücher.example", "ann", "", "a@b@c", "\x00\xff", strings.Repeat("a", 300) + "@example.org",
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		key := func(of func(context.Context, envelope.Resolver, *envelope.Envelope) (string, error), address string) string {
			k, err := of(t.Context(), nil, &envelope.Envelope{MailFrom: address, RcptTo: address, Login: address})
			if err != nil {
				t.Fatal(err)
			}
			return k
		}
		sender, domain := key(quota.Sender, address), key(quota.SenderDomain, address)
		mailbox, err := envelope.ParseMailbox(address, true)
		if (err == nil) != (domain != "") {
			t.Errorf("%q: the domain is %q, error %v", address, domain, err)
		}
		if (address == "") != (sender == "") {
			t.Errorf("%q: the sender is %q", address, sender)
		}
		if err == nil {
			same := []string{mailbox.String(), "@relay.example:" + mailbox.String()}
			if isASCII(address) { // other letters have several lower cases
				same = append(same, strings.ToUpper(address))
			}
			for _, other := range same {
				if _, err := envelope.ParseMailbox(other, true); err != nil {
					continue // it is too long
				}
				if key(quota.Sender, other) != sender || key(quota.SenderDomain, other) != domain {
					t.Errorf("%q has other keys than %q: %q", other, address, key(quota.Sender, other))
				}
			}
		}
		seen := map[string]bool{}
		for _, k := range []string{sender, domain, key(quota.Recipient, address), key(quota.Login, address)} {
			if k != "" && seen[k] {
				t.Errorf("%q has the key %q twice", address, k)
			}
			seen[k] = true
		}
	})
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
