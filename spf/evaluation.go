package spf

import (
	"context"
	"net/netip"
	"time"

	"mxrules.example/envelope"
)

// Bounds of one evaluation (RFC 7208, section 4.6.4).
const (
	maxLookups     = 10  // terms that ask DNS
	maxVoidLookups = 2   // terms whose lookup finds nothing
	maxHosts       = 10  // hosts of one mx term, names of one client
	maxQuestions   = 111 // questions in all: a conforming record needs no more
)

// evaluation is one run of check_host() (RFC 7208, section 4).
type evaluation struct {
	ctx      context.Context
	checker  *Checker
	resolver countingResolver
	client   netip.Addr
	helo     string
	sender   sender
	now      time.Time
	result   *Result

	memo  memo  // of a judgement
	ahead ahead // used only within a judgement

	// What is known of the sender's domain before the evaluation starts.
	firstTexts  []string // its TXT records, nil if they are not known
	firstRecord *record  // its SPF record, nil if there is none that is valid

	questions []*question // what the library may ask, by number
	decided   *question   // the last term that matched, nil if none has

	reverse *reverseNames // of the client, nil until looked up
	ignored []ignoredFailure
}

// ignoredFailure is a failed lookup of reverse names, which counts as one that found
// nothing (RFC 7208, section 5.5).
type ignoredFailure struct {
	ptr *question // the term that did not match because of it, nil for a macro p
	err error
}

// evaluate evaluates one input. Errors are in the result.
func (c *Checker) evaluate(ctx context.Context, r envelope.Resolver, in *input) *Result {
	ev := &evaluation{
		ctx:     ctx,
		checker: c,
		client:  in.client,
		helo:    end(in.helo),
		sender:  in.sender(),
		now:     in.now,
		result:  &Result{Word: none, Identity: mailFromIdentity},
	}
	if ev.sender.domain == "" {
		return ev.result
	}
	ev.result.Sender, ev.result.Domain = ev.sender.String(), ev.sender.domain
	if !ev.client.IsValid() {
		ev.result.Word, ev.result.Problem = permError, &Problem{Kind: unknownClient}
		return ev.result
	}
	ev.resolver = countingResolver{Resolver: r, count: &ev.result.Questions, most: c.maxQuestions()}
	if r == nil || !envelope.Shares(ctx) {
		ev.run()
		return ev.result
	}
	ev.memo.Resolver = r
	ev.resolver.Resolver = &ev.memo
	ev.runAhead()
	return ev.result
}

// run evaluates and completes the result.
func (ev *evaluation) run() {
	word, err := ev.decide()
	if ended := ev.ctx.Err(); ended != nil {
		ev.result.Problem = &Problem{Kind: dnsFailure, Record: ev.sender.domain, Err: ended}
	}
	problem := ev.result.Problem
	switch {
	case problem == nil && (word == tempError || word == permError):
		// The library rejects a record that this package accepts. The library decides.
		problem = &Problem{Kind: badSyntax, Record: ev.sender.domain, Err: err}
		ev.result.Word, ev.result.Problem = word, problem
	case problem == nil:
		ev.result.Word = word
	case problem.Kind == dnsFailure:
		ev.result.Word = tempError
	default:
		ev.result.Word = permError
	}
	if ev.result.Word == tempError {
		return
	}
	if problem == nil && ev.decided != nil {
		_, ev.result.Matched, _ = ev.decided.leads()
	}
	ev.result.Shaky = ev.shaky()
	if ev.result.Word == fail && !ev.checker.options.WithoutExplanation {
		ev.result.Explanation = ev.explain(ev.decided.explainer())
		ev.result.Problem = nil // problems of an explanation do not count
	}
}

// shaky returns the error of a failed lookup that could have changed the result. The
// failure of a ptr term could not if a match would have led to the same result, and no
// limit was so near that further lookups could have exceeded it.
func (ev *evaluation) shaky() error {
	near := ev.result.VoidLookups >= ev.checker.maxVoidLookups() ||
		ev.result.Questions+maxHosts >= ev.checker.maxQuestions()
	for _, lookup := range ev.ignored {
		if lookup.ptr == nil || near {
			return lookup.err
		}
		if word, _, ends := lookup.ptr.leads(); !ends || word != ev.result.Word {
			return lookup.err
		}
	}
	return nil
}

// question is a term about which the library asks. The library knows its number only.
type question struct {
	record *record // the record that has the term
	term   *term
}

// leads returns the result if the term matches, and the steps to it from the first
// record on. ends is false if an include on the way does not pass: then the include
// does not match, and the evaluation continues after it (RFC 7208, section 5.2).
func (q *question) leads() (word string, steps []Match, ends bool) {
	word = qualified[q.term.qualifier]
	steps = []Match{{q.record.domain, q.term.text}}
	for via := q.record.via; via != nil; via = via.record.via {
		if via.term.mechanism == include {
			if word != pass {
				return "", nil, false
			}
			word = qualified[via.term.qualifier]
		}
		steps = append([]Match{{via.record.domain, via.term.text}}, steps...)
	}
	return word, steps, true
}

// qualified has the result of a match for each qualifier (RFC 7208, section 4.6.2).
var qualified = map[byte]string{'+': pass, '-': fail, '~': softFail, '?': neutral}

// explainer returns the record whose explanation is used if q decided: the first
// record or the one it redirects to, but never an included one (RFC 7208, section 6.2).
func (q *question) explainer() *record {
	rec := q.record
	for via := rec.via; via != nil; via = via.record.via {
		if via.term.mechanism == include {
			rec = via.record
		}
	}
	return rec
}

// fail ends the evaluation with a problem. The first problem counts.
func (ev *evaluation) fail(p Problem) {
	if ev.result.Problem == nil {
		ev.result.Problem = &p
	}
}

// failAt ends the evaluation with a problem at the term of q.
func (ev *evaluation) failAt(q *question, kind string) {
	ev.fail(Problem{Kind: kind, Record: q.record.domain, Term: q.term.text})
}
