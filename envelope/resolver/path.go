package resolver

import (
	"context"
	"strings"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/internal/presentation"
)

const (
	maxAliases = 10   // of one question
	maxRecords = 1000 // of one answer
)

// Limits of the time for which an answer is cached. The package documentation says
// why they exist.
const (
	minTTL      = 5 * time.Second
	maxTTL      = time.Hour
	maxNegative = 15 * time.Minute // RFC 2308, section 5, allows up to 3 hours
	failureTTL  = 5 * time.Second  // RFC 9520, section 3.2: from 1 second to 5 minutes
)

// resolve looks up a question, following aliases. It returns the answer and the
// time for which it may be cached; 0 is not at all.
func (r *Resolver) resolve(ctx context.Context, q question) (answer, time.Duration) {
	p := path{question: q, ttl: maxTTL}
	for {
		next := question{strings.ToLower(p.name), q.kind}
		reply, failed := r.exchange(ctx, next)
		if failed != nil {
			return p.failed(failed)
		}
		if a, ttl, done := p.follow(reply); done {
			return a, ttl
		}
	}
}

// path is the chain of aliases of a question, as far as it is known.
type path struct {
	question               // its name is the end of the chain
	aliases  int           // the length of the chain
	ttl      time.Duration // the shortest TTL of the chain
}

// follow follows the aliases in a reply (RFC 1034, section 5.3.3). It returns
// false if they end at a name about which the reply has no information.
func (p *path) follow(reply *dns.Msg) (a answer, ttl time.Duration, done bool) {
	before := p.aliases
	for {
		records, broken := p.collect(reply.Answer)
		switch {
		case broken:
			a, ttl = p.failed(&failure{reason: "the answer has a record without data"})
			return a, ttl, true
		case len(records) > 0 && reply.Rcode == dns.RcodeNameError:
			a, ttl = p.failed(&failure{reason: "the answer is NXDOMAIN, but has records of the name"})
			return a, ttl, true
		case len(records) > 0:
			return p.found(records), max(p.ttl, minTTL), true
		}
		if !p.step(reply.Answer) {
			break
		}
		if p.aliases > maxAliases {
			a, ttl = p.failed(&failure{reason: "the chain of aliases is too long"})
			return a, ttl, true
		}
	}
	soa := authority(reply.Ns)
	if reply.Rcode == dns.RcodeSuccess && p.aliases > before && soa == nil {
		return answer{}, 0, false
	}
	// The code concerns the name at the end of the chain (RFC 6604, section 3).
	a = answer{outcome: noRecord}
	if reply.Rcode == dns.RcodeNameError {
		a = answer{outcome: noName, exists: p.aliases > 0}
	}
	return a, p.negativeTTL(soa), true
}

// collect returns the records that the question asks for. It sets broken if one
// of them, or an alias of the name, has no data; only update messages may have
// such records (RFC 2136).
func (p *path) collect(section []dns.RR) (records []dns.RR, broken bool) {
	for _, rr := range section {
		if !p.isAbout(rr) {
			continue
		}
		if isEmpty(rr) {
			return nil, true
		}
		if rr.Header().Rrtype == p.kind && len(records) < maxRecords {
			records = append(records, rr)
			p.shorten(rr.Header().Ttl)
		}
	}
	return records, false
}

// step goes to the target of the name, and returns false if the name is not an
// alias.
func (p *path) step(section []dns.RR) bool {
	for _, rr := range section {
		if alias, ok := rr.(*dns.CNAME); ok && p.isAbout(rr) {
			p.name = alias.Target
			p.aliases++
			p.shorten(alias.Hdr.Ttl)
			return true
		}
	}
	return false
}

// shorten limits p.ttl to the TTL of a record. A TTL with the most significant bit
// set means 0 (RFC 2181, section 8).
func (p *path) shorten(seconds uint32) {
	if seconds > 1<<31-1 {
		seconds = 0
	}
	p.ttl = min(p.ttl, time.Duration(seconds)*time.Second)
}

// negativeTTL returns the time for which NXDOMAIN or NODATA may be cached: the
// lesser of the minimum and the TTL of the SOA record. Without a SOA record such
// an answer should not be cached (RFC 2308, section 5).
func (p *path) negativeTTL(soa *dns.SOA) time.Duration {
	if soa == nil {
		return 0
	}
	p.shorten(soa.Minttl)
	p.shorten(soa.Hdr.Ttl)
	return min(max(p.ttl, minTTL), maxNegative)
}

func authority(section []dns.RR) *dns.SOA {
	for _, rr := range section {
		if soa, ok := rr.(*dns.SOA); ok {
			return soa
		}
	}
	return nil
}

func (p *path) found(records []dns.RR) answer {
	a := answer{outcome: found, exists: true, count: uint16(len(records)), data: packRecords(records)}
	if p.aliases > 0 {
		a.end = presentation.Plain(p.name)
	}
	return a
}

func (p *path) failed(f *failure) (answer, time.Duration) {
	a := answer{outcome: failed, data: f.reason, end: f.server}
	if f.timeout {
		a.outcome = timedOut
	}
	if f.uncached {
		return a, 0
	}
	return a, failureTTL
}
