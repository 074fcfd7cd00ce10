package gosmtp

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Guard judges the mail of a go-smtp server. Only Policy is required. Several
// servers may share a Guard. It must not be changed while it is in use.
type Guard struct {
	// Policy says what is accepted. Give it a Timeout: a client waits five
	// minutes for most replies (RFC 5321, section 4.5.3.2), and go-smtp does
	// not notice when it disconnects.
	Policy verdict.Policy
	// Resolver is asked by the checks of the policy. nil fails every question.
	Resolver envelope.Resolver
	// Behind finds the client of mail that a gateway of the site relays: see
	// verdict.Connection. nil means that no client is a gateway.
	Behind func(envelope.Envelope) (envelope.Envelope, error)
	// Fill may change an envelope before it is judged, to what only the program
	// knows: the address of a client that the listener does not know, TLS that ended
	// elsewhere, the clock of a test. It is called for the banner and again for each MAIL,
	// for the whole transaction. conn is what the listener accepted, without the
	// TLS of STARTTLS. Fill is called concurrently for several connections.
	Fill func(conn net.Conn, e *envelope.Envelope)
	// Report is called with the banner and each reply to MAIL, RCPT, DATA and
	// BDAT, just before it is sent: the events of a verdict.Session, for logs and
	// metrics. In LMTP each recipient of a message has a reply. Replies that
	// go-smtp gives alone (see the package doc), and those to EHLO and AUTH, are
	// not reported. The text of a success is that of go-smtp. Report is called
	// concurrently for several connections.
	Report func(ctx context.Context, event verdict.Event)
	// BannerDelay is how long the Listener delays the banner, to see whether
	// the client speaks before it. A client that does is judged at once. Use some
	// seconds: clients wait at most five minutes (RFC 5321, section 4.5.3.2.1). 0
	// does not wait, and notices none of them.
	BannerDelay time.Duration
	// MaxRejections is how many commands of one connection may be refused with
	// 5yz, whatever RSET, EHLO or STARTTLS comes between. The next one is answered
	// 421 4.7.0 and the connection closed, so that a client cannot try addresses
	// without end. 0 sets no limit. A gateway (Behind), which relays the mail of many
	// clients, has no limit.
	MaxRejections int
	// Deliver returns an accepted message as the backend gets it, for example the
	// Deliver of a headers.Stamp, which adds what was found. nil changes nothing.
	// The envelope is that of the transaction, without a recipient, and verdicts
	// are those of its recipients in the order of RCPT. An error refuses the
	// message, as one of the backend does. Deliver is called concurrently for
	// several connections. Its result is read before the message is closed.
	Deliver func(m *envelope.Message, e *envelope.Envelope, verdicts ...verdict.Verdict) (io.Reader, error)
	// Spool is where a message is kept until it is judged. The server should
	// bound its size with MaxMessageBytes.
	Spool envelope.Spool
}

// Backend returns a backend that judges by the policy, and calls inner for what is
// let through.
//
// Its sessions have a type of this package, also that of smtp.Conn.Session. They
// offer AUTH if the session of inner does, and answer each recipient on an LMTP server.
func (g *Guard) Backend(inner smtp.Backend) smtp.Backend {
	return smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return g.newSession(c, inner)
	})
}

// connection is what lasts as long as a connection of the Listener, while STARTTLS
// ends a session of go-smtp.
type connection struct {
	guard      *Guard
	verdicts   *verdict.Session
	session    *session // of go-smtp, nil before the first
	spokeEarly bool
	relays     bool // the client is a gateway
	rejections int
	replies    []verdict.Reply        // to the command that is running
	gone       atomic.Bool            // hung up, though go-smtp may have read more commands
	broken     atomic.Pointer[func()] // called when a read fails; set while a message comes in chunks
}

// open begins the judgement of a connection, until ctx ends.
func (c *connection) open(ctx context.Context, g *Guard) *connection {
	c.guard = g
	c.verdicts = verdict.NewSession(ctx, verdict.Connection{Policy: g.Policy, Resolver: g.Resolver, Behind: g.Behind, Report: c.report})
	return c
}

// connection returns that of the Listener. Without the Listener it returns a new
// one, which ends with ctx.
func (g *Guard) connection(ctx context.Context, conn net.Conn) *connection {
	for {
		switch c := conn.(type) {
		case *greetingConn:
			if c.guard == g {
				return &c.connection
			}
			conn = c.Conn
		case interface{ NetConn() net.Conn }: // *tls.Conn, for one
			conn = c.NetConn()
		default:
			return new(connection).open(ctx, g)
		}
	}
}

// accepted returns conn as the listener accepted it.
func accepted(conn net.Conn) net.Conn {
	for {
		switch c := conn.(type) {
		case *tls.Conn:
			conn = c.NetConn()
		case *greetingConn:
			conn = c.Conn
		default:
			return conn
		}
	}
}

// fill calls Fill. It keeps the stage: an envelope that claims to be whole would be
// accepted at the banner.
func (g *Guard) fill(conn net.Conn, e *envelope.Envelope) {
	if g.Fill != nil {
		stage := e.Stage
		g.Fill(accepted(conn), e)
		e.Stage = stage
	}
}

// clientIP returns the address at the other end, invalid if it has none (a
// Unix socket).
func clientIP(conn net.Conn) netip.Addr {
	addr := conn.RemoteAddr()
	if addr == nil {
		return netip.Addr{}
	}
	port, _ := netip.ParseAddrPort(addr.String())
	return port.Addr().Unmap().WithZone("")
}
