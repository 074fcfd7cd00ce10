package resolver

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
)

// isClosed reports whether the other end of a connection was closed.
func isClosed(t *testing.T, peer net.Conn) bool {
	t.Helper()
	peer.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := peer.Read(make([]byte, 1))
	return err == io.EOF
}

func TestIdleConnectionsAreClosedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c connections
		conn, peer := net.Pipe()
		c.keep(conn)
		time.Sleep(idleTimeout - time.Second)
		if isClosed(t, peer) {
			t.Error("the connection is closed before its time")
		}
		if got := c.take(); got != conn {
			t.Errorf("got %v", got)
		}
		time.Sleep(idleTimeout)
		if isClosed(t, peer) {
			t.Error("the connection is closed while it is used")
		}
		c.keep(conn)
		time.Sleep(idleTimeout)
		synctest.Wait()
		if !isClosed(t, peer) || len(c.idle) != 0 || c.take() != nil {
			t.Error("the connection is not closed")
		}
	})
}

// lastMoment is a connection on which the reply has come when the context ends.
type lastMoment struct {
	net.Conn
	reply  io.Reader
	cancel context.CancelFunc
	closed bool
}

func (c *lastMoment) Write(b []byte) (int, error)          { return len(b), nil }
func (c *lastMoment) Read(b []byte) (int, error)           { c.cancel(); return c.reply.Read(b) }
func (c *lastMoment) SetDeadline(deadline time.Time) error { return nil }
func (c *lastMoment) Close() error                         { c.closed = true; return nil }

// A connection whose deadline the end of a context has set is of no use to the
// next question.
func TestConnectionOfACancelledQuestionIsNotKept(t *testing.T) {
	q, err := newQuery(question{"name.example.", dns.TypeTXT}, true)
	if err != nil {
		t.Fatal(err)
	}
	msg := append([]byte{0, byte(len(q.packed))}, q.packed...)
	msg[2+2] |= 0x80 // a reply
	ctx, cancel := context.WithCancel(t.Context())
	conn := &lastMoment{reply: bytes.NewReader(msg), cancel: cancel}
	var c connections
	if _, _, err := c.askOver(ctx, time.Now(), conn, q); err != nil {
		t.Fatal(err)
	}
	if len(c.idle) != 0 || !conn.closed {
		t.Error("the connection is kept")
	}
}

// A connection that does not come about in time is a timeout, as an answer is
// that does not come.
func TestConnectionThatIsLateIsATimeout(t *testing.T) {
	r, err := New(Config{Servers: []string{"127.0.0.1:1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	q, err := newQuery(question{"name.example.", dns.TypeTXT}, true)
	if err != nil {
		t.Fatal(err)
	}
	s := r.servers.current.Load().servers[0]
	_, _, err = s.connections.ask(t.Context(), longAgo, q)
	if f := r.fault(s, q.question, nil, err); f == nil || !f.timeout {
		t.Errorf("got %+v for %v", f, err)
	}
}

// A server that leaves the file loses its connections, also those that are in
// use then. One that stays keeps them, and its health.
func TestServersThatLeaveAndThatStay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(file, []byte("nameserver 192.0.2.1\nnameserver 192.0.2.2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	servers, err := newServers(Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	leaves, stays := servers.current.Load().servers[0], servers.current.Load().servers[1]
	stays.failed(0)
	var peers []net.Conn
	for _, s := range []*server{leaves, stays} {
		conn, peer := net.Pipe()
		s.connections.keep(conn)
		peers = append(peers, peer)
	}
	servers.follow([]byte("nameserver 192.0.2.3\nnameserver 192.0.2.2\n"))
	if now := servers.current.Load().servers; now[1] != stays || now[0].name != "192.0.2.3:53" {
		t.Errorf("servers %v", now)
	}
	if !isClosed(t, peers[0]) || isClosed(t, peers[1]) {
		t.Error("the connection to the wrong server is closed")
	}
	conn, peer := net.Pipe()
	leaves.connections.keep(conn)
	if !isClosed(t, peer) {
		t.Error("a connection in use is kept for a server that has left")
	}
	servers.close()
	if !isClosed(t, peers[1]) {
		t.Error("a connection is open after the end")
	}
	servers.follow([]byte("nameserver 192.0.2.4\n"))
	if servers.current.Load().servers[0].name == "192.0.2.4:53" {
		t.Error("the file is followed after the end")
	}
}
