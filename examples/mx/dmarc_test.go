package main

import (
	"strings"
	"testing"
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
		choice         dmarcChoice
		author, forged string
		want           string
		marked         bool
		says           string // in the header, "" without a DMARC result
	}{
		{"its own", dmarcMark, "", "", accepted, false, "dmarc=pass header.from=good.example policy.dmarc=reject\r\n"},
		{"its own", dmarcReject, "", "", accepted, false, "dmarc=pass header.from=good.example policy.dmarc=reject\r\n"},
		{"its own", dmarcOff, "", "", accepted, false, ""},
		{"the bank's", dmarcMark, bank, "", accepted, true, "dmarc=fail header.from=bank.example policy.dmarc=quarantine\r\n"},
		{"the bank's", dmarcReject, bank, "", accepted, true, "dmarc=fail header.from=bank.example policy.dmarc=quarantine\r\n"},
		{"the bank's", dmarcOff, bank, "", accepted, false, ""},
		{"the shop's", dmarcMark, shop, "", accepted, true, "dmarc=fail header.from=shop.example policy.dmarc=reject\r\n"},
		{"the shop's", dmarcReject, shop, "", "message 550 5.7.26", false, ""},
		{"the shop's", dmarcOff, shop, "", accepted, false, ""},
		{"of two authors", dmarcMark, "", second, accepted, true, "dmarc=permerror"},
		{"of two authors", dmarcReject, "", second, "message 550 5.6.0", false, ""},
		{"of two authors", dmarcOff, "", second, accepted, false, ""},
	} {
		t.Run(tc.name+[]string{", marked", ", rejected", ", ignored"}[tc.choice], func(t *testing.T) {
			mx := startReceiver(t, func(s *site) { s.dmarc = tc.choice })
			c := conversation{author: tc.author, forged: tc.forged, lines: mail("mail.good.example", "bob@good.example", "alice@example.org")}
			checkEnd(t, mx.address.String(), c, tc.want)
			alice := mailbox(t, "alice@example.org")
			count := map[bool]int{}
			for _, marked := range []bool{false, true} {
				for _, message := range arrived(t, mx.boxes.folder(alice, marked)) {
					count[marked]++
					ours, _, _ := strings.Cut(message, "From: ")
					if !strings.HasPrefix(ours, "Authentication-Results: mx.example.org;") ||
						!strings.Contains(ours, tc.says) || tc.says == "" && strings.Contains(ours, "dmarc") {
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
