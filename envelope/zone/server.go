package zone

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/miekg/dns"
	"mxrules.example/envelope"
)

// negativeTTL is the TTL in seconds of NXDOMAIN and NODATA if the text has no SOA
// record (RFC 2308, section 5).
const negativeTTL = 300

// Server is a DNS server that answers from a Zone. Create it with [Zone.Serve] and
// close it at the end.
type Server struct {
	zone *Zone
	addr string
	ctx  context.Context // Close ends it
	stop context.CancelFunc
	udp  *dns.Server
	tcp  *dns.Server
}

// Serve starts a server for z on UDP and TCP at a loopback address with a port, such
// as "127.0.0.1:5353"; port 0 selects a free port. It answers like a recursive
// resolver: with whole chains of aliases, and with a SOA record beside NXDOMAIN and
// NODATA. A reply that exceeds the UDP size of the client is truncated, with TC
// set. A question with the fault Timeout gets no reply.
//
// Every query counts as a question of z, including repetitions and those over TCP:
// it is logged, and gets the next answer of Answering.
//
// It returns an *[envelope.SyntaxError] if addr is invalid or not a loopback
// address, and the error of the system if it cannot listen.
func (z *Zone) Serve(addr string) (*Server, error) {
	listener, packets, err := listen(addr)
	if err != nil {
		return nil, err
	}
	s := &Server{zone: z, addr: listener.Addr().String()}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.udp = &dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(s.answer)}
	s.tcp = &dns.Server{Listener: listener, Handler: dns.HandlerFunc(s.answer)}
	if err := errors.Join(begin(s.udp), begin(s.tcp)); err != nil {
		packets.Close()
		listener.Close()
		return nil, err
	}
	return s, nil
}

// begin starts a server, which runs until its Shutdown.
func begin(server *dns.Server) error {
	started, failed := make(chan struct{}), make(chan error, 1)
	server.NotifyStartedFunc = func() { close(started) }
	go func() { failed <- server.ActivateAndServe() }()
	select {
	case <-started:
		return nil
	case err := <-failed:
		return err
	}
}

// listen opens one port for UDP and TCP.
func listen(addr string) (net.Listener, net.PacketConn, error) {
	want, err := netip.ParseAddrPort(addr)
	if err != nil || !want.Addr().IsLoopback() {
		return nil, nil, &envelope.SyntaxError{Kind: "server address", Value: addr, Reason: "is not a loopback address with a port"}
	}
	const attempts = 10 // a port that is free for TCP may be in use for UDP
	for range attempts {
		listener, err1 := net.Listen("tcp", addr)
		if err1 != nil {
			return nil, nil, err1
		}
		var packets net.PacketConn
		if packets, err = net.ListenPacket("udp", listener.Addr().String()); err == nil {
			return listener, packets, nil
		}
		listener.Close()
		if want.Port() != 0 {
			break
		}
	}
	return nil, nil, err
}

// Addr returns the address and port of the server.
func (s *Server) Addr() string { return s.addr }

// Resolver returns a resolver of the standard library that sends all queries to s.
// It still reads the hosts file, and takes the timeout and the attempts from the
// configuration of the system. Unlike other *net.Resolvers it returns at once when
// its context is cancelled.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, s.addr)
			if err == nil {
				// The standard library uses the deadline of a context, but does not
				// notice a cancellation while it reads.
				context.AfterFunc(ctx, func() { conn.Close() })
			}
			return conn, err
		},
	}
}

// Close stops the server. Delayed replies are not sent.
func (s *Server) Close() error {
	s.stop()
	return errors.Join(s.udp.Shutdown(), s.tcp.Shutdown())
}

// answer answers one query.
func (s *Server) answer(w dns.ResponseWriter, query *dns.Msg) {
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = true
	question := query.Question[0] // package dns rejects queries with another number of questions
	name, ok := normal(question.Name)
	if !ok || question.Qclass != dns.ClassINET {
		reply.Rcode = dns.RcodeRefused
	} else if !s.fill(reply, name, question) {
		return
	}
	size := dns.MinMsgSize // RFC 1035, section 4.2.1
	if option := query.IsEdns0(); option != nil {
		reply.SetEdns0(dns.DefaultMsgSize, false)
		size = int(option.UDPSize()) // RFC 6891, section 6.2.3
	}
	if w.LocalAddr().Network() == "tcp" {
		size = dns.MaxMsgSize
	}
	reply.Truncate(size)
	_ = w.WriteMsg(reply) // the client may have gone
}

// fill sets the sections and the code of reply. It returns false if there must be
// no reply.
func (s *Server) fill(reply *dns.Msg, name string, question dns.Question) bool {
	a, err := s.zone.ask(s.ctx, name, question.Qtype, s.zone.solve)
	if err != nil || a.fault == Timeout {
		return false
	}
	owner := question.Name // with its letter case
	for _, hop := range a.aliases {
		reply.Answer = append(reply.Answer, owned(hop.rr, owner))
		owner = hop.rr.(*dns.CNAME).Target
	}
	for _, rr := range a.records {
		reply.Answer = append(reply.Answer, owned(rr, owner))
	}
	switch {
	case a.fault == SERVFAIL:
		reply.Rcode, reply.Answer = dns.RcodeServerFailure, nil
	case a.fault == REFUSED:
		reply.Rcode, reply.Answer = dns.RcodeRefused, nil
	case a.missing:
		reply.Rcode = dns.RcodeNameError
	}
	if a.fault == "" && len(a.records) == 0 {
		reply.Ns = []dns.RR{s.zone.authority(a.name)}
	}
	return true
}

// owned returns a copy of rr with another owner: the owner of a wildcard record is
// the name of the question (RFC 4592, section 3.3.1).
func owned(rr dns.RR, owner string) dns.RR {
	rr = dns.Copy(rr)
	rr.Header().Name = owner
	return rr
}

// authority returns the SOA record of name or its nearest ancestor that has one, or
// a default one of the root.
func (z *Zone) authority(name string) dns.RR {
	for {
		if records := z.names[name][dns.TypeSOA]; len(records) > 0 {
			return records[0]
		}
		if name == "" {
			break
		}
		name = parent(name)
	}
	return &dns.SOA{
		Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET, Ttl: negativeTTL},
		Ns:  ".", Mbox: ".", Serial: 1, Refresh: 3600, Retry: 600, Expire: 86400, Minttl: negativeTTL,
	}
}
