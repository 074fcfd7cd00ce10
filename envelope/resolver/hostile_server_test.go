package resolver_test

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

// hostile is a name server whose behaviour a test defines. It listens for UDP and
// TCP on one port of the loopback interface. Without a handler it is silent over
// UDP and closes TCP connections.
type hostile struct {
	udp udpHandler
	tcp tcpHandler

	address     string
	overUDP     atomic.Int64 // the number of queries
	overTCP     atomic.Int64
	connections atomic.Int64
	ids, ports  sync.Map // of the queries over UDP
}

// udpHandler returns the messages that answer the nth query over UDP, counted from 1.
type udpHandler = func(query *dns.Msg, n int) [][]byte

// tcpHandler handles the nth query over TCP, counted from 1, and reports whether to
// read another query from the connection.
type tcpHandler = func(conn net.Conn, query *dns.Msg, n int) bool

// open starts the server and returns a Resolver that asks no other one. The
// timeout is long unless config has one.
func (h *hostile) open(t testing.TB, config resolver.Config) *resolver.Resolver {
	t.Helper()
	h.start(t)
	config.Servers = []string{h.address}
	if config.Timeout == 0 {
		config.Timeout = long
	}
	return open(t, config)
}

// start makes the server listen until the test ends.
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

// listen opens one port for TCP and UDP. It tries several, because a port that is
// free for TCP may be in use for UDP.
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

// reply packs a reply to a query with records in the format of master files.
// Records after "authority" are in the authority section.
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

// edited returns a copy of a message that edit has changed.
func edited(msg []byte, edit func(m *dns.Msg)) []byte {
	m := new(dns.Msg)
	if err := m.Unpack(msg); err != nil {
		panic(err)
	}
	edit(m)
	return pack(m)
}

// replying answers every query with a reply that has these records.
func replying(rcode int, records ...string) udpHandler {
	return func(q *dns.Msg, _ int) [][]byte { return [][]byte{reply(q, rcode, records...)} }
}

// answering answers every query with a TXT record of its name.
func answering(text string) udpHandler {
	return func(q *dns.Msg, n int) [][]byte {
		return replying(dns.RcodeSuccess, q.Question[0].Name+" 60 TXT "+text)(q, n)
	}
}

// failing answers with a code a number of times, and then as another handler does.
func failing(times, rcode int, then udpHandler) udpHandler {
	return func(q *dns.Msg, n int) [][]byte {
		if n <= times {
			return replying(rcode)(q, n)
		}
		return then(q, n)
	}
}

// rejectingEDNS answers queries with EDNS as reject does, and others as then does.
func rejectingEDNS(reject, then udpHandler) udpHandler {
	return func(q *dns.Msg, n int) [][]byte {
		if q.IsEdns0() != nil {
			return reject(q, n)
		}
		return then(q, n)
	}
}

// editing changes the replies of a handler.
func editing(handler udpHandler, edit func(m *dns.Msg)) udpHandler {
	return func(q *dns.Msg, n int) [][]byte {
		msgs := handler(q, n)
		for i, msg := range msgs {
			msgs[i] = edited(msg, edit)
		}
		return msgs
	}
}

// truncated sets TC in replies without records.
var truncated = editing(replying(dns.RcodeSuccess), func(m *dns.Msg) { m.Truncated = true })

// notRecursive clears RA.
func notRecursive(m *dns.Msg) { m.RecursionAvailable = false }

// overTCP answers over TCP as a handler does over UDP.
func overTCP(handler udpHandler) tcpHandler {
	return func(conn net.Conn, q *dns.Msg, n int) bool {
		for _, msg := range handler(q, n) {
			if _, err := conn.Write(framed(msg)); err != nil {
				return false
			}
		}
		return true
	}
}
