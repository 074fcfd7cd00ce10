package verdict

import "iter"

// decision is the result of a walk along the rules.
type decision struct {
	action  Action
	rule    int  // the rule that decided or that is unknown; len(rules) if no rule decided
	reached int  // the number of rules that the walk passed
	forced  bool // it is a tempfail because of failures only

	marks, undecided []string // of accept
}

// reading is what a rule may do with its findings so far: one action if they are
// known, several if not.
type reading struct {
	may   actions
	waits bool // it is unknown, and a Pending finding may settle it
}

func (r reading) unknown() bool { return r.may.size() > 1 }

// walker takes the rules in order with the set of verdicts that are still
// possible. It is the law of judging with partial knowledge: a decision is
// given as soon as it would be the same whatever every unknown finding turned
// out to be, and not before. Marks never change it: they are settled once it
// is to accept.
type walker struct {
	possible actions // verdicts for some values of the unknown findings
	blocked  int     // the first rule that is unknown
	waits    bool    // an unknown finding is Pending, and may still become known
	marks    marks
}

// walk takes the readings of the rules, without shadow rules, in order and only as
// many as the decision needs. mayWait reports whether the envelope can come further.
// If it cannot, no reading waits.
func walk(rules Rules, mayWait bool, readings iter.Seq2[int, reading]) decision {
	w := walker{blocked: len(rules)}
	for i, next := range readings {
		w.take(i, &rules[i], next)
		// Several possible verdicts stay several, whatever later rules find. Only
		// whether to wait is still open.
		hopeless := w.possible.size() > 1 && (w.waits || !mayWait)
		if hopeless || !next.may.goesOn() {
			d := w.decide(i)
			d.reached = i + 1
			return d
		}
	}
	w.possible = w.possible.with(Accept) // if no rule decides
	d := w.decide(len(rules))
	d.reached = len(rules)
	return d
}

func (w *walker) take(i int, rule *Rule, next reading) {
	if next.unknown() {
		w.blocked = min(w.blocked, i)
		w.waits = w.waits || next.waits
	}
	if rule.may().has(Mark) {
		w.marks.take(i, rule.tag(), next)
	}
	if next.may.has(Accept) {
		w.marks.mayAccept(i, next.waits)
	}
	w.possible |= next.may.deciding()
}

// decide returns the decision of a walk that ended with rule last.
func (w *walker) decide(last int) decision {
	settled := w.possible.size() == 1
	switch {
	case settled && w.possible.has(Accept):
		if w.marks.pending() {
			return decision{action: Continue, rule: w.blocked}
		}
		set, undecided := w.marks.lists()
		return decision{action: Accept, rule: last, marks: set, undecided: undecided}
	case settled:
		return decision{action: w.possible.only(), rule: last}
	case w.waits:
		return decision{action: Continue, rule: w.blocked}
	}
	return decision{action: TempFail, rule: w.blocked, forced: true}
}
