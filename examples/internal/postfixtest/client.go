package postfixtest

import (
	"bufio"
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"
)

// Client is an SMTP client that Postfix takes for one at another address.
type Client struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

// Dial connects to smtpd as a client with these attributes of XCLIENT, such as
// "ADDR=192.0.2.9".
func (p *Postfix) Dial(t testing.TB, attributes string) *Client {
	t.Helper()
	c := p.connect(t)
	c.Say("EHLO localhost")
	c.Say("XCLIENT NAME=[UNAVAILABLE] " + attributes)
	return c
}

// connect connects to smtpd, and reads the banner.
func (p *Postfix) connect(t testing.TB) *Client {
	t.Helper()
	conn, err := net.Dial("tcp", p.Address)
	for start := time.Now(); err != nil && time.Since(start) < 30*time.Second; conn, err = net.Dial("tcp", p.Address) {
		time.Sleep(50 * time.Millisecond) // the master of Postfix is starting
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(2 * time.Minute))
	c := &Client{t, conn, bufio.NewReader(conn)}
	c.reply("")
	return c
}

// Say sends a line, or several, and returns the next reply, whose lines are separated by
// LF. After several commands, Say of nothing returns the other replies.
func (c *Client) Say(lines string) string {
	c.t.Helper()
	if lines != "" {
		c.Write(lines + "\r\n")
	}
	return c.reply(lines)
}

// SayEach sends lines one after another, and returns the replies.
func (c *Client) SayEach(lines ...string) (replies []string) {
	c.t.Helper()
	for _, line := range lines {
		replies = append(replies, c.Say(line))
	}
	return replies
}

func (c *Client) reply(to string) string {
	c.t.Helper()
	var lines []string
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			c.t.Fatalf("after %q: %v", to, err)
		}
		lines = append(lines, strings.TrimRight(line, "\r\n"))
		if len(line) < 4 || line[3] != '-' {
			return strings.Join(lines, "\n")
		}
	}
}

// StartTLS begins TLS, whatever the certificate.
func (c *Client) StartTLS() {
	c.t.Helper()
	if reply := c.Say("STARTTLS"); !strings.HasPrefix(reply, "220") {
		c.t.Fatalf("STARTTLS: %s", reply)
	}
	c.conn = tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	c.in = bufio.NewReader(c.conn)
}

// Write sends octets without waiting for a reply.
func (c *Client) Write(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// Close closes the connection without QUIT.
func (c *Client) Close() { c.conn.Close() }
