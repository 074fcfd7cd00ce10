package resolver_test

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
)

// hostile is a name server that does what a test wants. It listens for UDP and
// TCP on one port of the loopback interface.
type hostile struct {
	// udp returns the messages that answer the nth query over UDP, from 1 on.
	udp func(query *dns.Msg, n int) [][]byte
	// tcp does what it likes with a connection on which a query came, the nth
	// over TCP, and reports whether to wait for another.
	tcp func(conn net.Conn, query *dns.Msg, n int) bool

	address     string
	overUDP     atomic.Int64 // queries
	overTCP     atomic.Int64
	connections atomic.Int64
	ids, ports  sync.Map // of the queries over UDP
}

// start makes the server listen for the time of a test.
func (h *hostile) start(t testing.TB) *hostile {
	t.Helper()
	listener, packets := listen(t)
	h.address = listener.Addr().String()
	var group sync.WaitGroup
	group.Go(func() { h.serveUDP(packets) })
	group.Go(func() { h.serveTCP(listener, &group) })
	t.Cleanup(func() {
		packets.Close()
		listener.Close()
		group.Wait()
	})
	return h
}

// listen opens one port for TCP and UDP. One that is free for TCP may be taken
// for UDP.
func listen(t testing.TB) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 20 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		packets, err := net.ListenPacket("udp", listener.Addr().String())
		if err == nil {
			return listener, packets
		}
		listener.Close()
	}
	t.Fatal("no port is free for both TCP and UDP")
	return nil, nil
}

func (h *hostile) serveUDP(packets net.PacketConn) {
	buffer := make([]byte, 65536)
	for {
		n, from, err := packets.ReadFrom(buffer)
		if err != nil {
			return
		}
		query := new(dns.Msg)
		if query.Unpack(buffer[:n]) != nil {
			continue
		}
		h.ids.Store(query.Id, true)
		h.ports.Store(from.(*net.UDPAddr).Port, true)
		count := h.overUDP.Add(1)
		if h.udp == nil {
			continue
		}
		for _, msg := range h.udp(query, int(count)) {
			packets.WriteTo(msg, from)
		}
	}
}

func (h *hostile) serveTCP(listener net.Listener, group *sync.WaitGroup) {
	var mu sync.Mutex
	var open []net.Conn
	for {
		conn, err := listener.Accept()
		if err != nil {
			break
		}
		h.connections.Add(1)
		mu.Lock()
		open = append(open, conn)
		mu.Unlock()
		group.Go(func() {
			defer conn.Close()
			for {
				query, err := readFramed(conn)
				if err != nil || h.tcp == nil || !h.tcp(conn, query, int(h.overTCP.Add(1))) {
					return
				}
			}
		})
	}
	mu.Lock()
	defer mu.Unlock()
	for _, conn := range open {
		conn.Close()
	}
}

func readFramed(conn net.Conn) (*dns.Msg, error) {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	raw := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, raw); err != nil {
		return nil, err
	}
	query := new(dns.Msg)
	return query, query.Unpack(raw)
}

func framed(msg []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(msg))), msg...)
}

// reply packs a reply to a query with these records, which are in the format of
// master files; those behind "authority" are in the authority section.
func reply(query *dns.Msg, rcode int, records ...string) []byte {
	m := new(dns.Msg).SetRcode(query, rcode)
	m.RecursionAvailable = true
	section := &m.Answer
	for _, text := range records {
		if text == "authority" {
			section = &m.Ns
			continue
		}
		rr, err := dns.NewRR(text)
		if err != nil {
			panic(text + ": " + err.Error())
		}
		*section = append(*section, rr)
	}
	return pack(m)
}

func pack(m *dns.Msg) []byte {
	m.Compress = true
	msg, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return msg
}

// cut returns a reply without records that says TC.
func cut(query *dns.Msg) []byte {
	m := new(dns.Msg).SetReply(query)
	m.Truncated = true
	return pack(m)
}

// altered returns a copy of a message that edit has changed.
func altered(msg []byte, edit func(m *dns.Msg)) []byte {
	m := new(dns.Msg)
	if err := m.Unpack(msg); err != nil {
		panic(err)
	}
	edit(m)
	return pack(m)
}

// whole answers over TCP with one reply.
func whole(records ...string) func(net.Conn, *dns.Msg, int) bool {
	return func(conn net.Conn, query *dns.Msg, _ int) bool {
		_, err := conn.Write(framed(reply(query, dns.RcodeSuccess, records...)))
		return err == nil
	}
}
