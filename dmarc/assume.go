package dmarc

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
)

// maxRounds bounds how many combinations of assumed answers are tried. Two records
// that are not known make 169 at most. Only a message that was made for it, in a
// DNS that was broken for it, has more than 400, and waits for an answer then.
const maxRounds = 400

// assumptions are answers to questions that DNS did not answer. A failed lookup
// matters only if another answer would lead to another finding, so an evaluation
// with failures is repeated: in each round it assumes another combination of the
// answers that are possible. Answers are assumed when the evaluation comes to need
// them, so that a failure that it does not need makes no further round.
type assumptions struct {
	made []assumption // in the order in which they were needed
	used int          // by this round so far

	// What is assumed in this round.
	records   map[envelope.Host]found
	unread    map[*Record]error // those whose policy has not been assumed yet, and why it is not known
	existence map[envelope.Host]bool
	passed    map[int]bool // identifiers by their number
}

// assumption is one of the answers that a question may have.
type assumption struct {
	answer, of int
	err        error // why there is none
}

// begin begins a round.
func (a *assumptions) begin() {
	a.used = 0
	clear(a.records)
	clear(a.unread)
	clear(a.existence)
	clear(a.passed)
}

// next goes on to another combination. The error is the failure that is assumed to
// have another answer now, nil if all combinations have been tried.
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

// choose returns which of so many answers is assumed in this round, 0 in the first.
func (a *assumptions) choose(of int, err error) int {
	if a.used == len(a.made) {
		a.made = append(a.made, assumption{of: of, err: err})
	}
	a.used++
	return a.made[a.used-1].answer
}

// record assumes what a domain publishes. All that the walk knows of a record is
// psd; the first two answers end it, so that a message whose finding depends on
// this name costs no questions about those above.
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

// policy assumes the policy of an assumed record. These four lead to every finding
// that any record leads to. The first two need no further question to be told apart.
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

// passes assumes whether an identifier passes that could not be evaluated.
func (a *assumptions) passes(i *identifier) bool {
	passes, ok := a.passed[i.number]
	if !ok {
		passes = a.choose(2, fmt.Errorf("%s of %s could not be evaluated", i.method, i.host)) == 1
		set(&a.passed, i.number, passes)
	}
	return passes
}

// set puts a value into a map, which it makes if need be: most evaluations assume
// nothing.
func set[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[key] = value
}

// settle evaluates a message once, and then, if DNS left questions open, with
// every other combination of answers to them. The error is a failure that matters:
// with another answer to that question the end would not be the same. Without an
// error the end is certain. The result is that of the first round without what
// other rounds contradict.
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
