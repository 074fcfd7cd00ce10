package gosmtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// bannerTimeout bounds the writing of what stands at the beginning of a
// connection, a few octets that the other end need not even read.
const bannerTimeout = 30 * time.Second

// Listener returns a listener whose connections are judged before they are
// greeted (RFC 5321, section 3.1). Give it to Serve as it is, with listeners
// that know of proxies or limit connections below it. A policy that accepts for
// good at the greeting is not asked again on that connection.
//
// The judgement takes place where the server writes its banner, which go-smtp
// does in a goroutine for each connection. So Accept never waits for it, it
// ends when the server closes the connection, and there are no more of them
// than there are connections: what bounds those (netutil.LimitListener) bounds
// these. After a 554 the client may say QUIT before it is cut off.
func (g *Guard) Listener(l net.Listener) net.Listener {
	return &greetingListener{Listener: l, guard: g}
}

type greetingListener struct {
	net.Listener
	guard *Guard
}

func (l *greetingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &greetingConn{Conn: conn, guard: l.guard, ctx: ctx, cancel: cancel}, nil
}

// greetingConn judges when the banner is written to it.
type greetingConn struct {
	net.Conn
	connection
	guard  *Guard
	ctx    context.Context // until Close
	cancel context.CancelFunc

	greeted atomic.Bool
	early   []byte // what the client said too early, not yet read by the server
	failed  error  // of Read, for good
}

// Write judges the client at the first thing written, if that is a banner.
// Anything else is the handshake of TLS below which nothing can be said.
func (c *greetingConn) Write(p []byte) (int, error) {
	if c.greeted.Swap(true) || len(p) == 0 || p[0] != '2' {
		return c.Conn.Write(p)
	}
	if err := c.greet(); err != nil {
		c.failed = err
		return 0, err
	}
	// The deadline that the server has set was for a banner without delay.
	c.Conn.SetWriteDeadline(time.Now().Add(bannerTimeout))
	defer c.Conn.SetWriteDeadline(time.Time{})
	return c.Conn.Write(p)
}

// Read never reads again once it has failed: go-smtp goes on after a timeout
// inside a message, and what is left of the message must not be taken for
// commands.
func (c *greetingConn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		c.early = c.early[n:]
		return n, nil
	}
	if c.failed != nil {
		return 0, c.failed
	}
	n, err := c.Conn.Read(p)
	c.failed = err
	if cutOff := c.broken.Load(); cutOff != nil && err != nil && err != io.EOF {
		(*cutOff)()
	}
	return n, err
}

// Close ends a judgement that is under way.
func (c *greetingConn) Close() error {
	c.cancel()
	return c.Conn.Close()
}

// greet returns nil if the client may be greeted. Else the connection is
// closed, or broken, and the error is what Read shall say.
func (c *greetingConn) greet() (err error) {
	defer func() {
		// go-smtp does not recover here. It logs an error of Read, and closes the
		// connection.
		if v := recover(); v != nil {
			err = fmt.Errorf("gosmtp: panic at the greeting: %v\n%s", v, debug.Stack())
			c.Conn.SetWriteDeadline(time.Now().Add(lastWords))
			io.WriteString(c.Conn, trouble(421).String())
		}
	}()
	if err := c.holdBack(c.guard.BannerDelay); err != nil {
		return err
	}
	e := envelope.Envelope{Stage: envelope.Connect, ClientIP: clientIP(c.Conn), SpokeEarly: c.spokeEarly}
	c.guard.fill(c.Conn, &e)
	c.greeting = c.guard.judge(c.ctx, &e)
	event := verdict.Event{Stage: envelope.Connect, Envelope: &e, Verdict: c.greeting}
	if c.greeting.Err() == nil {
		event.Reply = greeted
		c.guard.tell(c.ctx, event)
		return nil
	}
	event.Reply = c.greeting.Reply()
	c.guard.tell(c.ctx, event)
	c.turnAway(event.Reply)
	return net.ErrClosed
}

// holdBack waits for d, or until the client speaks, which it should not, or
// leaves, which is the error.
func (c *greetingConn) holdBack(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	c.Conn.SetReadDeadline(time.Now().Add(d))
	defer c.Conn.SetReadDeadline(time.Time{})
	first := make([]byte, 1)
	n, err := c.Conn.Read(first)
	switch {
	case n > 0:
		c.spokeEarly, c.early = true, first
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	}
	return err
}
