package main

import (
	"io"
	"strings"
	"testing"
)

// What becomes of a message from the good server, whatever its author: bank.example
// asks to quarantine what is not its own, and shop.example to reject it.
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
		says           string // in the header, "" for no word of DMARC
	}{
		{"its own", dmarcMark, "", "", taken, false, "dmarc=pass header.from=good.example policy.dmarc=reject\r\n"},
		{"its own", dmarcReject, "", "", taken, false, "dmarc=pass header.from=good.example policy.dmarc=reject\r\n"},
		{"its own", dmarcOff, "", "", taken, false, ""},
		{"the bank's", dmarcMark, bank, "", taken, true, "dmarc=fail header.from=bank.example policy.dmarc=quarantine\r\n"},
		{"the bank's", dmarcReject, bank, "", taken, true, "dmarc=fail header.from=bank.example policy.dmarc=quarantine\r\n"},
		{"the bank's", dmarcOff, bank, "", taken, false, ""},
		{"the shop's", dmarcMark, shop, "", taken, true, "dmarc=fail header.from=shop.example policy.dmarc=reject\r\n"},
		{"the shop's", dmarcReject, shop, "", "message 550 5.7.26", false, ""},
		{"the shop's", dmarcOff, shop, "", taken, false, ""},
		{"of two authors", dmarcMark, "", second, taken, true, "dmarc=permerror"},
		{"of two authors", dmarcReject, "", second, "message 550 5.6.0", false, ""},
		{"of two authors", dmarcOff, "", second, taken, false, ""},
	} {
		t.Run(tc.name+[]string{", marked", ", rejected", ", ignored"}[tc.choice], func(t *testing.T) {
			mx := startReceiver(t, func(s *site) { s.dmarc = tc.choice })
			got, err := conversation{author: tc.author, forged: tc.forged, lines: []string{
				"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"}}.speak(t.Context(), mx.address.String(), io.Discard)
			if err != nil || got != tc.want {
				t.Errorf("the conversation ended with %q, %v, not with %q", got, err, tc.want)
			}
			alice := mailbox(t, "alice@example.org")
			count := map[bool]int{}
			for _, marked := range []bool{false, true} {
				for _, message := range arrived(t, mx.boxes.folder(alice, marked)) {
					count[marked]++
					ours, _, _ := strings.Cut(message, "From: ")
					if !strings.HasPrefix(ours, "Authentication-Results: mx.example.org;") ||
						!strings.Contains(ours, tc.says) || tc.says == "" && strings.Contains(ours, "dmarc") {
						t.Errorf("the message begins with\n%s\nwithout %q", ours, tc.says)
					}
				}
			}
			if tc.want == taken && count[tc.marked] != 1 || count[!tc.marked] != 0 || tc.want != taken && count[tc.marked] != 0 {
				t.Errorf("%d messages are in the inbox, and %d are marked", count[false], count[true])
			}
		})
	}
}
