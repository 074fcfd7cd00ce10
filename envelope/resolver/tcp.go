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
	// maxIdle is the number of idle connections that are kept for each server.
	maxIdle = 4
	// idleTimeout is the time for which an idle connection is kept (RFC 7766,
	// section 6.2.3: a few seconds).
	idleTimeout = 5 * time.Second
)

var errOtherReply = errors.New("the reply does not match the query")

// connections holds the idle TCP connections to one server. A question does not
// share its connection.
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

// ask sends a query over TCP and waits for its reply. The server may have closed
// an idle connection in the meantime, so a failure on one is retried on a new
// connection (RFC 7766, section 6.2.4).
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

// converse sends one query and reads one reply. Each has a prefix of two octets,
// its length (RFC 1035, section 4.2.2), which is sent in one segment with the query
// (RFC 7766, section 8).
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
	if !q.isAnsweredBy(msg) {
		return nil, len(msg), errOtherReply
	}
	if isTruncated(msg) {
		return nil, len(msg), errTruncated
	}
	reply, err := unpack(msg)
	return reply, len(msg), err
}

// take removes and returns the most recently used idle connection, nil if there is
// none.
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

// keep makes a connection idle.
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

// close closes the idle connections. Connections that are in use are closed when
// they are returned to keep.
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
