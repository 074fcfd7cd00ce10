package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Cost is what a judgement asked of DNS, and how long it took.
type Cost struct {
	// Questions is the number of questions to DNS. One of several rules counts once.
	Questions int
	// Shared is the number of questions of several rules, and of questions that an
	// earlier judgement of the same call or session had asked.
	Shared int
	// InVain is the number of questions whose answers no rule used that the judgement
	// reached. See [Lookup].InVain.
	InVain int
	// Rounds is the number of successive waits for DNS, a store or a directory. Waits
	// at the same time count as one.
	Rounds int
	// Duration is the time from the beginning of the judgement to its end.
	Duration time.Duration
}

// String returns the counts that are not zero, and always that of the questions:
//
//	13 in 3 rounds, 4 shared, 2 in vain
func (c Cost) String() string {
	text := fmt.Sprint(c.Questions)
	switch c.Rounds {
	case 0: // all answers were in memory
	case 1:
		text += " in 1 round"
	default:
		text += fmt.Sprintf(" in %d rounds", c.Rounds)
	}
	if c.Shared > 0 {
		text += fmt.Sprintf(", %d shared", c.Shared)
	}
	if c.InVain > 0 {
		text += fmt.Sprintf(", %d in vain", c.InVain)
	}
	return text
}

// Cost returns the cost of the judgement.
func (v Verdict) Cost() Cost {
	c := Cost{Questions: v.questions, Rounds: v.rounds, Duration: v.took}
	for _, l := range v.Lookups() {
		if l.Shared() {
			c.Shared++
		}
		if l.InVain {
			c.InVain++
		}
	}
	return c
}

// Lookup is a question to DNS with the rules that asked it.
type Lookup struct {
	// Question is what the first of the rules asked. It has the answer if one of them
	// waited for it. Reused reports whether an earlier judgement had asked it.
	Question
	// Rules are the names of the rules that asked, in the order of asking.
	Rules []string
	// InVain reports whether no rule in the trace waited for the answer: it came too
	// late to matter, or only rules asked that come after the one that decided. It is
	// false while the verdict is Continue, because a later stage may use the answer.
	InVain bool

	steps []*Step // of the rules
}

// Shared reports whether several rules asked the question, or an earlier judgement.
func (l Lookup) Shared() bool { return len(l.Rules) > 1 || l.Reused }

// Lookups returns the questions to DNS of the judgement, each once, in the order in
// which they began. They are those of the trace, and those of rules that were started
// and not reached. Package verdict/waterfall draws them.
func (v Verdict) Lookups() []Lookup {
	asks := v.asks()
	lookups := make([]Lookup, 0, len(asks))
	at := make(map[lookupKey]int, len(asks))
	for _, a := range asks {
		key := lookupKey{a.Type, a.Name}
		i, known := at[key]
		if !known {
			i = len(lookups)
			at[key] = i
			lookups = append(lookups, Lookup{Question: a.Question, InVain: v.Action.final()})
		}
		lookups[i].add(a)
	}
	slices.SortStableFunc(lookups, func(a, b Lookup) int { return cmp.Compare(a.Began, b.Began) })
	return lookups
}

// askedBy is a question with the rule that asked it.
type askedBy struct {
	Question
	step    *Step
	reached bool
}

// asks returns the questions of all rules in the order in which they began. Of those
// that began at the same time, the one that was not reused is first.
func (v Verdict) asks() []askedBy {
	var asks []askedBy
	collect := func(steps []Step, reached bool) {
		for i := range steps {
			for _, q := range steps[i].Questions {
				asks = append(asks, askedBy{q, &steps[i], reached})
			}
		}
	}
	collect(v.Trace, true)
	collect(v.unread, false)
	slices.SortStableFunc(asks, func(a, b askedBy) int {
		switch {
		case a.Began != b.Began || a.Reused == b.Reused:
			return cmp.Compare(a.Began, b.Began)
		case a.Reused:
			return 1
		}
		return -1
	})
	return asks
}

// sameRule reports whether two steps are of the same rule.
func (s *Step) sameRule(other *Step) bool { return s.place == other.place && s.Rule == other.Rule }

// add adds one rule that asked.
func (l *Lookup) add(a askedBy) {
	if !slices.ContainsFunc(l.steps, a.step.sameRule) {
		l.steps = append(l.steps, a.step)
		l.Rules = append(l.Rules, a.step.Rule)
	}
	switch {
	case !a.Reused: // the first time, or again after a lookup that was cancelled
		l.Question = a.Question
	case l.Abandoned && !a.Abandoned:
		l.Abandoned, l.Err, l.Duration = false, a.Err, a.Began+a.Duration-l.Began
	}
	if a.reached && !a.Abandoned {
		l.InVain = false
	}
}
