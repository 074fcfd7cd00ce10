package resolver

import (
	"math/bits"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/miekg/dns"
)

// Stats is what a Resolver has done since it was made. A lookup of one type is
// one question; LookupNetIP for network "ip" is two, LookupCNAME one or two.
type Stats struct {
	// Questions by how they ended: with records, with a name that has no such
	// record (NODATA), with a name that does not exist (NXDOMAIN, or no zone can
	// hold it), with a failure, with a failure because of time, and because the
	// context of the caller ended.
	Found, NoRecord, NoName, Failed, TimedOut, Left uint64

	// Questions by what it took: they were answered from the cache, shared the
	// exchange of an equal one, began an exchange, or needed none (a name that
	// no zone can hold, a context that had ended).
	Cached, Shared, Asked, Unasked uint64

	Exchanges uint64 // messages sent to servers
	Retries   uint64 // tries after a first one that failed
	OverTCP   uint64 // messages sent over TCP
	Latency   Latency

	Answers    int   // in the cache now
	CacheBytes int64 // what they take
}

// Questions returns how many questions have ended.
func (s Stats) Questions() uint64 { return s.Cached + s.Shared + s.Asked + s.Unasked }

// Latency counts exchanges by the time that they took, also those without a
// reply. Latency[i] are those shorter than LatencyBound(i) that are not in
// Latency[i-1]; the last holds the rest.
type Latency [18]uint64

// LatencyBound returns the bound of Latency[i]: 64 microseconds for the first,
// and twice that of the one before for the others. The last has none.
func LatencyBound(i int) time.Duration { return 64 * time.Microsecond << i }

// source is what it took to answer a question.
type source uint8

const (
	asked source = iota
	shared
	cached
	unasked
	sources
)

// counters are what Stats is made from. A question counts in one place, so that
// an answer from the cache costs one atomic addition.
type counters struct {
	questions [sources][outcomes]atomic.Uint64
	exchanges atomic.Uint64
	retries   atomic.Uint64
	overTCP   atomic.Uint64
	latency   [len(Latency{})]atomic.Uint64
}

func (c *counters) ended(from source, how outcome) { c.questions[from][how].Add(1) }

func (c *counters) exchanged(network string, took time.Duration) {
	c.exchanges.Add(1)
	if network == "tcp" {
		c.overTCP.Add(1)
	}
	bucket := bits.Len64(uint64(max(0, took) / LatencyBound(0)))
	c.latency[min(bucket, len(c.latency)-1)].Add(1)
}

// Stats returns what the Resolver has done so far.
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
		Failed: how(failed), TimedOut: how(timedOut), Left: how(left),
		Cached: from(cached), Shared: from(shared), Asked: from(asked), Unasked: from(unasked),
		Exchanges: c.exchanges.Load(), Retries: c.retries.Load(), OverTCP: c.overTCP.Load(),
	}
	for i := range s.Latency {
		s.Latency[i] = c.latency[i].Load()
	}
	s.Answers, s.CacheBytes = r.cache.count()
	return s
}

// Exchange is one message to a server, and what came back.
type Exchange struct {
	Server  string        // address and port
	Network string        // "udp" or "tcp"
	Name    string        // asked for, absolute
	Type    string        // asked for: "A", "TXT"
	Took    time.Duration // until the reply, or until it was given up
	Size    int           // of the reply, in octets
	Rcode   string        // of the reply: "NOERROR", "NXDOMAIN", "SERVFAIL"; "" without one
	Err     error         // why there is no reply that can be used, be it that it was too long for UDP
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
	if text, ok := dns.RcodeToString[code]; ok {
		return text
	}
	return "RCODE" + strconv.Itoa(code)
}
