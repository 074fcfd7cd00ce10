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
	return conversation{c.conn, io.MultiReader(strings.NewReader(banner), c.in)}
}

// conversation is a connection of which a part has been read.
type conversation struct {
	net.Conn
	in io.Reader
}

func (c conversation) Read(p []byte) (int, error) { return c.in.Read(p) }
