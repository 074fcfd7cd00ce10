package main

import (
	"strings"
	"testing"

	"mxrules.example/examples/policies"
)

// Messages of several authors from the good server. The DMARC policy of bank.example is
// quarantine, that of shop.example is reject.
func TestDMARC(t *testing.T) {
	const (
		bank   = "Your Bank <service@bank.example>"
		shop   = "Your Shop <service@shop.example>"
		second = "From: Your Shop <service@shop.example>\r\n" // of two fields
	)
	for _, tc := range []struct {
		name           string
		strict         bool
		author, forged string
		want           string
		marked         bool
		says           string // in the header
	}{
		{"its own", false, "", "", accepted, false, "dmarc=pass header.from=good.example policy.dmarc=reject\r\n"},
		{"its own", true, "", "", accepted, false, "dmarc=pass header.from=good.example policy.dmarc=reject\r\n"},
		{"the bank's", false, bank, "", accepted, true, "dmarc=fail header.from=bank.example policy.dmarc=quarantine\r\n"},
		{"the bank's", true, bank, "", accepted, true, "dmarc=fail header.from=bank.example policy.dmarc=quarantine\r\n"},
		{"the shop's", false, shop, "", accepted, true, "dmarc=fail header.from=shop.example policy.dmarc=reject\r\n"},
		{"the shop's", true, shop, "", "message 550 5.7.26", false, ""},
		{"of two authors", false, "", second, "message 550 5.6.0", false, ""},
	} {
		choose, name := policies.Standard, "standard"
		if tc.strict {
			choose, name = policies.Strict, "strict"
		}
		t.Run(tc.name+", "+name, func(t *testing.T) {
			mx := startReceiver(t, func(s *site) { s.choose = choose })
			c := conversation{author: tc.author, fields: tc.forged, lines: mail("mail.good.example", "bob@good.example", "alice@example.org")}
			checkEnd(t, mx.address.String(), c, tc.want)
			alice := mailbox(t, "alice@example.org")
			count := map[bool]int{}
			for _, marked := range []bool{false, true} {
				for _, message := range arrived(t, mx.boxes.folder(alice, marked)) {
					count[marked]++
					ours, _, _ := strings.Cut(message, "From: ")
					if !strings.HasPrefix(ours, "Authentication-Results: mx.example.org;") ||
						!strings.Contains(ours, tc.says) {
						t.Errorf("the message begins with\n%s\nwant %q", ours, tc.says)
					}
				}
			}
			if tc.want == accepted && count[tc.marked] != 1 || count[!tc.marked] != 0 || tc.want != accepted && count[tc.marked] != 0 {
				t.Errorf("%d messages are in the inbox, and %d are marked", count[false], count[true])
			}
		})
	}
}
