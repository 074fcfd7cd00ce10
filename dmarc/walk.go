package dmarc

import (
	"context"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mxrules.example/envelope"
)

// maxLabels is the greatest number of labels of a name that the walk looks at
// after its start, so that it asks at most eight questions however long a name is
// (RFC 9989, section 4.10).
const maxLabels = 7

// published is a record and the domain that published it.
type published struct {
	domain  envelope.Host
	record  *Record
	assumed bool
}

// discovery looks up what an evaluation needs, each name once. If a lookup fails, it
// assumes an answer.
type discovery struct {
	checker  *Checker
	resolver envelope.Resolver
	asked    map[envelope.Host]found
	existing map[envelope.Host]existence
	assumed  assumptions
	// certain says that the result is settled and further identifiers matter only for
	// reports. Nothing is assumed for them.
	certain bool
	// alone says that the record of the author domain ends its walk, because no
	// other domain could be aligned with it.
	alone bool
}

// found is what a domain publishes.
type found struct {
	record  *Record // nil if there is none that counts
	several bool    // there are more than one, so that none counts
	assumed bool    // DNS gave no answer, and this one is assumed
	err     error   // DNS gave no answer
}

// question is the key under which the evaluations of one judgement share an
// answer.
type question struct {
	checker *Checker
	domain  envelope.Host
}

func (c *Checker) discover(r envelope.Resolver) *discovery {
	return &discovery{checker: c, resolver: r, asked: make(map[envelope.Host]found)}
}

// at returns what domain publishes. It has an error only if nothing is assumed.
//
// DNS: TXT.
func (d *discovery) at(ctx context.Context, domain envelope.Host) found {
	answer, ok := d.asked[domain]
	if !ok {
		answer = d.lookup(ctx, domain)
		d.asked[domain] = answer
	}
	if answer.err == nil {
		return answer
	}
	assumed, ok := d.assumed.records[domain]
	switch {
	case ok:
		return assumed
	case d.certain:
		return answer
	}
	return d.assumed.record(d.checker, domain, answer.err)
}

// lookup looks up what domain publishes, once for a judgement.
func (d *discovery) lookup(ctx context.Context, domain envelope.Host) found {
	answer, _ := envelope.Once(ctx, question{d.checker, domain}, func() (found, error) { return d.ask(ctx, domain), nil })
	return answer
}

// lookAhead looks up what a walk that began at start will need from name on,
// concurrently. It stops where the walk does: at a record that says psd, at a lookup
// that fails, and at the record of the author domain if that is alone.
//
// DNS: TXT for each name on the way that has not been asked for.
func (d *discovery) lookAhead(ctx context.Context, name, start, last envelope.Host) {
	var names []envelope.Host
	for ; name != ""; name = above(name, start) {
		answer, known := d.asked[name]
		if !known {
			names = append(names, name)
		}
		if known && answer.ends() || name == last {
			break
		}
	}
	for name, answer := range envelope.Concurrently(ctx, names, d.lookup) {
		d.asked[name] = answer
		if answer.ends() || d.alone && name == start && answer.record != nil {
			return
		}
	}
}

// ends reports whether a walk ends at an answer.
func (answer found) ends() bool {
	return answer.err != nil || answer.record != nil && answer.record.PublicSuffix != suffixUnsaid
}

func (d *discovery) ask(ctx context.Context, domain envelope.Host) found {
	texts, err := envelope.LookupTXT(ctx, d.resolver, "_dmarc."+string(domain))
	if err != nil && !envelope.NotFound(err) {
		return found{err: err}
	}
	return d.checker.read(domain, texts)
}

// existence says whether a domain exists, if DNS says it.
type existence struct {
	exists bool
	err    error
}

// exists reports whether a domain exists, or is assumed to.
//
// DNS: as envelope.Exists.
func (d *discovery) exists(ctx context.Context, domain envelope.Host) bool {
	answer, ok := d.existing[domain]
	if !ok {
		type question struct{ domain envelope.Host }
		answer.exists, answer.err = envelope.Once(ctx, question{domain}, func() (bool, error) {
			return envelope.Exists(ctx, d.resolver, string(domain))
		})
		set(&d.existing, domain, answer)
	}
	if answer.err != nil {
		return d.assumed.exists(domain, answer.err)
	}
	return answer.exists
}

