package main

import (
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
)

// distance is the time of a question to DNS, and of a turn of a distant client.
const distance = 20 * time.Millisecond

// distant is the connection of a client, whose turns take a while.
type distant struct {
	net.Conn
	turn     time.Duration
	answered bool          // the server had the last word
	waited   time.Duration // for replies
}

func (d *distant) Write(p []byte) (int, error) {
	if d.answered {
		d.answered = false
		time.Sleep(d.turn)
	}
	return d.Conn.Write(p)
}

func (d *distant) Read(p []byte) (int, error) {
	began := time.Now()
	n, err := d.Conn.Read(p)
	d.answered, d.waited = true, d.waited+time.Since(began)
	return n, err
}

// pipes is a listener of connections in memory.
type pipes struct {
	conns chan net.Conn
	close func()
}

func newPipes() *pipes {
	conns := make(chan net.Conn)
	return &pipes{conns, sync.OnceFunc(func() { close(conns) })}
}

func (p *pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial(turn time.Duration) *distant {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return &distant{Conn: ours, turn: turn}
}

// typical is the DNS of a usual sender: three levels of SPF, and a DMARC record above
// the author domain.
const typical = `
mail.typical.example.        A    198.51.100.10
news.typical.example.        MX   10 in.typical.example.
                             TXT  "v=spf1 include:spf.typical.example -all"
in.typical.example.          A    192.175.48.11
spf.typical.example.         TXT  "v=spf1 include:spf.mailer.example include:spf.crm.example -all"
spf.crm.example.             TXT  "v=spf1 ip4:203.0.113.0/24 -all"
spf.mailer.example.          TXT  "v=spf1 ip4:198.51.100.0/24 -all"
_dmarc.typical.example.      TXT  "v=DMARC1; p=reject; aspf=s"
10.100.51.198.in-addr.arpa.  PTR  mail.typical.example.
`

// typicalServer starts a server with the strict policy. Each
// question to DNS takes the distance.
func typicalServer(t testing.TB) (*pipes, *zone.Zone) {
	dns := zone.MustParse(typical).Delaying("*.", distance)
	_, server := newReceiver(t, func(s *site) { s.choose, s.resolver = policies.Strict, dns })
	listener := newPipes()
	server.start(t, listener)
	return listener, dns
}

// deliver sends a message, and returns how long the client waited for replies.
func (p *pipes) deliver(t testing.TB, turn time.Duration) time.Duration {
	t.Helper()
	client := p.dial(turn)
	c := conversation{lines: mail("mail.typical.example", "ann@news.typical.example", "alice@example.org"), author: "ann@news.typical.example"}
	if ended, err := c.over(client, io.Discard); err != nil || ended != accepted {
		t.Fatalf("the conversation ended with %q, %v", ended, err)
	}
	return client.waited
}

// SPF alone has three questions that depend on each other, and DMARC has to wait for
// the author. A client that takes its turns waits for less, because the server asks
// meanwhile.
func TestAClientHardlyWaitsForDNS(t *testing.T) {
	for turn, most := range map[time.Duration]time.Duration{distance: 3, 0: 4} {
		t.Run(turn.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener, dns := typicalServer(t)
				if waited := listener.deliver(t, turn); waited > most*distance {
					t.Errorf("the client waited %v; asked %v", waited, dns.Asked())
				}
				if n := len(dns.Asked()); n < 8 {
					t.Errorf("the server asked only %d questions: %v", n, dns.Asked())
				}
			})
		})
	}
}

// BenchmarkDelivery shows for how many questions the client waits with a real clock,
// and how many the server asks.
func BenchmarkDelivery(b *testing.B) {
	b.ReportAllocs()
	listener, dns := typicalServer(b)
	var waited time.Duration
	for b.Loop() {
		waited += listener.deliver(b, distance)
	}
	b.ReportMetric(float64(waited)/float64(distance)/float64(b.N), "waits/op")
	b.ReportMetric(float64(len(dns.Asked()))/float64(b.N), "questions/op")
}
