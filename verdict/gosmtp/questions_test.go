package gosmtp_test

import (
	"context"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// publishes asks at Data what SPF has asked at MAIL.
var publishes = envelope.At("publishes", envelope.Data, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	if _, err := envelope.LookupTXT(ctx, r, "example.net"); err != nil {
		return envelope.Temporary("", err)
	}
	return envelope.Passed("")
})

// A second for each question, and a second for each command of the client: what
// one stage has asked, no other asks again, and the client waits for little of it.
func TestNoStageAsksWhatAnotherHasAsked(t *testing.T) {
	for name, tc := range map[string]struct {
		sequential bool
		waits      time.Duration
	}{
		"concurrently":      {false, time.Second},
		"one after another": {true, 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			dns := zone.MustParse(`
				1.2.0.192.in-addr.arpa.  PTR  client.example.net.
				client.example.net.      A    192.0.2.1
				example.net.             MX   10 mail.example.net.
				mail.example.net.        A    192.0.2.2
				example.net.             TXT  "v=spf1 include:_spf.example.net -all"
				_spf.example.net.        TXT  "v=spf1 ip4:192.0.2.0/24 -all"
			`).Delaying("* *", time.Second)
			g := &gosmtp.Guard{
				Resolver: dns,
				Policy: policyOf(
					verdict.AcceptIf(when("exempt", envelope.Rcpt, func(e *envelope.Envelope) bool { return !to("exempt")(e) })),
					verdict.RejectUnless(rdns.Confirmed),
					verdict.RejectUnless(helo.Resolves),
					verdict.RejectUnless(sender.Resolves),
					verdict.RejectUnless(spf.NotFail),
					verdict.RejectUnless(publishes),
				),
				Fill: func(_ net.Conn, e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("192.0.2.1") },
			}
			g.Policy.Sequential = tc.sequential
			inBubble(t, g, &backend{}, func(*smtp.Server) {}, func(t *testing.T, c *peer) {
				var waited time.Duration
				for _, command := range []string{
					hello,
					"C: MAIL FROM:<a@example.net>\nS: 250 ...",
					"C: RCPT TO:<user@b.example>\nS: 250 ...",
					"C: RCPT TO:<other@b.example>\nS: 250 ...",
					"C: DATA\nS: 354 ...",
					"C: .\nS: 250 ...",
				} {
					began := time.Now()
					c.play(command)
					waited += time.Since(began)
					time.Sleep(time.Second)
				}
				if waited != tc.waits {
					t.Errorf("the client waited %v, want %v", waited, tc.waits)
				}
			})
			times := map[string]int{}
			for _, q := range dns.Asked() {
				if times[q]++; times[q] > 1 {
					t.Errorf("%v was asked again", q)
				}
			}
		})
	}
}
