package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Bounds of a conversation. RFC 5321, section 4.5.3 has the least that they may be.
const (
	maxRecipients  = 100 // of a message
	maxRefusals    = 20  // of a connection
	commandTimeout = 5 * time.Minute
	messageTimeout = 15 * time.Minute
	replyTimeout   = time.Minute
)

// conversation is the connection of one client.
type conversation struct {
	*server
	ctx      context.Context
	conn     net.Conn
	in       *bufio.Reader
	out      *bufio.Writer
	session  *verdict.Session
	envelope envelope.Envelope // of the client, up to its HELO name
}

// converse speaks SMTP with a client until it quits or ctx ends.
func (s *server) converse(ctx context.Context, conn net.Conn) {
	defer conn.Close()
	c := &conversation{server: s, ctx: ctx, conn: conn, in: bufio.NewReader(conn), out: bufio.NewWriter(conn)}
	defer c.flush()
	c.session = verdict.NewSession(ctx, s.judge)
	defer c.session.Close()
	stop := context.AfterFunc(ctx, func() {
		c.session.Close() // so that a message that breaks off gets the reply of the session's end
		conn.SetReadDeadline(time.Now())
	})
	defer stop()

	address, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	c.envelope.ClientIP = address.Addr()
	reply := success(c.session.Connect(c.envelope), "220 "+c.hostname+" ESMTP\r\n")
	for refusals := 0; ; reply = c.next(refusals) {
		c.out.WriteString(reply)
		switch {
		case reply == "", strings.HasPrefix(reply, "221"), strings.HasPrefix(reply, "421"):
			return
		case reply[0] == '4', reply[0] == '5':
			refusals++
		}
	}
}

// next reads a command, and returns the reply: "" if the client is gone. Replies are
// sent before it waits for the client, so that those to pipelined commands go together
// (RFC 2920, section 3.2).
func (c *conversation) next(refusals int) string {
	if c.in.Buffered() == 0 {
		c.flush()
	}
	c.expectWithin(commandTimeout)
	line, err := readLine(c.in)
	switch {
	case c.ctx.Err() != nil:
		return "421 4.3.2 the server is shutting down\r\n"
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "421 4.4.2 timeout, closing the connection\r\n"
	case refusals >= maxRefusals:
		return "421 4.7.0 too many errors, closing the connection\r\n"
	case errors.Is(err, errTooLong), errors.Is(err, errOctets):
		return refused(err)
	case err != nil:
		return ""
	}
	return c.answer(line)
}

// answer executes a command, and returns the reply.
func (c *conversation) answer(line string) string {
	verb, argument, _ := strings.Cut(line, " ")
	argument = strings.Trim(argument, " ")
	switch strings.ToUpper(verb) {
	case "EHLO":
		return c.hello(argument, "250-%s\r\n250-PIPELINING\r\n250-SIZE %d\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n", c.hostname, c.size)
	case "HELO":
		return c.hello(argument, "250 %s\r\n", c.hostname)
	case "MAIL":
		return c.mail(argument)
	case "RCPT":
		return c.rcpt(argument)
	case "DATA":
		return c.data()
	case "RSET":
		c.session.Reset()
		return "250 2.0.0 OK\r\n"
	case "NOOP":
		return "250 2.0.0 OK\r\n"
	case "VRFY":
		return "252 2.0.0 send a message to verify the address\r\n"
	case "QUIT":
		return "221 2.0.0 goodbye\r\n"
	}
	return "500 5.5.1 unknown command\r\n"
}

func (c *conversation) hello(name, welcome string, values ...any) string {
	if name == "" {
		return "501 5.5.4 the host name is missing\r\n"
	}
	c.envelope.Helo = name
	return success(c.session.Helo(c.envelope), fmt.Sprintf(welcome, values...))
}

func (c *conversation) mail(argument string) string {
	if c.envelope.Helo == "" {
		return "503 5.5.1 EHLO must come before MAIL\r\n"
	}
	path, parameters, err := parsePath("FROM", argument)
	if err != nil {
		return refused(err)
	}
	e := c.envelope
	e.MailFrom = path
	if e.SMTPUTF8, err = mailParameters(parameters, c.size); err != nil {
		return refused(err)
	}
	return c.session.Mail(e, nil).String()
}

func (c *conversation) rcpt(argument string) string {
	path, parameters, err := parsePath("TO", argument)
	switch {
	case err != nil:
		return refused(err)
	case len(parameters) > 0:
		return refused(errParameter)
	}
	return c.session.Rcpt(envelope.Envelope{RcptTo: path}, func() error {
		if c.session.Recipients() == maxRecipients {
			return errTooMany
		}
		return nil
	}).String()
}

func (c *conversation) data() string {
	if c.session.Recipients() == 0 {
		return c.session.Data(nil, nil).String() // 503
	}
	c.out.WriteString("354 end the message with <CRLF>.<CRLF>\r\n")
	c.flush()
	c.expectWithin(messageTimeout)
	message, err := envelope.Spool{Header: c.session.Header}.ReadMessage(envelope.NewDataReader(c.in, c.size))
	switch {
	case errors.Is(err, envelope.ErrTooLarge):
		return c.session.Abort(errTooLarge).String()
	case errors.Is(err, envelope.ErrSpool):
		return c.session.Abort(err).String()
	case err != nil: // what follows may be the rest of the message, and not a command
		return c.session.Abort(errNotReceived).String()
	}
	defer message.Close()
	return c.session.Data(message, c.deliver).String()
}

// expectWithin sets the time in which the client must send what comes next. If ctx has
// ended, that is now, also if converse has set it before.
func (c *conversation) expectWithin(timeout time.Duration) {
	c.conn.SetReadDeadline(time.Now().Add(timeout))
	if c.ctx.Err() != nil {
		c.conn.SetReadDeadline(time.Now())
	}
}

func (c *conversation) flush() {
	c.conn.SetWriteDeadline(time.Now().Add(replyTimeout))
	c.out.Flush() // if it fails, the next read fails too
}

// success returns the text in place of a reply that lets a command through. Only the
// server knows its banner and its reply to EHLO.
func success(reply verdict.Reply, text string) string {
	if reply.Status.Class() == 2 {
		return text
	}
	return reply.String()
}

// refused returns the reply for an error of a command.
func refused(err error) string { return err.Error() + "\r\n" }
