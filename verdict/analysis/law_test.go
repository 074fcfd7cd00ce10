package analysis_test

import (
	"maps"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// might returns the actions that a rule may take: all that it would take for some
// values of the failed findings, each taken by itself.
func (l *law) might() (set [8]bool) {
	anything := outcomes[:4]
	own := anything
	if o := l.outcome(); o != envelope.TempError || l.actions[o] != 0 {
		own = []envelope.Outcome{o}
	}
	maybe := false
	for _, c := range l.conditions {
		switch o := c.outcome(); {
		case o == envelope.TempError && l.ignores, o != envelope.TempError && (o == envelope.Pass) == c.unless:
			set[verdict.Continue] = true
			return set
		case o == envelope.TempError:
			maybe = true
		}
	}
	set[verdict.Continue] = maybe
	for _, o := range own {
		set[max(l.actions[o], verdict.Continue)] = true
	}
	return set
}

// verdictOf is the law: the verdict is given if it is the same whatever the failed
// findings would have been, and is a tempfail otherwise. decided is the number of the
// rule that decided, 0 if none did, and -1 if the tempfail is forced.
func verdictOf(laws []law) (action verdict.Action, decided int) {
	var possible [8]bool
	count := func() (n int) {
		for a := verdict.Accept; a <= verdict.Reject; a++ {
			if possible[a] {
				n, action = n+1, a
			}
		}
		return n
	}
	for i := range laws {
		set := laws[i].might()
		for a := verdict.Accept; a <= verdict.Reject; a++ {
			possible[a] = possible[a] || set[a]
		}
		if !set[verdict.Continue] && !set[verdict.Mark] {
			if count() == 1 {
				return action, i + 1
			}
			return verdict.TempFail, -1
		}
	}
	possible[verdict.Accept] = true
	if count() == 1 {
		return verdict.Accept, 0
	}
	return verdict.TempFail, -1
}

// marksOf returns the marks of a message that the rules accept, sorted: those that it has whatever
// the failed findings would have been, and those that it has for some of their values.
func marksOf(laws []law) (set, undecided []string) {
	marks := map[string]bool{}
	for _, l := range laws {
		marks[l.mark] = true
	}
	for _, mark := range slices.Sorted(maps.Keys(marks)) {
		switch always, sometimes := markedBy(laws, mark, false); {
		case always:
			set = append(set, mark)
		case sometimes:
			undecided = append(undecided, mark)
		}
	}
	return set, undecided
}

// markedBy follows every way along the rules until one decides, and reports whether the
// mark is set at the end of all of them, and of some.
func markedBy(laws []law, mark string, marked bool) (always, sometimes bool) {
	if len(laws) == 0 {
		return marked, marked
	}
	always = true
	for action, may := range laws[0].might() {
		if !may {
			continue
		}
		all, some := marked, marked
		switch verdict.Action(action) {
		case verdict.Continue:
			all, some = markedBy(laws[1:], mark, marked)
		case verdict.Mark:
			all, some = markedBy(laws[1:], mark, marked || laws[0].mark == mark)
		}
		always, sometimes = always && all, sometimes || some
	}
	return always, sometimes
}
