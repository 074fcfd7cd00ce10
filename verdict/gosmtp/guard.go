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

// Guard judges the mail of a go-smtp server. Only Policy is needed. A Guard may
// serve several servers, and must not be changed once it is in use.
type Guard struct {
	// Policy says what is accepted. Give it a Timeout: a client waits five
	// minutes for most replies (RFC 5321, section 4.5.3.2), and go-smtp does
	// not see it leave.
	Policy verdict.Policy
	// Resolver is asked by the checks of the policy. nil fails every question.
	Resolver envelope.Resolver
	// Fill may add what only the program knows to an envelope before it is
	// judged, or correct it: the address of the client behind a proxy, TLS that
	// ended elsewhere, the clock of a test. It is called for the greeting and
	// again for each MAIL; what it says there holds for the whole transaction.
	// conn is what the listener accepted, without the TLS of STARTTLS. Fill is
	// called by many goroutines, one at a time for each connection.
	Fill func(conn net.Conn, e *envelope.Envelope)
	// Report is told the greeting and each reply to MAIL, RCPT, DATA and BDAT, just
	// before it is sent: for logs and metrics, which so agree with what clients
	// were told. In LMTP each recipient of a message has a reply. Replies that
	// go-smtp gives alone (see the package doc), and those to EHLO and AUTH, are
	// not reported, and the text of a success is that of go-smtp and not the one
	// reported. Report is called as Fill is.
	Report func(ctx context.Context, event verdict.Event)
	// BannerDelay is how long the Listener holds back the greeting, to see
	// whether the client talks before its turn. One that does is judged at
	// once. Keep it to some seconds: clients wait at most five minutes (RFC 5321,
	// section 4.5.3.2.1). 0 does not wait, and notices nobody.
	BannerDelay time.Duration
	// MaxRejections is how many commands of one connection may be refused for
	// good (5yz), whatever RSET, EHLO or STARTTLS comes between. The next one
	// is answered 421 4.7.0 and the connection closed, so that addresses can't
	// be tried without end. 0 sets no limit.
	MaxRejections int
	// Deliver returns an accepted message as the backend shall have it, with
	// fields for what was found on top for instance: give it the Deliver of a
	// headers.Stamp. nil hands it on as it came. The envelope is that of the
	// transaction, without a recipient, and verdicts are those of its recipients
	// in the order of RCPT. An error refuses the message, as one of the backend
	// does. It is called as Fill is, and what it returns is read before the
	// message is closed.
	Deliver func(m *envelope.Message, e *envelope.Envelope, verdicts ...verdict.Verdict) (io.Reader, error)
	// Spool is where a message is kept until it is judged. The server should
	// bound its size with MaxMessageBytes.
	Spool envelope.Spool
}

// Backend returns a backend that judges by the policy and passes on to inner
// what is let through.
//
// Its sessions are of a type of this package, also what smtp.Conn.Session
// returns. They offer AUTH where the session of inner does. They are an
// smtp.LMTPSession where that of inner is one, and on every server that speaks
// LMTP, since there each recipient has a verdict of his own.
func (g *Guard) Backend(inner smtp.Backend) smtp.Backend {
	return smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return g.newSession(c, inner)
	})
}

// connection is what is known of a connection beyond its session, which
// STARTTLS ends.
type connection struct {
	spokeEarly bool
	greeting   verdict.Verdict // zero if the greeting was not judged
	rejections atomic.Int64
	gone       atomic.Bool            // hung up: go-smtp may have commands in its buffer still
	broken     atomic.Pointer[func()] // called when a read fails; set while a message comes in chunks
}

// connection finds what the Listener knows of conn. Without the Listener there
// is nothing to know.
func (g *Guard) connection(conn net.Conn) *connection {
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
			return new(connection)
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

// fill completes an envelope with what the program knows of it. It does not
// let the stage be changed: an envelope that claims to be whole would be
// accepted at the greeting.
func (g *Guard) fill(conn net.Conn, e *envelope.Envelope) {
	if g.Fill != nil {
		stage := e.Stage
		g.Fill(accepted(conn), e)
		e.Stage = stage
	}
}

func (g *Guard) judge(ctx context.Context, e *envelope.Envelope) verdict.Verdict {
	return g.Policy.Judge(ctx, g.Resolver, e)
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
