package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"slices"
	"strings"

	"github.com/d--j/go-milter"

	"mxrules.example/envelope"
	"mxrules.example/examples/internal/logged"
	"mxrules.example/verdict"
)

// conversation is a connection of the MTA: the SMTP conversation of one client, with any
// number of messages. It is the whole adapter: each method of the protocol becomes one of
// the session.
type conversation struct {
	milter.NoOpMilter // what the MTA does not call: Data and Unknown

	*server
	session  *verdict.Session
	client   envelope.Envelope // of the client, up to its HELO name
	begun    bool              // a transaction
	arriving *arrival          // a message, nil if there is none
	queueID  string            // of the message in the MTA, for the log
}

// NewConnection begins the conversation of a client. An MTA may use a connection for
// several clients, one after another.
func (c *conversation) NewConnection(milter.Modifier) error {
	c.end()
	c.client = envelope.Envelope{}
	connection := c.connection
	connection.Report = c.report
	c.session = verdict.NewSession(c.ctx, connection)
	return nil
}

// Connect judges the client. Its address is unknown if the message is not from a network.
func (c *conversation) Connect(_, _ string, _ uint16, address string, macros milter.Modifier) (*milter.Response, error) {
	address = cmp.Or(address, strings.TrimPrefix(macros.Get(milter.MacroClientAddr), "IPv6:"))
	c.client.ClientIP, _ = netip.ParseAddr(address)
	c.client.Now = c.now()
	return response(c.session.Connect(c.client))
}

// Helo judges a HELO name. There is another one after STARTTLS.
func (c *conversation) Helo(name string, macros milter.Modifier) (*milter.Response, error) {
	c.learnTLS(macros)
	c.client.Helo, c.client.Now = name, c.now()
	return response(c.session.Helo(c.client))
}

// MailFrom begins a transaction, unless the server is to stop.
func (c *conversation) MailFrom(path, parameters string, macros milter.Modifier) (*milter.Response, error) {
	if c.begun { // the MTA refused what the policy let through
		c.Abort(macros)
	}
	c.learnTLS(macros)
	e := c.client
	e.MailFrom, e.Login, e.Now = path, macros.Get(milter.MacroAuthAuthen), c.now()
	e.SMTPUTF8 = slices.ContainsFunc(strings.Fields(parameters), func(p string) bool { return strings.EqualFold(p, "SMTPUTF8") })
	c.queueID = macros.Get(milter.MacroQueueId)
	return response(c.session.Mail(e, func() error {
		if c.stopping.Err() != nil {
			return errStopping
		}
		c.begun = true
		return nil
	}))
}

// learnTLS takes the state of TLS from the macros. An MTA that does not send what the
// server asks for sends them with HELO only.
func (c *conversation) learnTLS(macros milter.Modifier) {
	if c.client.TLS == nil && macros.Get(milter.MacroTlsVersion) != "" {
		c.client.TLS = &tls.ConnectionState{HandshakeComplete: true}
		c.session.StartTLS()
	}
}

func (c *conversation) RcptTo(path, _ string, macros milter.Modifier) (*milter.Response, error) {
	c.queueID = macros.Get(milter.MacroQueueId)
	return response(c.session.Rcpt(envelope.Envelope{RcptTo: path}, nil))
}

// Header, Headers and BodyChunk receive the message. The MTA waits for no response to
// them, so that an error is the reply to the whole message.
func (c *conversation) Header(name, value string, _ milter.Modifier) (*milter.Response, error) {
	c.arrival().field(name, value)
	return milter.RespContinue, nil
}

func (c *conversation) Headers(milter.Modifier) (*milter.Response, error) {
	c.arrival().write([]byte("\r\n"))
	return milter.RespContinue, nil
}

func (c *conversation) BodyChunk(chunk []byte, _ milter.Modifier) (*milter.Response, error) {
	c.arrival().write(chunk)
	return milter.RespContinue, nil
}

// EndOfMessage judges the message for all recipients, and changes an accepted one.
func (c *conversation) EndOfMessage(m milter.Modifier) (*milter.Response, error) {
	c.queueID = m.Get(milter.MacroQueueId)
	defer c.forget()
	a := c.arrival()
	message, err := a.end()
	if err != nil {
		return response(c.session.Abort(err))
	}
	return response(c.session.Data(message, func(accepted verdict.Event) error {
		return c.change(m, a.forged, accepted)
	}))
}

// Abort ends a transaction: the client said RSET, or the MTA refused the message.
func (c *conversation) Abort(milter.Modifier) error {
	c.forget()
	c.session.Reset()
	return nil
}

// Cleanup ends the conversation, also if the client or the MTA has gone away.
func (c *conversation) Cleanup(milter.Modifier) {
	c.end()
	c.running.Done()
}

func (c *conversation) arrival() *arrival {
	if c.arriving == nil {
		c.arriving = c.expect(c.session.Header)
	}
	return c.arriving
}

// forget drops the message.
func (c *conversation) forget() {
	if c.arriving != nil {
		c.arriving.close()
	}
	c.arriving, c.begun = nil, false
}

func (c *conversation) end() {
	c.forget()
	if c.session != nil {
		c.session.Close()
	}
}

// report logs each reply. The envelope stands beside the event, as in the logs of mx and
// policyd, in the form that examples/judge reads.
func (c *conversation) report(ctx context.Context, event verdict.Event) {
	fields := []slog.Attr{slog.String("queue", envelope.Excerpt(c.queueID)), slog.Any("event", besideEnvelope{event}), slog.Any("envelope", logged.Event(event))}
	if m := event.Envelope.Message; m != nil {
		fields = append(fields, slog.Int64("message_size", m.Size()))
	}
	c.log.LogAttrs(ctx, slog.LevelInfo, "reply", fields...)
}

// besideEnvelope is an event that is logged without its envelope.
type besideEnvelope struct{ verdict.Event }

func (b besideEnvelope) LogValue() slog.Value {
	b.Envelope = nil
	return b.Event.LogValue()
}

// response returns what the MTA says to the client: a reply with its codes and all its
// lines, or what the MTA itself says after a success.
func response(reply verdict.Reply) (*milter.Response, error) {
	if reply.Status.Class() == 2 {
		return milter.RespContinue, nil
	}
	_, enhanced, _ := strings.Cut(reply.Status.String(), " ")
	// The package writes the codes before each line.
	return milter.RejectWithCodeAndReason(uint16(reply.Status.Code), enhanced+" "+strings.Join(reply.Lines, "\n"))
}
