package play

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Server is what a scenario needs at the other end of a connection: an SMTP server that
// judges by the policy, and that takes the client to be who the scenario says.
type Server struct {
	// Name is that of a server of a fleet, "" if there is one server.
	Name     string
	Policy   verdict.Policy
	Resolver envelope.Resolver
	// Report must be called for each reply that a session gives.
	Report func(context.Context, verdict.Event)
	// Now is the time of the scenario.
	Now func() time.Time

	// Client is the address of the client.
	Client netip.Addr
	// SpokeEarly, TLS and Login are what else is known of the connection.
	SpokeEarly, TLS bool
	Login           string
	// LMTP says that the server speaks LMTP.
	LMTP bool
}

// Dial connects to a server as s says. The connection ends with ctx.
type Dial func(ctx context.Context, s Server) (net.Conn, error)

// inMemory is the Dial of Run: a server over a session, without a socket.
func inMemory(ctx context.Context, s Server) (net.Conn, error) {
	client, server := net.Pipe()
	go serve(ctx, server, s)
	return client, nil
}

// conversation is the server's end of a connection.
type conversation struct {
	Server
	session  *verdict.Session
	in       *bufio.Reader
	out      *bufio.Writer
	envelope envelope.Envelope
}

func serve(ctx context.Context, conn net.Conn, s Server) {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c := &conversation{Server: s, in: bufio.NewReader(conn), out: bufio.NewWriter(conn)}
	c.session = verdict.NewSession(ctx, verdict.Connection{Policy: s.Policy, Resolver: s.Resolver, Report: s.Report})
	defer c.session.Close()
	c.session.LMTP = s.LMTP
	c.envelope = envelope.Envelope{ClientIP: s.Client, SpokeEarly: s.SpokeEarly, Login: s.Login}
	if s.TLS {
		c.envelope.TLS = encrypted()
	}
	greeting := c.session.Connect(c.known())
	c.out.WriteString(greeting.String())
	for open := greeting.Status.Class() == 2; open; {
		if c.in.Buffered() == 0 { // so that the replies to pipelined commands go together
			c.out.Flush()
		}
		line, err := c.in.ReadString('\n')
		if err != nil {
			return
		}
		reply := c.answer(strings.TrimRight(line, "\r\n"))
		c.out.WriteString(reply)
		open = reply != "" && !strings.HasPrefix(reply, "221") && !strings.HasPrefix(reply, "421")
	}
	c.out.Flush()
}

// known returns the envelope with the time of the scenario.
func (c *conversation) known() envelope.Envelope {
	e := c.envelope
	e.Now = c.Now()
	return e
}

func (c *conversation) answer(line string) string {
	verb, argument, _ := strings.Cut(line, " ")
	switch strings.ToUpper(verb) {
	case "HELO", "EHLO", "LHLO":
		c.envelope.Helo = strings.TrimSpace(argument)
		return c.session.Helo(c.known()).String()
	case "MAIL":
		path, parameters, ok := path("FROM:", argument)
		if !ok {
			return syntax
		}
		c.envelope.MailFrom = path
		c.envelope.SMTPUTF8 = strings.Contains(" "+strings.ToUpper(parameters)+" ", " SMTPUTF8 ")
		return c.session.Mail(c.known(), nil).String()
	case "RCPT":
		path, _, ok := path("TO:", argument)
		if !ok {
			return syntax
		}
		e := c.known()
		e.RcptTo = path
		return c.session.Rcpt(e, nil).String()
	case "DATA":
		return c.data()
	case "RSET":
		c.session.Reset()
		return "250 2.0.0 OK\r\n"
	case "NOOP":
		return "250 2.0.0 OK\r\n"
	case "QUIT":
		return "221 2.0.0 goodbye\r\n"
	}
	return "500 5.5.1 unknown command\r\n"
}

const syntax = "501 5.5.4 the path is missing or invalid\r\n"

func (c *conversation) data() string {
	if c.session.Recipients() == 0 {
		return c.session.Data(nil, nil).String()
	}
	c.out.WriteString("354 end the message with <CRLF>.<CRLF>\r\n")
	c.out.Flush()
	message, err := envelope.Spool{Header: c.session.Header}.ReadMessage(envelope.NewDataReader(c.in, 0))
	if err != nil {
		c.session.Abort(err)
		return ""
	}
	defer message.Close()
	if !c.LMTP {
		return c.session.Data(message, nil).String()
	}
	var replies strings.Builder
	for _, reply := range c.session.DataEach(message, nil) {
		replies.WriteString(reply.String())
	}
	return replies.String()
}

// path returns the path of MAIL or RCPT without its angle brackets, and the parameters
// after it.
func path(keyword, argument string) (path, parameters string, ok bool) {
	if len(argument) < len(keyword) || !strings.EqualFold(argument[:len(keyword)], keyword) {
		return "", "", false
	}
	return envelope.CutPath(argument[len(keyword):])
}
