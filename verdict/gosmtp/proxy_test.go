package gosmtp_test

import (
	"bufio"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// proxied is a listener behind a proxy that speaks version 1 of the PROXY protocol.
type proxied struct{ net.Listener }

func (l proxied) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &proxiedConn{Conn: conn, in: bufio.NewReader(conn)}, nil
}

// proxiedConn reads the header when it needs it, so that Accept waits for no client.
type proxiedConn struct {
	net.Conn
	in     *bufio.Reader
	once   sync.Once
	client net.Addr
	failed error
}

func (c *proxiedConn) header() {
	line, err := c.in.ReadString('\n')
	words := strings.Fields(line)
	if c.failed = err; err == nil && (len(words) != 6 || words[0] != "PROXY") {
		c.failed = errors.New("no PROXY header")
	}
	if c.client = c.Conn.RemoteAddr(); c.failed == nil {
		addr, _ := netip.ParseAddrPort(words[2] + ":" + words[4])
		c.client = net.TCPAddrFromAddrPort(addr)
	}
}

func (c *proxiedConn) RemoteAddr() net.Addr {
	c.once.Do(c.header)
	return c.client
}

func (c *proxiedConn) Read(p []byte) (int, error) {
	if c.once.Do(c.header); c.failed != nil {
		return 0, c.failed
	}
	return c.in.Read(p)
}

func TestTheClientOfAPROXYHeaderIsJudgedAtTheGreeting(t *testing.T) {
	const header = "PROXY TCP4 198.51.100.9 192.0.2.1 4711 25\r\n"
	ours := client.In([]netip.Prefix{netip.MustParsePrefix("198.51.100.9/32")})
	for _, tc := range []struct {
		name  string
		delay time.Duration
		early []string // what is sent, with pauses of a second
		reply string
	}{
		{"a client", 0, []string{header}, "220 ..."},
		{"another client", 0, []string{"PROXY TCP4 198.51.100.10 192.0.2.1 4711 25\r\n"}, "554 5.7.1 the client address 198.51.100.10 is not in the list of networks"},
		{"the header is not too early", 5 * time.Second, []string{header}, "220 ..."},
		{"the header comes after the delay", 2 * time.Second, []string{"PROXY TCP4 198.5", "1.100.9 192.0.", "2.1 4711", " 25\r\n"}, "220 ..."},
		{"what comes after it is too early", 5 * time.Second, []string{header + "EHLO client.example.net\r\n"}, "554 5.5.0 the client spoke before the greeting of the server"},
		{"no header", 5 * time.Second, []string{"EHLO client.example.net\r\n"}, "closed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := &gosmtp.Guard{Policy: policyOf(verdict.RejectUnless(client.Waited), verdict.RejectUnless(ours)), BannerDelay: tc.delay}
				l := newPipes()
				s := serveOn(t, g.Listener(proxied{l}), g, &backend{})
				defer s.Close()
				c := newClient(t, l.dial())
				for _, part := range tc.early {
					time.Sleep(time.Second)
					c.send(part)
				}
				c.expect(tc.reply)
			})
		})
	}
}

func TestTheClientOfAPROXYHeaderIsThatOfMAIL(t *testing.T) {
	f := &facts{}
	g := &gosmtp.Guard{Policy: policyOf(f.rule())}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveOn(t, g.Listener(proxied{l}), g, &backend{}).dial(t).send("PROXY TCP4 198.51.100.9 192.0.2.1 4711 25\r\n").play(hello + "C: MAIL FROM:<a@a.example>\nS: 250 ...")
	for _, e := range append(f.at(envelope.Connect), f.at(envelope.Mail)...) {
		if e.ClientIP.String() != "198.51.100.9" {
			t.Errorf("at %s the client is %s", e.Stage, e.ClientIP)
		}
	}
}
