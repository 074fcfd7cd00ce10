package dnsbl

import (
	"context"
	"errors"
	"net/netip"

	"mxrules.example/envelope"
)

// poll is the answers of several lists so far. It keeps bounds of the sum of the weights
// of the listings: the known weight, the weights that are still open, and the weights
// of lists with invalid answers.
//
// An invalid answer does not count as "not listed": if it could change the outcome, the
// outcome is PermError. An open answer that could change it makes it TempError. As in
// package verdict, a failure only defers.
type poll struct {
	threshold   int
	known       int  // the weight of the lists that have the subject
	open        span // of those that were not asked, or that DNS failed for
	invalid     span // of those with invalid answers
	hits        []hit
	ignored     []hit      // of lists with codes that are not accepted
	failed      []question // those that DNS failed for
	misanswered []question // those with invalid answers
	faults      []error    // of both, in the order of asking
}

// hit is a question to which the answer has codes.
type hit struct {
	question
	listing Listing
}

// span is what weights may add to a sum, at least and at most.
type span struct{ least, most int }

func (s span) with(weight int) span {
	return span{s.least + min(weight, 0), s.most + max(weight, 0)}
}

func (s span) without(weight int) span {
	return span{s.least - min(weight, 0), s.most - max(weight, 0)}
}

// ask asks the questions together, and takes the answers in the order of the questions
// until the remaining ones cannot change the outcome.
func ask(ctx context.Context, r envelope.Resolver, threshold int, questions []question) *poll {
	p := &poll{threshold: threshold}
	for _, q := range questions {
		p.open = p.open.with(q.weight)
	}
	if p.outcome() != envelope.TempError {
		return p
	}
	for q, a := range envelope.Concurrently(ctx, questions, func(ctx context.Context, q question) (a answer) {
		a.listing, a.ignored, a.err = q.codes(ctx, r)
		return a
	}) {
		if p.take(q, a); p.outcome() != envelope.TempError {
			break
		}
	}
	return p
}

// answer is what [question.codes] returns.
type answer struct {
	listing, ignored []netip.Addr
	err              error
}

// take counts one answer.
func (p *poll) take(q question, a answer) {
	if len(a.ignored) > 0 {
		p.ignored = append(p.ignored, hit{q, Listing{Zone: q.list.name, Codes: a.ignored}})
	}
	var wrong *misanswer
	switch {
	case errors.As(a.err, &wrong):
		p.open, p.invalid = p.open.without(q.weight), p.invalid.with(q.weight)
		p.misanswered, p.faults = append(p.misanswered, q), append(p.faults, a.err)
	case a.err != nil: // q remains open
		p.failed, p.faults = append(p.failed, q), append(p.faults, a.err)
	case len(a.listing) > 0:
		p.open, p.known = p.open.without(q.weight), p.known+q.weight
		p.hits = append(p.hits, hit{q, Listing{Zone: q.list.name, Codes: a.listing}})
	default:
		p.open = p.open.without(q.weight)
	}
}

// outcome returns Fail if the lists reach the threshold whatever the open ones answer,
// and Pass if they do not reach it. If an invalid answer could change that it is
// PermError, if an open one could, TempError.
func (p *poll) outcome() envelope.Outcome {
	low, high := p.with(p.open.least), p.with(p.open.most)
	if low != high { // a weight between them has one of these outcomes
		return envelope.TempError
	}
	return low
}

// with returns the outcome if the open lists add weight.
func (p *poll) with(weight int) envelope.Outcome {
	switch sum := p.known + weight; {
	case sum+p.invalid.least >= p.threshold:
		return envelope.Fail
	case sum+p.invalid.most < p.threshold:
		return envelope.Pass
	}
	return envelope.PermError
}
