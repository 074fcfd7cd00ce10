package resolver

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// Stats counts what a Resolver has done since [New]. A lookup of one type is one
// question; LookupNetIP with network "ip" is two, LookupCNAME is one or two.
type Stats struct {
	// Questions by result. Each question is in exactly one of these.
	Found     uint64 // answered with records
	NoRecord  uint64 // NODATA
	NoName    uint64 // NXDOMAIN, or a name that DNS cannot hold
	Failed    uint64 // failures except timeouts
	TimedOut  uint64 // timeouts of the servers
	Abandoned uint64 // the context of the caller ended first

	// Questions by origin of the result. Each question is in exactly one of these.
	Cached  uint64 // answered from the cache
	Shared  uint64 // joined an equal question that was open
	Asked   uint64 // sent to a server
	Unasked uint64 // none of these: an invalid name, an ended context or a closed Resolver

	Exchanges uint64 // messages sent to servers
	Retries   uint64 // tries after another try of the question failed
	OverTCP   uint64 // messages sent over TCP

	Answers    int   // the number of answers in the cache now
	CacheBytes int64 // the memory of these answers
}

// Questions returns the number of questions that have ended.
func (s Stats) Questions() uint64 { return s.Cached + s.Shared + s.Asked + s.Unasked }

// source is the origin of the result of a question.
type source uint8

const (
	asked source = iota
	shared
	cached
	unasked
	sources // the number of sources
)

// counters are the numbers of Stats. Questions are counted by source and outcome
// together, so that an answer from the cache costs one atomic addition.
type counters struct {
	questions [sources][outcomes]atomic.Uint64
	exchanges atomic.Uint64
	retries   atomic.Uint64
	overTCP   atomic.Uint64
}

func (c *counters) ended(from source, how outcome) { c.questions[from][how].Add(1) }

func (c *counters) exchanged(network string) {
	c.exchanges.Add(1)
	if network == "tcp" {
		c.overTCP.Add(1)
	}
}

// Stats returns the counters of the Resolver.
func (r *Resolver) Stats() Stats {
	c := &r.stats
	var by [sources][outcomes]uint64
	for from := range by {
		for how := range by[from] {
			by[from][how] = c.questions[from][how].Load()
		}
	}
	from := func(s source) (n uint64) {
		for _, count := range by[s] {
			n += count
		}
		return n
	}
	how := func(o outcome) (n uint64) {
		for _, counts := range by {
			n += counts[o]
		}
		return n
	}
	s := Stats{
		Found: how(found), NoRecord: how(noRecord), NoName: how(noName),
		Failed: how(failed), TimedOut: how(timedOut), Abandoned: how(abandoned),
		Cached: from(cached), Shared: from(shared), Asked: from(asked), Unasked: from(unasked),
		Exchanges: c.exchanges.Load(), Retries: c.retries.Load(), OverTCP: c.overTCP.Load(),
	}
	s.Answers, s.CacheBytes = r.cache.count()
	return s
}

// Exchange describes one message to a server and its reply.
type Exchange struct {
	Server  string        // the address and port of the server
	Network string        // "udp" or "tcp"
	Name    string        // the name of the question, absolute
	Type    string        // the type of the question, such as "A" or "TXT"
	Took    time.Duration // the time until the reply or the failure
	Size    int           // the size of the reply in octets
	Rcode   string        // the code of the reply, such as "NOERROR" or "SERVFAIL"; "" if Err is not nil
	Err     error         // the reason why there is no usable reply, such as one that does not fit into UDP
}

func newExchange(s *server, network string, q question, reply *dns.Msg, size int, took time.Duration, err error) Exchange {
	x := Exchange{
		Server: s.name, Network: network, Name: q.name, Type: dns.Type(q.kind).String(),
		Took: took, Size: size, Err: err,
	}
	if err == nil {
		x.Rcode = rcodeText(reply.Rcode)
	}
	return x
}

// rcodeText returns the name of a response code, or its number.
func rcodeText(code int) string {
	if code == dns.RcodeBadVers { // package dns has the other name of the number, which is for TSIG
		return "BADVERS"
	}
	if text, ok := dns.RcodeToString[code]; ok {
		return text
	}
	return "RCODE" + strconv.Itoa(code)
}
