package mxrules_test

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// visitor is a client that sends one message.
type visitor struct {
	envelope envelope.Envelope
	letter   string
	want     string // the reply that ends the conversation
}

// crowd returns visitors of different domains, and a function that makes their DNS.
// Some may not send for their domain, some change the message, and some have DNS that
// fails.
func crowd(t *testing.T) (visitors []*visitor, dns func() *zone.Zone) {
	t.Helper()
	var text strings.Builder
	var failing []string
	for i := range 63 {
		domain := fmt.Sprintf("d%d.example", i)
		fmt.Fprintf(&text, `
			%[2]d.48.175.192.in-addr.arpa. PTR  out.%[1]s.
			out.%[1]s.                     A    192.175.48.%[2]d
			%[1]s.                         MX   10 in.%[1]s.
			in.%[1]s.                      A    192.175.48.200
			%[1]s.                         TXT  "v=spf1 include:_spf.%[1]s -all"
			_spf.%[1]s.                    TXT  "v=spf1 -ip4:192.175.48.40/29 ip4:192.175.48.0/24 -all"
			_dmarc.%[1]s.                  TXT  "v=DMARC1; p=reject"
			s._domainkey.%[1]s.            TXT  "v=DKIM1; k=ed25519; p=%[3]s"
		`, domain, i, publicKey)
		faults := []string{"", fmt.Sprintf("%d.48.175.192.in-addr.arpa.", i), "out." + domain + ".", domain + ". MX",
			domain + ". TXT", "_spf." + domain + ".", "_dmarc." + domain + ".", "s._domainkey." + domain + ".", ""}
		if fault := faults[i%len(faults)]; fault != "" {
			failing = append(failing, fault)
		}
		letter := signedBy("From: ann@"+domain+"\r\nTo: bob@example.org\r\nSubject: Hello\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\n\r\nGood morning!\r\n", domain)
		if i%7 == 3 {
			letter += "Buy this.\r\n"
		}
		visitors = append(visitors, &visitor{letter: letter, envelope: envelope.Envelope{
			ClientIP: netip.AddrFrom4([4]byte{192, 175, 48, byte(i)}), Helo: "out." + domain,
			MailFrom: "ann@" + domain, RcptTo: "bob@example.org", Now: time.Now(),
		}})
	}
	dns = func() *zone.Zone {
		z := zone.MustParse(text.String())
		for _, name := range failing {
			z.Failing(name, zone.SERVFAIL)
		}
		return z
	}
	sequential := verdict.Policy{Rules: typicalPolicy.Rules, Sequential: true}
	for _, v := range visitors {
		whole := v.envelope
		whole.Message = envelope.NewMessage([]byte(v.letter))
		v.want = sequential.Judge(t.Context(), dns(), &whole).Reply().String()
	}
	return visitors, dns
}

// visit has one conversation, with a pause before RCPT, and returns the reply that ends
// it.
func (v *visitor) visit(ctx context.Context, dns envelope.Resolver, pause time.Duration) string {
	session := verdict.NewSession(ctx, verdict.Connection{Policy: typicalPolicy, Resolver: dns})
	defer session.Close()
	e := v.envelope
	header, body, _ := strings.Cut(v.letter, "\r\n\r\n")
	var reply verdict.Reply
	for _, command := range []func() verdict.Reply{
		func() verdict.Reply { return session.Connect(e) },
		func() verdict.Reply { return session.Helo(e) },
		func() verdict.Reply { return session.Mail(e, nil) },
		func() verdict.Reply {
			time.Sleep(pause)
			return session.Rcpt(e, nil)
		},
		func() verdict.Reply {
			arriving := io.MultiReader(strings.NewReader(header+"\r\n\r\n"), pausing(10*time.Millisecond), strings.NewReader(body))
			message, err := envelope.Spool{Header: session.Header}.ReadMessage(arriving)
			if err != nil {
				return session.Abort(err)
			}
			defer message.Close()
			return session.Data(message, nil)
		},
	} {
		if reply = command(); reply.Status.Class() != 2 {
			break
		}
	}
	return reply.String()
}

// Many sessions at one time take little memory while their clients say nothing,
// and more while five lookups of each run. They come to what the sequential judge
// comes to, and leave nothing behind, which synctest sees.
func TestACrowdOfSessions(t *testing.T) {
	const sessions = 500
	synctest.Test(t, func(t *testing.T) {
		visitors, make := crowd(t)
		dns := make().Delaying("*.", time.Second)
		before := memory()
		var running sync.WaitGroup
		for i := range sessions {
			running.Go(func() {
				v := visitors[i%len(visitors)]
				if got := v.visit(t.Context(), dns, time.Minute); got != v.want {
					t.Errorf("%s: %q, want %q", v.envelope.MailFrom, got, v.want)
				}
			})
		}
		for _, tc := range []struct {
			name       string
			after      time.Duration
			octets     int64
			goroutines int
		}{
			{"waits for DNS", time.Second / 2, 112 << 10, 6},
			{"waits for its client", time.Minute / 2, 40 << 10, 1},
		} {
			time.Sleep(tc.after)
			octets, goroutines := (memory()-before)/sessions, runtime.NumGoroutine()/sessions
			t.Logf("a session that %s takes %d octets and %d goroutines", tc.name, octets, goroutines)
			if octets > tc.octets || goroutines > tc.goroutines {
				t.Errorf("more than %d octets or %d goroutines", tc.octets, tc.goroutines)
			}
		}
		running.Wait()
	})
}

// memory returns how many octets are in use.
func memory() int64 {
	for range 3 { // each halves stacks that are not used
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}

// With MXRULES_CROWD, such as 1m, two thousand sessions at one time come and go for
// that long, with the clock of the system.
func TestACrowdComesAndGoes(t *testing.T) {
	length, err := time.ParseDuration(cmp.Or(os.Getenv("MXRULES_CROWD"), "0s"))
	if err != nil || length <= 0 {
		t.Skip("MXRULES_CROWD is not set")
	}
	visitors, make := crowd(t)
	dns := make().Delaying("*.", 20*time.Millisecond)
	goroutines := runtime.NumGoroutine()
	ctx, cancel := context.WithTimeout(t.Context(), length)
	defer cancel()
	var running sync.WaitGroup
	for i := range 2000 {
		running.Go(func() {
			for n := i; ctx.Err() == nil; n++ {
				v := visitors[n%len(visitors)]
				if got := v.visit(ctx, dns, 0); got != v.want && ctx.Err() == nil {
					t.Errorf("%s: %q, want %q", v.envelope.MailFrom, got, v.want)
				}
			}
		})
	}
	running.Wait()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); runtime.Gosched() {
		if runtime.NumGoroutine() <= goroutines {
			return
		}
	}
	t.Errorf("%d goroutines are left, before there were %d", runtime.NumGoroutine(), goroutines)
}
