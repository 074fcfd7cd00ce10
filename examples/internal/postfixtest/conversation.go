package postfixtest

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"mxrules.example/verdict/scenario"
)

// Site has lines for the main.cf of the site in the conversations of examples/policies,
// with the mail of its network and its users. Its clients are at other addresses than this
// machine, where XCLIENT comes from.
const Site = `
myhostname = mx.example.org
relay_domains = example.org
mynetworks = 198.51.100.0/24
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_forbid_bare_newline = reject
local_header_rewrite_clients =
inet_protocols = all
`

// Open connects to smtpd, and begins TLS if the client of a scenario uses it.
func (p *Postfix) Open(t testing.TB, s scenario.Server) *Client {
	t.Helper()
	c := p.connect(t)
	c.Say("EHLO localhost")
	if s.TLS {
		c.StartTLS()
		c.Say("EHLO localhost")
	}
	return c
}

// Become makes smtpd take the client for that of a scenario, at a port, and returns the
// connection. What is read from it begins with the banner.
func (c *Client) Become(s scenario.Server, port int) net.Conn {
	c.t.Helper()
	family := ""
	if s.Client.Is6() {
		family = "IPV6:"
	}
	command := fmt.Sprintf("XCLIENT NAME=[UNAVAILABLE] ADDR=%s%s PORT=%d", family, s.Client, port)
	if s.Login != "" {
		command += " LOGIN=" + s.Login
	}
	banner := strings.ReplaceAll(c.Say(command), "\n", "\r\n") + "\r\n"
	return Reread(c.conn, io.MultiReader(strings.NewReader(banner), c.in))
}

// Reread returns the connection so that in is read in its place, for one of which a part
// has been read.
func Reread(conn net.Conn, in io.Reader) net.Conn { return conversation{conn, in} }

// conversation is a connection that is read from another reader.
type conversation struct {
	net.Conn
	in io.Reader
}

// Read implements [io.Reader].
func (c conversation) Read(p []byte) (int, error) { return c.in.Read(p) }

// Accept calls serve with each connection of Postfix to a loopback address, one after
// another, until the test ends.
func Accept(t testing.TB, serve func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
		}
	}()
	return l.Addr().String()
}
