package dmarc

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
)

// maxRounds is how many combinations of assumed answers are tried. Two unknown records
// have at most 169. Only an attacker can cause more than 400; the finding is then a
// TempError.
const maxRounds = 400

// assumptions are assumed answers to failed lookups. A failed lookup matters only if
// another answer would lead to another finding. So an evaluation with failures is
// repeated, and each round assumes another combination of the possible answers. An
// answer is assumed when the evaluation needs it, so that a failure that does not
// matter adds no round.
type assumptions struct {
	made []assumption // in the order in which they were needed
	used int          // in this round so far

	// The answers in this round.
	records   map[envelope.Host]found
	unread    map[*Record]error // records without an assumed policy yet, with the error of their lookup
	existence map[envelope.Host]bool
	passed    map[int]bool // by the number of an identifier
}

// assumption is one of the possible answers to a question.
type assumption struct {
	answer, of int
	err        error // of the failed lookup
}

// begin begins a round.
func (a *assumptions) begin() {
	a.used = 0
	clear(a.records)
	clear(a.unread)
	clear(a.existence)
	clear(a.passed)
}

// next selects the next combination. It returns the error of the lookup that has
// another answer now, or nil if all combinations have been tried.
func (a *assumptions) next() error {
	for i := len(a.made) - 1; i >= 0; i-- {
		if last := &a.made[i]; last.answer+1 < last.of {
			last.answer++
			return last.err
		}
		a.made = a.made[:i]
	}
	return nil
}

// choose returns the number of the answer that is assumed in this round: 0 in the first,
// less than of.
func (a *assumptions) choose(of int, err error) int {
	if a.used == len(a.made) {
		a.made = append(a.made, assumption{of: of, err: err})
	}
	a.used++
	return a.made[a.used-1].answer
}

// record assumes the record of a domain. The walk uses only psd of a record. The first
// two answers end the walk, so that a message whose finding depends on this name costs
// no questions about names above it.
func (a *assumptions) record(c *Checker, domain envelope.Host, err error) found {
	var answer found
	suffixes := [...]string{suffixNo, suffixYes, suffixUnsaid}
	if choice := a.choose(len(suffixes)+1, err); choice < len(suffixes) {
		answer = found{record: &Record{PublicSuffix: suffixes[choice]}, assumed: true}
		c.adapt(domain, answer.record, true)
		set(&a.unread, answer.record, err)
	}
	set(&a.records, domain, answer)
	return answer
}

// policy assumes the policy of an assumed record. These four policies lead to every
// possible finding. The first two lead to different findings without further questions.
func (a *assumptions) policy(record *Record) {
	err, unread := a.unread[record]
	if !unread {
		return
	}
	delete(a.unread, record)
	choice := a.choose(4, err)
	record.Policy = [...]string{reject, "", none, quarantine}[choice]
	record.SPFAlignment, record.DKIMAlignment = strict, strict
	if record.Policy == none {
		record.SPFAlignment, record.DKIMAlignment = relaxed, relaxed
	}
}

// exists assumes whether a domain exists.
func (a *assumptions) exists(domain envelope.Host, err error) bool {
	exists, ok := a.existence[domain]
	if !ok {
		exists = a.choose(2, err) == 0
		set(&a.existence, domain, exists)
	}
	return exists
}

// passes assumes whether an identifier passes whose lookup failed.
func (a *assumptions) passes(i *identifier) bool {
	passes, ok := a.passed[i.number]
	if !ok {
		passes = a.choose(2, fmt.Errorf("%s of %s could not be evaluated", i.method, i.host)) == 1
		set(&a.passed, i.number, passes)
	}
	return passes
}

// set sets a value in a map, which it makes if it is nil: most evaluations need no map.
func set[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = value
}

// settle evaluates a message, and if lookups failed, again with every other combination
// of answers. end returns the part of a result that matters. The error is that of a
// lookup for which another answer leads to another end; without an error the end is
// certain. The result is that of the first round, without what other rounds contradict.
func settle[K comparable](ctx context.Context, d *discovery, m *material, end func(Result) K) (Result, error) {
	first := d.evaluate(ctx, m)
	want := end(first)
	for range maxRounds {
		failure := d.assumed.next()
		if failure == nil {
			return first, nil
		}
		other := d.evaluate(ctx, m)
		if end(other) != want {
			return first, failure
		}
		first.intersect(&other)
	}
	return first, d.assumed.made[0].err
}
