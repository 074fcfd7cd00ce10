package zone

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"github.com/miekg/dns"
	"mxrules.example/envelope"
)

// negativeTTL is how long, in seconds, a resolver may remember that something
// does not exist, if the text has no SOA record that says so (RFC 2308,
// section 5).
const negativeTTL = 300

// Server answers the questions of other programs and resolvers from a Zone.
// Make one with [Zone.Serve], and close it.
type Server struct {
	zone *Zone
	addr string
	ctx  context.Context // ends with Close
	stop context.CancelFunc
	udp  *dns.Server
	tcp  *dns.Server
}

// Serve answers questions over UDP and TCP at a loopback address with a port,
// such as "127.0.0.1:5353"; port 0 is a free one. It answers as a recursive
// resolver does, with whole chains of aliases, and with a SOA record beside
// NXDOMAIN and NODATA. What does not fit into the size that the client offers
// over UDP is cut off, with TC set. A question with the fault Timeout gets no
// answer at all.
//
// Every question goes into the log of z, and plays the next answer of
// Answering, also when a client repeats itself or asks again over TCP.
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

// begin starts a server, which then goes on until its Shutdown.
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
		return nil, nil, &envelope.SyntaxError{Kind: "server address", Value: addr, Reason: "is no loopback address with a port"}
	}
	const attempts = 10 // a port that is free for TCP may be taken for UDP
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

// Addr returns the address that the server listens on, with its port.
func (s *Server) Addr() string { return s.addr }

// Resolver returns the resolver of the standard library, made to ask s and no
// one else. It still reads the file of hosts, and the timeout and the number of
// attempts from the configuration of the system. Unlike others of its kind it
// returns at once when its context is cancelled.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, network, s.addr)
			if err == nil {
				// The standard library keeps to the deadline of a context, but
				// does not see that it is cancelled while it reads.
				context.AfterFunc(ctx, func() { conn.Close() })
			}
			return conn, err
		},
	}
}

// Close ends the server. Answers that are still delayed are never given.
func (s *Server) Close() error {
	s.stop()
	return errors.Join(s.udp.Shutdown(), s.tcp.Shutdown())
}

// answer answers one query.
func (s *Server) answer(w dns.ResponseWriter, query *dns.Msg) {
	reply := new(dns.Msg).SetReply(query)
	reply.RecursionAvailable = true
	question := query.Question[0] // the dns package refuses any other number
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
	_ = w.WriteMsg(reply) // a client that is gone is no one's loss
}

// fill puts the answer to question into reply. It reports whether there is an
// answer at all.
func (s *Server) fill(reply *dns.Msg, name string, question dns.Question) bool {
	a, err := s.zone.ask(s.ctx, name, question.Qtype, s.zone.solve)
	if err != nil || a.fault == Timeout {
		return false
	}
	owner := question.Name // in the letters in which it was asked
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
	if a.fault == 0 && len(a.records) == 0 {
		reply.Ns = []dns.RR{s.zone.authority(a.name)}
	}
	return true
}

// owned returns a copy of rr for owner: a record of a wildcard bears the name
// that was asked for (RFC 4592, section 3.3.1).
func owned(rr dns.RR, owner string) dns.RR {
	rr = dns.Copy(rr)
	rr.Header().Name = owner
	return rr
}

// authority returns the SOA record nearest above name, or one of the root.
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
