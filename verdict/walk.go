package verdict

// decision is the result of a walk along the rules.
type decision struct {
	action  Action
	rule    int  // the rule that decided, or the first that is unknown and may decide; len(rules) if there is none
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
	rules    Rules
	mayWait  bool    // the envelope can come further; if it cannot, no reading waits
	possible actions // verdicts for some values of the unknown findings
	blocked  int     // the first rule that is unknown and may decide
	waits    bool    // an unknown finding is Pending, and may still become known
	marks    marks
}

func newWalker(rules Rules, mayWait bool) walker {
	return walker{rules: rules, mayWait: mayWait, blocked: len(rules)}
}

// take takes the reading of rule i. Shadow rules are left out. It reports whether the
// walk ends there, because no later rule can change the decision.
func (w *walker) take(i int, next reading) (ends bool) {
	if next.unknown() {
		if next.may.deciding() != 0 {
			w.blocked = min(w.blocked, i)
		}
		w.waits = w.waits || next.waits
	}
	if rule := &w.rules[i]; rule.may().has(Mark) {
		w.marks.take(i, rule.tag(), next)
	}
	if next.may.has(Accept) {
		w.marks.mayAccept(i, next.waits)
	}
	w.possible |= next.may.deciding()
	// Several possible verdicts stay several, whatever later rules find. Only
	// whether to wait is still open.
	hopeless := w.possible.size() > 1 && (w.waits || !w.mayWait)
	return hopeless || !next.may.goesOn()
}

// end returns the decision of a walk in which no rule ended it.
func (w *walker) end() decision {
	w.possible = w.possible.with(Accept)
	d := w.decide(len(w.rules))
	d.reached = len(w.rules)
	return d
}

// decide returns the decision of a walk that ended with rule last.
func (w *walker) decide(last int) decision {
	d := decision{reached: last + 1}
	settled := w.possible.size() == 1
	switch {
	case settled && w.possible.has(Accept) && !w.marks.pending():
		d.action, d.rule = Accept, last
		d.marks, d.undecided = w.marks.lists()
	case settled && !w.possible.has(Accept):
		d.action, d.rule = w.possible.only(), last
	case settled || w.waits:
		d.action, d.rule = Continue, w.blocked
	default:
		d.action, d.rule, d.forced = TempFail, w.blocked, true
	}
	return d
}