// read returns the DMARC record among the TXT records of a name. Several are as none
// (RFC 9989, section 4.10, steps 2 and 6).
func (c *Checker) read(domain envelope.Host, texts []string) found {
	var answer found
	for _, text := range texts {
		record, hasPolicy, err := parseRecord(text)
		if err != nil {
			continue
		}
		if answer.record != nil {
			return found{several: true}
		}
		c.adapt(domain, &record, hasPolicy)
		answer.record = &record
	}
	return answer
}

// adapt applies the settings of the checker to a record.
func (c *Checker) adapt(domain envelope.Host, record *Record, hasPolicy bool) {
	switch {
	case c.rfc7489:
		record.NonexistentPolicy, record.PublicSuffix, record.Testing = "", suffixUnsaid, false
		if !hasPolicy { // RFC 7489, section 6.6.3, step 6
			record.dropPolicies()
		}
	case !c.unguarded && record.PublicSuffix == suffixUnsaid && isPublicSuffix(domain):
		// RFC 9989, section 11.8: a registry that publishes a record and forgets
		// psd=y makes one organization of all its customers.
		record.PublicSuffix = suffixYes
	}
}

// isPublicSuffix reports whether domain is in the ICANN section of the list. Suffixes
// that companies list for their customers do not count: RFC 9989 does not know them.
func isPublicSuffix(domain envelope.Host) bool {
	suffix, icann := publicsuffix.PublicSuffix(string(domain))
	return icann && suffix == string(domain)
}

// walk goes up the tree from start and returns the records on the way, those of
// the longest names first (RFC 9989, section 4.10). It goes no further than to
// last, if that is not "". ok is false if a question has no answer and none may be
// assumed: then these are the records before it.
func (d *discovery) walk(ctx context.Context, start, last envelope.Host) (records []published, ok bool) {
	for name := start; name != ""; name = above(name, start) {
		if _, known := d.asked[name]; !known {
			d.lookAhead(ctx, name, start, last)
		}
		answer := d.at(ctx, name)
		if answer.err != nil {
			return records, false
		}
		if answer.record != nil {
			records = append(records, published{name, answer.record, answer.assumed})
			if answer.record.PublicSuffix != suffixUnsaid {
				break
			}
		}
		if name == last {
			break
		}
	}
	return records, true
}

// above returns the name that a walk which began at start comes to after name, ""
// at its end.
func above(name, start envelope.Host) envelope.Host {
	if name == start {
		for name.Labels() > maxLabels+1 {
			name = parent(name)
		}
	}
	return parent(name)
}

// parent returns name without its first label.
func parent(name envelope.Host) envelope.Host {
	_, rest, _ := strings.Cut(string(name), ".")
	return envelope.Host(rest)
}

// organizational returns the organizational domain of start, given the records
// of its walk (RFC 9989, section 4.10.2).
func organizational(start envelope.Host, records []published) envelope.Host {
	for _, p := range records {
		switch p.record.PublicSuffix {
		case suffixNo:
			return p.domain
		case suffixYes:
			if p.domain != start {
				return oneBelow(p.domain, start)
			}
		}
	}
	if len(records) > 0 {
		return records[len(records)-1].domain
	}
	return start
}

// oneBelow returns the name one label below suffix on the way to name.
func oneBelow(suffix, name envelope.Host) envelope.Host {
	for name.Labels() > suffix.Labels()+1 {
		name = parent(name)
	}
	return name
}

// registered returns the organizational domain of RFC 7489, section 3.2: the
// one that is registered below a public suffix.
func registered(domain envelope.Host) envelope.Host {
	suffix, _ := publicsuffix.PublicSuffix(string(domain))
	return oneBelow(envelope.Host(suffix), domain)
}
