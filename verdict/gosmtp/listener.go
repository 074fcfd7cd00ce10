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
)

// bannerTimeout bounds the writing of the banner.
const bannerTimeout = 30 * time.Second

// Listener returns a listener whose connections are judged before the banner (RFC
// 5321, section 3.1). Give it to Serve directly, with listeners that handle proxies
// or limit connections below it. A policy that accepts for good at the banner is
// not asked again on that connection.
//
// The connection is judged when the server writes its banner, which go-smtp does in
// a goroutine for each connection. Accept does not wait for it, and it ends when the
// server closes the connection. After a 554 the client may send QUIT before the
// connection is closed.
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
	c := &greetingConn{Conn: conn}
	c.open(context.Background(), l.guard)
	return c, nil
}

// greetingConn judges when the banner is written to it.
type greetingConn struct {
	net.Conn
	connection

	greeted atomic.Bool
	early   []byte // what the client sent early, not yet read by the server
	failed  error  // of every further Read
}

// Write judges the client at the first write, if that is a banner. Anything else is
// a TLS handshake.
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

// Read never reads again once it has failed: go-smtp goes on after a timeout inside
// a message, and would take the rest of the message for commands.
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
	c.verdicts.Close()
	return c.Conn.Close()
}

// greet judges the client. An error means that the connection is closed or broken;
// Read returns it.
func (c *greetingConn) greet() (err error) {
	defer func() {
		// go-smtp does not recover here. It logs an error of Read, and closes the
		// connection.
		if v := recover(); v != nil {
			err = fmt.Errorf("gosmtp: panic at the banner: %v\n%s", v, debug.Stack())
			c.Conn.SetWriteDeadline(time.Now().Add(lastWords))
			io.WriteString(c.Conn, trouble(421).String())
		}
	}()
	ip := clientIP(c.Conn) // may wait for a PROXY header, before which nothing is too early
	if err := c.holdBack(c.guard.BannerDelay); err != nil {
		return err
	}
	e := envelope.Envelope{Stage: envelope.Connect, ClientIP: ip, SpokeEarly: c.spokeEarly}
	c.guard.fill(c.Conn, &e)
	if reply := c.verdicts.Connect(e); reply.Status.Class() != 2 {
		c.turnAway(reply)
		return net.ErrClosed
	}
	return nil
}

// holdBack waits for d, or until the client speaks. It returns an error if the client
// disconnects.
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
