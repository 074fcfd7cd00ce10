package resolver

import (
	"context"
	"strings"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/internal/presentation"
)

const (
	// maxAliases is how many aliases a question follows.
	maxAliases = 10
	// maxRecords is how many records of an answer count.
	maxRecords = 1000
)

// How long answers are kept. A server that is asked anew for every question of
// one message would be asked too often, and a record that says a week may be
// wrong for a week.
const (
	minTTL      = 5 * time.Second
	maxTTL      = time.Hour
	maxNegative = 15 * time.Minute // RFC 2308, section 5, allows up to 3 hours
	failureTTL  = 5 * time.Second  // RFC 9520, section 3.2: from 1 second to 5 minutes
)

// resolve asks for the records of a question, from alias to alias, and says how
// long the answer may be kept: 0 is not at all.
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

// path is how far a question has been followed: its name is the end of the
// aliases so far.
type path struct {
	question
	aliases int
	ttl     time.Duration // the shortest so far
}

// follow goes on along the aliases in a reply (RFC 1034, section 5.3.3). It is
// not done if they lead to a name of which the reply says nothing.
func (p *path) follow(reply *dns.Msg) (a answer, ttl time.Duration, done bool) {
	before := p.aliases
	for {
		records, broken := p.collect(reply.Answer)
		switch {
		case broken:
			a, ttl = p.failed(&failure{reason: "the answer has a record without data"})
			return a, ttl, true
		case len(records) > 0 && reply.Rcode == dns.RcodeNameError:
			a, ttl = p.failed(&failure{reason: "the answer has records of a name that, it says, does not exist"})
			return a, ttl, true
		case len(records) > 0:
			return p.found(records), max(p.ttl, minTTL), true
		}
		if !p.step(reply.Answer) {
			break
		}
		if p.aliases > maxAliases {
			a, ttl = p.failed(&failure{reason: "there are more than 10 aliases"})
			return a, ttl, true
		}
	}
	soa := authority(reply.Ns)
	if reply.Rcode == dns.RcodeSuccess && p.aliases > before && soa == nil {
		return answer{}, 0, false
	}
	// The code is about the name at the end (RFC 6604, section 3).
	a = answer{outcome: noRecord}
	if reply.Rcode == dns.RcodeNameError {
		a = answer{outcome: noName, exists: p.aliases > 0}
	}
	return a, p.negativeTTL(soa), true
}

// collect returns the records of the type asked for that the name here has.
// Broken is true if one of them, or its alias, is empty, as only updates have
// them (RFC 2136).
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

// step goes on to where the name here is an alias of.
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

// shorten takes a TTL into account. One with the highest bit set is 0 (RFC
// 2181, section 8).
func (p *path) shorten(seconds uint32) {
	if seconds > 1<<31-1 {
		seconds = 0
	}
	p.ttl = min(p.ttl, time.Duration(seconds)*time.Second)
}

// negativeTTL is how long it may be kept that something does not exist: what
// the SOA record says, by its minimum and its own TTL. Without one it should not
// be kept (RFC 2308, section 5).
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
	if f.passing {
		return a, 0
	}
	return a, failureTTL
}
