package dmarc

import (
	"context"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mxrules.example/envelope"
)

// maxLabels is the maximum number of labels of a name on the walk after its start, so
// that a walk has at most eight questions for a name of any length (RFC 9989, section
// 4.10).
const maxLabels = 7

// published is a record and the domain that published it.
type published struct {
	domain  envelope.Host
	record  *Record
	assumed bool
}

// discovery looks up the records for an evaluation, each name once. If a lookup fails,
// it assumes an answer.
type discovery struct {
	checker  *Checker
	resolver envelope.Resolver
	asked    map[envelope.Host]found
	existing map[envelope.Host]existence
	assumed  assumptions
	// certain reports whether the result is settled, so that further identifiers matter
	// only for reports. No answers are assumed for them.
	certain bool
	// alone reports whether the record of the author domain ends its walk, because no
	// other domain could be aligned with it.
	alone bool
}

// found is the result of looking up the record of a domain.
type found struct {
	record  *Record // nil if there is none, or several
	several bool    // there are several records, so none counts
	assumed bool    // the lookup failed, and this answer is assumed
	err     error   // of a failed lookup
}

// question is the key of envelope.Once, with which the evaluations of one judgement
// share an answer.
type question struct {
	checker *Checker
	domain  envelope.Host
}

func (c *Checker) discover(r envelope.Resolver) *discovery {
	return &discovery{checker: c, resolver: r}
}

// at returns the record of a domain. It has an error only if no answer is assumed.
//
// DNS: TXT.
func (d *discovery) at(ctx context.Context, domain envelope.Host) found {
	answer, ok := d.asked[domain]
	if !ok {
		answer = d.lookup(ctx, domain)
		set(&d.asked, domain, answer)
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

// lookup looks up the record of a domain, once for a judgement.
func (d *discovery) lookup(ctx context.Context, domain envelope.Host) found {
	answer, _ := envelope.Once(ctx, question{d.checker, domain}, func() (found, error) { return d.ask(ctx, domain), nil })
	return answer
}

// lookAhead looks up, concurrently, the records that a walk from start needs from name
// on. It stops where the walk stops: at a record with psd=y or psd=n, at a failed
// lookup, and at the record of the author domain if that is alone.
//
// DNS: TXT for each name that has not been looked up.
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
	if len(names) == 1 {
		set(&d.asked, names[0], d.lookup(ctx, names[0]))
		return
	}
	for name, answer := range envelope.Concurrently(ctx, names, d.lookup) {
		set(&d.asked, name, answer)
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

// existence is the result of looking up whether a domain exists.
type existence struct {
	exists bool
	err    error
}

// exists reports whether a domain exists. If the lookup fails, it assumes an answer.
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

// read returns the DMARC record among the TXT records of a name. Several count as none
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
		// A registry that publishes a record without psd=y makes one organization of all
		// its customers (RFC 9989, section 11.8).
		record.PublicSuffix = suffixYes
	}
}

// isPublicSuffix reports whether domain is a suffix in the ICANN section of the list.
// Suffixes that companies list for their customers do not count in RFC 9989.
func isPublicSuffix(domain envelope.Host) bool {
	suffix, icann := publicsuffix.PublicSuffix(string(domain))
	return icann && suffix == string(domain)
}

// walk goes up the tree from start and returns the records that it finds, those of the
// longest names first (RFC 9989, section 4.10). It ends at last, if that is not "". ok
// is false if a lookup failed and no answer may be assumed: then the records are those
// before it.
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

// above returns the name after name in a walk from start, "" at its end.
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

// organizational returns the organizational domain of start, from the records of its
// walk (RFC 9989, section 4.10.2).
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

// registered returns the organizational domain by RFC 7489, section 3.2: the name one
// label below a public suffix.
func registered(domain envelope.Host) envelope.Host {
	suffix, _ := publicsuffix.PublicSuffix(string(domain))
	return oneBelow(envelope.Host(suffix), domain)
}
