package resolver

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// maxOpen limits the questions that are sent concurrently, so that the program
	// does not run out of sockets.
	maxOpen = 1000
	// patience is the time after which a server that has not replied counts as
	// failed, even if the callers stop waiting before the timeout.
	patience = 500 * time.Millisecond
)

// failure is the reason why a question has no answer.
type failure struct {
	reason   string
	server   string
	timeout  bool
	uncached bool // the reason does not concern the question
}

// exchange sends one question to one server after the other, until a reply is
// usable. The context ends when no caller waits any more.
func (r *Resolver) exchange(ctx context.Context, q question) (*dns.Msg, *failure) {
	select {
	case r.open <- struct{}{}:
		defer func() { <-r.open }()
	case <-ctx.Done():
		return nil, cancelled(ctx)
	}
	u := r.servers.at(r.clock())
	var last *failure
	for range u.attempts {
		for s := range byHealth(u.servers, r.clock) {
			if last != nil {
				r.stats.retries.Add(1)
			}
			began := r.clock()
			reply, err := r.try(ctx, time.Now().Add(u.timeout), s, q)
			if ctx.Err() != nil {
				if err != nil && r.clock()-began >= patience {
					s.failed(r.clock())
				}
				return nil, cancelled(ctx)
			}
			if last = r.fault(s, q, reply, err); last == nil {
				return reply, nil
			}
		}
	}
	return nil, last
}

// fault returns the reason why a reply is not usable, nil if it is, and records
// whether the server works.
func (r *Resolver) fault(s *server, q question, reply *dns.Msg, err error) *failure {
	if err != nil {
		s.failed(r.clock())
		return &failure{reason: err.Error(), server: s.name, timeout: isTimeout(err)}
	}
	if reply.Rcode == dns.RcodeServerFailure {
		s.answered() // SERVFAIL concerns the name, not the server
		return &failure{reason: "the server answered SERVFAIL", server: s.name}
	}
	if reason := flaw(reply, q); reason != "" {
		s.failed(r.clock())
		return &failure{reason: reason, server: s.name}
	}
	s.answered()
	return nil
}

// isTimeout reports whether err is the timeout of a dial, a read or a write.
func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

func cancelled(ctx context.Context) *failure {
	return &failure{reason: context.Cause(ctx).Error(), uncached: true}
}

// try sends a question to one server: again without EDNS if the server does not
// know it, and again over TCP if the reply does not fit into a UDP message.
func (r *Resolver) try(ctx context.Context, deadline time.Time, s *server, q question) (*dns.Msg, error) {
	edns := true
	reply, err := r.send(ctx, deadline, s, "udp", q, edns)
	if err == nil && retriedPlain(reply.Rcode) {
		edns = false
		reply, err = r.send(ctx, deadline, s, "udp", q, edns)
	}
	if errors.Is(err, errTooLong) {
		return r.send(ctx, deadline, s, "tcp", q, edns)
	}
	return reply, err
}

// send sends one query, waits for its reply, and reports both to Stats and
// OnExchange.
func (r *Resolver) send(ctx context.Context, deadline time.Time, s *server, network string, q question, edns bool) (*dns.Msg, error) {
	query, err := newQuery(q, edns)
	if err != nil {
		return nil, err // an alias that leads to an invalid name
	}
	var reply *dns.Msg
	size := 0
	began := time.Now()
	if network == "udp" {
		reply, size, err = askUDP(ctx, deadline, s.address, query)
	} else {
		reply, size, err = s.connections.ask(ctx, deadline, query)
	}
	took := time.Since(began)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // err is the deadline that bound has set
	}
	r.stats.exchanged(network)
	if r.onExchange != nil {
		r.onExchange(newExchange(s, network, q, reply, size, took, err))
	}
	return reply, err
}

// flaw returns the reason why a reply does not answer its question. It is "" for
// a reply with records, NODATA or NXDOMAIN.
func flaw(reply *dns.Msg, q question) string {
	switch {
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		return "the server answered " + rcodeText(reply.Rcode)
	case len(reply.Answer) > 0 && !slices.ContainsFunc(reply.Answer, q.isAbout):
		return "the answer is for another name or type"
	case reply.Rcode == dns.RcodeSuccess && isLame(reply):
		return "the server is not a recursive resolver"
	}
	return ""
}

// isAbout reports whether rr has the name and type of the question, or is an alias
// of the name.
func (q question) isAbout(rr dns.RR) bool {
	h := rr.Header()
	return strings.EqualFold(h.Name, q.name) && h.Class == dns.ClassINET && (h.Rrtype == q.kind || h.Rrtype == dns.TypeCNAME)
}

// isLame reports whether a reply looks like NODATA but is not: a referral, which
// has NS records and no SOA record (RFC 2308, section 2.2.1), or the empty reply of
// a server that is neither authoritative nor recursive.
func isLame(reply *dns.Msg) bool {
	if len(reply.Answer) > 0 || reply.Authoritative {
		return false
	}
	refers := false
	for _, rr := range reply.Ns {
		switch rr.(type) {
		case *dns.SOA:
			return false
		case *dns.NS:
			refers = true
		}
	}
	return refers || !reply.RecursionAvailable
}
