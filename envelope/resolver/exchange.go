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
	// maxOpen is how many questions are with servers at the same time. More wait
	// for their turn, so that a crowd does not run out of sockets.
	maxOpen = 1000
	// patience is after how long a server counts as silent for which the callers
	// did not wait to the end.
	patience = 500 * time.Millisecond
)

// failure is why a question got no answer.
type failure struct {
	reason  string
	server  string
	timeout bool
	// passing says that it tells nothing of the question: it is not kept.
	passing bool
}

// exchange puts one question to one server after the other, until a reply
// settles it. The context ends when nobody wants the answer any more.
func (r *Resolver) exchange(ctx context.Context, q question) (*dns.Msg, *failure) {
	select {
	case r.open <- struct{}{}:
		defer func() { <-r.open }()
	case <-ctx.Done():
		return nil, abandoned(ctx)
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
				return nil, abandoned(ctx)
			}
			if last = r.fault(s, q, reply, err); last == nil {
				return reply, nil
			}
		}
	}
	return nil, last
}

// fault notes how a server has done, and says why its reply does not settle the
// question: nil if it does.
func (r *Resolver) fault(s *server, q question, reply *dns.Msg, err error) *failure {
	if err != nil {
		s.failed(r.clock())
		return &failure{reason: err.Error(), server: s.name, timeout: isTimeout(err)}
	}
	if reply.Rcode == dns.RcodeServerFailure {
		s.answered() // it works, and could not find out
		return &failure{reason: "the server could not find out (SERVFAIL)", server: s.name}
	}
	if reason := flaw(reply, q); reason != "" {
		s.failed(r.clock())
		return &failure{reason: reason, server: s.name}
	}
	s.answered()
	return nil
}

// isTimeout reports whether err says that time was up. What ends a dial is not
// what ends a read.
func isTimeout(err error) bool {
	var network net.Error
	return errors.As(err, &network) && network.Timeout()
}

func abandoned(ctx context.Context) *failure {
	return &failure{reason: context.Cause(ctx).Error(), passing: true}
}

// try puts a question to one server and sees it through: without EDNS if the
// server does not know that, over TCP if the answer is too long for UDP.
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

// send makes one exchange of a query for a reply, and tells of it.
func (r *Resolver) send(ctx context.Context, deadline time.Time, s *server, network string, q question, edns bool) (*dns.Msg, error) {
	query, err := newQuery(q, edns)
	if err != nil {
		return nil, err // an alias to a name that can't be put into a message
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
		err = context.Cause(ctx) // not the deadline by which it was ended
	}
	r.stats.exchanged(network, took)
	if r.onExchange != nil {
		r.onExchange(newExchange(s, network, q, reply, size, took, err))
	}
	return reply, err
}

// flaw says why a reply does not settle its question; "" is a reply that has the
// records, or says that there are none, or no such name.
func flaw(reply *dns.Msg, q question) string {
	switch {
	case reply.Rcode != dns.RcodeSuccess && reply.Rcode != dns.RcodeNameError:
		return "the server answers " + rcodeText(reply.Rcode)
	case len(reply.Answer) > 0 && !slices.ContainsFunc(reply.Answer, q.isAbout):
		return "the answer is to another question"
	case reply.Rcode == dns.RcodeSuccess && isLame(reply):
		return "the server is not recursive, and does not know"
	}
	return ""
}

// isAbout reports whether rr is what was asked for, or the alias of the name.
func (q question) isAbout(rr dns.RR) bool {
	h := rr.Header()
	return strings.EqualFold(h.Name, q.name) && h.Class == dns.ClassINET && (h.Rrtype == q.kind || h.Rrtype == dns.TypeCNAME)
}

// isLame reports whether a server sends the asker on to others, or away, instead
// of answering. It looks like an answer without records. But there are NS records
// without a SOA record beside them (RFC 2308, section 2.2.1), or the server says
// that it neither has the zone nor asks those that have.
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
