package analysis

import (
	"errors"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Rest is what is open about a policy while some outcomes are known.
type Rest struct {
	// Actions are the actions that are still possible. One means that it is certain.
	Actions []verdict.Action
	// Rules are the names of the rules that can still decide, in their order.
	Rules []string
	// Now are the checks that can still matter and answer at the stage or before. With
	// facts it may have a check that matters no more.
	Now []string
	// Later are the checks that can still matter and answer only after the stage.
	Later []string
}

// Residual returns what a policy can still decide at a stage, and which checks it needs
// for that, if some outcomes are known. A server that is told at RCPT what is known of a
// client can so say what the message must still show.
//
// A judgement takes each unknown finding by itself, and so may wait where the rest is
// settled: for example if two rules do the same for opposite outcomes of one check.
func Residual(p verdict.Policy, stage envelope.Stage, known Outcomes, facts ...Fact) (Rest, error) {
	var rest Rest
	m, err := newModel(facts, p)
	if err != nil {
		return rest, err
	}
	when, _, err := m.when(known)
	if err != nil {
		return rest, err
	}
	region := m.and(m.facts, when)
	if region == m.constant(0) {
		return rest, errors.New("the facts exclude these outcomes")
	}
	only := m.policies[0]
	for _, number := range inOrder(m.values(only.ends, region)) {
		e := endOf(number)
		if !slices.Contains(rest.Actions, e.action) {
			rest.Actions = append(rest.Actions, e.action)
		}
		if !e.forced && e.place < len(p.Rules) {
			rest.Rules = append(rest.Rules, p.Rules[e.place].Name())
		}
	}
	slices.Sort(rest.Actions)
	matter := m.tests(m.restrict(only.ends, region))
	for i, u := range m.unknowns {
		switch {
		case !matter[int32(i)]:
		case stage == envelope.Whole || u.from <= stage:
			rest.Now = append(rest.Now, u.title)
		default:
			rest.Later = append(rest.Later, u.title)
		}
	}
	return rest, m.err()
}

// restrict returns a function that is f where care is 1, and tests fewer checks
// (Coudert and Madre, 1990).
func (d *diagram) restrict(f, care node) node {
	done := map[[2]node]node{}
	var visit func(f, care node) node
	visit = func(f, care node) node {
		switch {
		case d.isLeaf(care) && d.value(care) == 0:
			return nowhere
		case d.isLeaf(f):
			return f
		}
		key := [2]node{f, care}
		n, ok := done[key]
		if ok || !d.step() {
			return n
		}
		check := min(d.nodes[f].check, d.nodes[care].check)
		var kids [outcomeCount]node
		var first node
		same := true
		for o := range kids {
			if d.domains[check].has(outcome(o)) {
				kids[o] = visit(d.kid(f, check, o), d.kid(care, check, o))
			}
			if kids[o] != nowhere {
				same = same && (first == nowhere || first == kids[o])
				first = kids[o]
			}
		}
		n = first
		if !same {
			n = d.add(branch{check, kids})
		}
		done[key] = n
		return n
	}
	return visit(f, care)
}
