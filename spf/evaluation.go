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
	maxVoidLookups = 2   // of these, terms that get nothing
	maxHosts       = 10  // hosts of one mx term, names of one client
	maxQuestions   = 111 // what DNS is asked altogether: a conforming record asks no more
)

// evaluation is one run of check_host() (RFC 7208, section 4).
type evaluation struct {
	ctx      context.Context
	checker  *Checker
	resolver *countingResolver
	client   netip.Addr
	helo     string
	sender   sender
	now      time.Time
	result   Result

	questions []*question // what the library may ask, by number
	decided   *question   // the term that matched last, nil as long as none has

	reverse *reverseNames // of the client, nil until they are needed
	ignored []ignoredFailure
}

// ignoredFailure is a lookup of reverse names that failed, and that RFC 7208,
// section 5.5 takes for one without an answer.
type ignoredFailure struct {
	ptr *question // the term that did not match for it; nil: a macro p
	err error
}

// evaluate evaluates one input. It never fails: an error is a result.
func (c *Checker) evaluate(ctx context.Context, r envelope.Resolver, in input) Result {
	ev := &evaluation{
		ctx:     ctx,
		checker: c,
		client:  in.client,
		helo:    end(in.helo),
		sender:  in.sender(),
		now:     in.now,
		result:  Result{Word: none, Identity: mailFromIdentity},
	}
	if ev.sender.domain == "" {
		return ev.result
	}
	ev.result.Sender, ev.result.Domain = ev.sender.String(), ev.sender.domain
	if !ev.client.IsValid() {
		ev.result.Word, ev.result.Problem = permError, &Problem{Kind: unknownClient}
		return ev.result
	}
	ev.resolver = &countingResolver{Resolver: r, count: &ev.result.Questions, most: c.maxQuestions()}
	if r == nil || !envelope.Shares(ctx) {
		ev.run()
		return ev.result
	}
	ev.resolver.Resolver = &memo{r}
	ev.runAhead()
	return ev.result
}

// run evaluates, and looks at what came of it.
func (ev *evaluation) run() {
	word, err := ev.decide()
	if ended := ev.ctx.Err(); ended != nil {
		ev.result.Problem = &Problem{Kind: dnsFailure, Record: ev.sender.domain, Err: ended}
	}
	problem := ev.result.Problem
	switch {
	case problem == nil && (word == tempError || word == permError):
		// The library refuses a record that this package accepts. It decides.
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
		ev.result.Problem = nil // that of an explanation is none
	}
}

// shaky returns the failure of a lookup that the result rests on. It does not
// if a match would have led to the same result, and if no bound was so near
// that the answer could have made the difference.
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

// question is a term about which the library asks, and which is known to it by
// its number only.
type question struct {
	record *record // in which the term stands
	term   *term
}

// leads says what the result is if the term matches, and by which steps from
// the first record on. Within an include that does not pass nothing has matched
// (RFC 7208, section 5.2): the evaluation goes on behind it, and ends is false.
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

// qualified is what a match means (RFC 7208, section 4.6.2).
var qualified = map[byte]string{'+': pass, '-': fail, '~': softFail, '?': neutral}

// explainer returns the record whose explanation counts when q has decided: the
// first one, or the one to which that redirects, but never one that is only
// included (RFC 7208, section 6.2).
func (q *question) explainer() *record {
	rec := q.record
	for via := rec.via; via != nil; via = via.record.via {
		if via.term.mechanism == include {
			rec = via.record
		}
	}
	return rec
}

// fail ends the evaluation. The first problem stays.
func (ev *evaluation) fail(p Problem) {
	if ev.result.Problem == nil {
		ev.result.Problem = &p
	}
}

// failAt ends the evaluation for a problem with the term of q.
func (ev *evaluation) failAt(q *question, kind string) {
	ev.fail(Problem{Kind: kind, Record: q.record.domain, Term: q.term.text})
}
