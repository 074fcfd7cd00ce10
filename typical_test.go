package mxrules_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

var (
	privateKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	publicKey  = base64.StdEncoding.EncodeToString(privateKey.Public().(ed25519.PublicKey))

	signedFields = []string{"From", "To", "Subject", "Date", "List-Unsubscribe", "List-Unsubscribe-Post"}
)

// signedBy returns mail with a signature of each domain, with the selector s. It panics
// if the mail has no header.
func signedBy(mail string, domains ...string) string {
	for _, domain := range domains {
		var signed bytes.Buffer
		err := msgauth.Sign(&signed, strings.NewReader(mail), &msgauth.SignOptions{
			Domain: domain, Selector: "s", Signer: privateKey, HeaderKeys: signedFields,
		})
		if err != nil {
			panic(err)
		}
		mail = signed.String()
	}
	return mail
}

// typical is a message of a usual sender: SPF with three levels, a name that leads
// back, two DKIM signatures, and DMARC.
func typical(t *testing.T) (dns string, e envelope.Envelope) {
	t.Helper()
	mail := signedBy("From: Ann <ann@news.example.net>\r\nTo: bob@example.org\r\nSubject: Hello\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\n\r\nGood morning!\r\n",
		"mailer.example", "news.example.net")
	dns = fmt.Sprintf(`
		1.48.175.192.in-addr.arpa.      PTR  out1.mailer.example.
		out1.mailer.example.            A    192.175.48.1
		news.example.net.               MX   10 in.example.net.
		in.example.net.                 A    192.175.48.2
		news.example.net.               TXT  "v=spf1 include:_spf.example.net include:_spf.other.example -all"
		_spf.other.example.             TXT  "v=spf1 ip4:203.0.113.1 -all"
		_spf.example.net.               TXT  "v=spf1 ip4:203.0.113.2 include:_spf.mailer.example -all"
		_spf.mailer.example.            TXT  "v=spf1 ip4:192.175.48.0/24 -all"
		_dmarc.example.net.             TXT  "v=DMARC1; p=reject"
		s._domainkey.mailer.example.    TXT  "v=DKIM1; k=ed25519; p=%[1]s"
		s._domainkey.news.example.net.  TXT  "v=DKIM1; k=ed25519; p=%[1]s"
	`, publicKey)
	return dns, envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.175.48.1"), Helo: "out1.mailer.example",
		MailFrom: "ann@news.example.net", RcptTo: "bob@example.org",
		Message: envelope.NewMessage([]byte(mail)), Now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
	}
}

var typicalPolicy = verdict.Policy{Rules: verdict.Rules{
	verdict.RejectUnless(recipient.Ours("example.org")),
	verdict.RejectUnless(helo.Resolves),
	verdict.RejectUnless(rdns.Confirmed),
	verdict.RejectUnless(sender.Resolves),
	verdict.RejectUnless(sender.MXUsable),
	verdict.RejectUnless(spf.NotFail),
	verdict.RejectUnless(dkim.Pass),
	verdict.RejectUnless(dmarc.NotReject),
	verdict.MarkUnless(dmarc.Pass, "junk"),
}}

// A typical message takes three rounds, as many as its data depend on each other:
// the third level of SPF is known only after two.
func TestATypicalMessageTakesThreeRounds(t *testing.T) {
	for _, tc := range []struct {
		name   string
		policy verdict.Policy
		rounds time.Duration
	}{
		{"concurrently", typicalPolicy, 3},
		{"sequentially", verdict.Policy{Rules: typicalPolicy.Rules, Sequential: true}, 12},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text, e := typical(t)
				dns := zone.MustParse(text).Delaying("*.", time.Second)
				began := time.Now()
				v := tc.policy.Judge(t.Context(), dns, &e)
				if rounds := time.Since(began) / time.Second; v.Action != verdict.Accept || len(v.Marks) > 0 || rounds != tc.rounds {
					t.Errorf("%d rounds, want %d: %s\nasked %v", rounds, tc.rounds, v.Explain(), dns.Asked())
				}
			})
		})
	}
}

// Stage by stage, most answers are there before they are needed: with a client
// that takes a round for each command, all replies together wait three rounds at
// most, and the last one waits one.
func TestATypicalConversationHardlyWaits(t *testing.T) {
	for _, tc := range []struct {
		name      string
		pause     time.Duration
		all, last time.Duration
	}{
		{"one command a round", time.Second, 3, 1},
		{"pipelined", 0, 4, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text, e := typical(t)
				dns := zone.MustParse(text).Delaying("*.", time.Second)
				session := verdict.NewSession(t.Context(), verdict.Connection{Policy: typicalPolicy, Resolver: dns})
				defer session.Close()
				var all, last time.Duration
				for i, command := range []func() verdict.Reply{
					func() verdict.Reply { return session.Connect(e) },
					func() verdict.Reply { return session.Helo(e) },
					func() verdict.Reply { return session.Mail(e, nil) },
					func() verdict.Reply { return session.Rcpt(e, nil) },
					func() verdict.Reply { return session.Data(e.Message, nil) },
				} {
					if i < 3 || tc.pause > 0 {
						time.Sleep(tc.pause)
					}
					began := time.Now()
					if reply := command(); reply.Status.Class() != 2 {
						t.Fatalf("command %d: %v", i, reply)
					}
					last = time.Since(began) / time.Second
					all += last
				}
				if all > tc.all || last > tc.last {
					t.Errorf("waited %d rounds, the last reply %d; want at most %d and %d", all, last, tc.all, tc.last)
				}
				asked := map[string]int{}
				for _, q := range dns.Asked() {
					if asked[q]++; asked[q] > 1 {
						t.Errorf("%v was asked %d times", q, asked[q])
					}
				}
			})
		})
	}
}

// The cost counts what the lookups of a verdict were good for. The types of questions
// take different times, so that no two answers come at the same time by chance.
func TestCostOfATypicalMessage(t *testing.T) {
	for _, tc := range []struct {
		name   string
		client string
		want   string
	}{
		{"accepted", "192.175.48.1", "13 in 3 rounds, 2 shared"},
		{"refused by the first rule that waits for its answer", "192.175.48.9", "9 in 1 round, 1 shared, 7 in vain"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text, e := typical(t)
				e.ClientIP = netip.MustParseAddr(tc.client)
				dns := zone.MustParse(text).Delaying("*.", time.Second)
				for i, kind := range []string{"PTR", "A", "MX", "TXT", "AAAA", "CNAME"} {
					dns.Delaying("*. "+kind, time.Second+time.Duration(i)*time.Millisecond)
				}
				v := typicalPolicy.Judge(t.Context(), dns, &e)
				if got := v.Cost(); got.String() != tc.want || got.Questions != len(dns.Asked()) {
					t.Errorf("got %s, want %s: %s\nasked %v", got, tc.want, v.Explain(), dns.Asked())
				}
			})
		})
	}
}
