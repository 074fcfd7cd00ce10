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

// isClosed reports whether the other end of a connection is closed.
func isClosed(t *testing.T, peer net.Conn) bool {
	t.Helper()
	peer.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := peer.Read(make([]byte, 1))
	return err == io.EOF
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c connections
		conn, peer := net.Pipe()
		c.keep(conn)
		time.Sleep(idleTimeout - time.Second)
		if isClosed(t, peer) {
			t.Error("the connection is closed too early")
		}
		if got := c.take(); got != conn {
			t.Errorf("got %v", got)
		}
		time.Sleep(idleTimeout)
		if isClosed(t, peer) {
			t.Error("the connection is closed while it is in use")
		}
		c.keep(conn)
		time.Sleep(idleTimeout)
		synctest.Wait()
		if !isClosed(t, peer) || len(c.idle) != 0 || c.take() != nil {
			t.Error("the connection is not closed")
		}
	})
}

// lastMoment is a connection whose reply arrives together with the end of the
// context.
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

// The end of a context sets a deadline in the past, so the connection cannot be
// reused.
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

// A timeout of connecting is a timeout of the question.
func TestTimeoutOfConnecting(t *testing.T) {
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

// The connections of a server that is removed from the file are closed, those in
// use when they are returned. A server that stays keeps its connections and health.
func TestChangedFileKeepsRemainingServers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(file, []byte("nameserver 192.0.2.1\nnameserver 192.0.2.2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	servers, err := newServers(Config{File: file})
	if err != nil {
		t.Fatal(err)
	}
	removed, kept := servers.current.Load().servers[0], servers.current.Load().servers[1]
	kept.failed(0)
	var peers []net.Conn
	for _, s := range []*server{removed, kept} {
		conn, peer := net.Pipe()
		s.connections.keep(conn)
		peers = append(peers, peer)
	}
	servers.follow([]byte("nameserver 192.0.2.3\nnameserver 192.0.2.2\n"))
	if now := servers.current.Load().servers; now[1] != kept || now[0].name != "192.0.2.3:53" {
		t.Errorf("servers %v", now)
	}
	if !isClosed(t, peers[0]) || isClosed(t, peers[1]) {
		t.Error("the connection to the wrong server is closed")
	}
	conn, peer := net.Pipe()
	removed.connections.keep(conn)
	if !isClosed(t, peer) {
		t.Error("a connection to a removed server is kept")
	}
	servers.close()
	if !isClosed(t, peers[1]) {
		t.Error("a connection is open after close")
	}
	servers.follow([]byte("nameserver 192.0.2.4\n"))
	if servers.current.Load().servers[0].name == "192.0.2.4:53" {
		t.Error("the file is followed after close")
	}
}
