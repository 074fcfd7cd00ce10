package resolver

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"
)

const (
	// maxIdle is how many connections to one server are kept for later.
	maxIdle = 4
	// idleTimeout is how long a connection is kept without use (RFC 7766,
	// section 6.2.3: a few seconds).
	idleTimeout = 5 * time.Second
)

var errMisfit = errors.New("the reply is to another question")

// connections are the open TCP connections to one server that nobody uses. Each
// question has one for itself while it is open.
type connections struct {
	address string

	mu     sync.Mutex
	idle   []*idleConn
	closed bool
}

type idleConn struct {
	net.Conn
	expiry *time.Timer
}

// ask sends a query over TCP and waits for its reply. A connection that was
// kept may have been closed by the server meanwhile, so that a failure there is
// followed by a connection of its own (RFC 7766, section 6.2.4).
func (c *connections) ask(ctx context.Context, deadline time.Time, q *query) (*dns.Msg, int, error) {
	if conn := c.take(); conn != nil {
		reply, n, err := c.askOver(ctx, deadline, conn, q)
		if err == nil || ctx.Err() != nil || !time.Now().Before(deadline) {
			return reply, n, err
		}
	}
	dialer := net.Dialer{Deadline: deadline}
	conn, err := dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		return nil, 0, err
	}
	return c.askOver(ctx, deadline, conn, q)
}

func (c *connections) askOver(ctx context.Context, deadline time.Time, conn net.Conn, q *query) (*dns.Msg, int, error) {
	release := bound(ctx, conn, deadline)
	reply, n, err := converse(conn, q)
	if release() && err == nil {
		c.keep(conn)
	} else {
		conn.Close()
	}
	return reply, n, err
}

// converse puts one query and reads one reply. Two octets of length stand before
// each (RFC 1035, section 4.2.2), and go out in one segment with it (RFC 7766,
// section 8).
func converse(conn io.ReadWriter, q *query) (*dns.Msg, int, error) {
	framed := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(q.packed)), uint16(len(q.packed)))
	if _, err := conn.Write(append(framed, q.packed...)); err != nil {
		return nil, 0, err
	}
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, 0, err
	}
	msg := make([]byte, binary.BigEndian.Uint16(length[:]))
	if n, err := io.ReadFull(conn, msg); err != nil {
		return nil, n, err
	}
	if !q.fits(msg) {
		return nil, len(msg), errMisfit
	}
	if truncated(msg) {
		return nil, len(msg), errCutOff
	}
	reply, err := unpack(msg)
	return reply, len(msg), err
}

// take returns the connection that was used last, nil if there is none.
func (c *connections) take() net.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.idle) > 0 {
		last := len(c.idle) - 1
		kept := c.idle[last]
		c.idle = slices.Delete(c.idle, last, last+1)
		if kept.expiry.Stop() {
			return kept.Conn
		}
	}
	return nil
}

// keep holds a connection for the next question, for a while.
func (c *connections) keep(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || len(c.idle) >= maxIdle {
		conn.Close()
		return
	}
	kept := &idleConn{Conn: conn}
	kept.expiry = time.AfterFunc(idleTimeout, func() {
		conn.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.idle = slices.DeleteFunc(c.idle, func(other *idleConn) bool { return other == kept })
	})
	c.idle = append(c.idle, kept)
}

// close closes the connections, and those that come back later.
func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, kept := range c.idle {
		kept.expiry.Stop()
		kept.Close()
	}
	c.idle = nil
}
