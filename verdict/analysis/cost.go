package analysis

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Load is what checks ask of DNS.
type Load struct {
	// Questions is the number of questions. One that several checks ask counts once.
	Questions int
	// Rounds is the number of successive waits. Checks wait at the same time, except
	// with Policy.Sequential.
	Rounds int
}

// String returns a text such as "14 in 2 rounds".
func (l Load) String() string {
	if l.Rounds == 1 {
		return fmt.Sprintf("%d in 1 round", l.Questions)
	}
	return fmt.Sprintf("%d in %d rounds", l.Questions, l.Rounds)
}

// StageLoad is what the checks that answer from a stage on ask of DNS.
type StageLoad struct {
	Stage envelope.Stage
	// Most is the bound, for a sender that publishes as much as the checks will ask.
	// Typical is for a usual message, for which no rule decides.
	Most, Typical Load
}

// Asks says what a check of your own asks of DNS, at most and typically. Checks without
// this fact, except those of this library, count nothing.
func Asks(check string, most, typical Load) Fact {
	return Fact{asks: map[string][]query{check: {{check, most, typical}}}}
}

// query is something that checks ask DNS for, and share.
type query struct {
	what          string
	most, typical Load
}

// Cost returns what a policy asks of DNS for a message at each stage at which a check
// asks something, and in total as the last element, of stage Whole. Shadow rules count.
// A check of DNS lists counts as one with a single list, and greylisting and the like
// without what their keys ask: see [Asks].
func Cost(p verdict.Policy, facts ...Fact) ([]StageLoad, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	k := knowledgeOf(facts)
	loads := map[envelope.Stage]*load{}
	total := newLoad(p.Sequential)
	for i := range p.Rules {
		r := &p.Rules[i]
		checks := []envelope.Check{r.Check()}
		for _, c := range r.Conditions() {
			checks = append(checks, c.Check)
		}
		for _, check := range checks {
			for leaf := range leaves(check) {
				if from, queries := k.queries(leaf); len(queries) > 0 {
					if loads[from] == nil {
						loads[from] = newLoad(p.Sequential)
					}
					loads[from].add(queries, total.asked)
					total.add(queries, nil)
				}
			}
		}
	}
	var list []StageLoad
	for _, stage := range slices.Sorted(maps.Keys(loads)) {
		list = append(list, StageLoad{stage, loads[stage].most, loads[stage].typical})
	}
	return append(list, StageLoad{envelope.Whole, total.most, total.typical}), nil
}

// leaves yields the checks that a check combines, or itself.
func leaves(check envelope.Check) func(yield func(envelope.Check) bool) {
	return func(yield func(envelope.Check) bool) { eachLeaf(check, yield) }
}

func eachLeaf(check envelope.Check, yield func(envelope.Check) bool) bool {
	word, operands := check.Operands()
	if word == "" {
		return yield(check)
	}
	for _, operand := range operands {
		if !eachLeaf(operand, yield) {
			return false
		}
	}
	return true
}

// load adds up queries.
type load struct {
	sequential    bool
	asked         map[string]bool
	most, typical Load
}

func newLoad(sequential bool) *load { return &load{sequential: sequential, asked: map[string]bool{}} }

// add adds the queries of a check, which come one after another. Those that were asked
// before cost nothing.
func (l *load) add(queries []query, before map[string]bool) {
	var most, typical Load
	for _, q := range queries {
		if !l.asked[q.what] && !before[q.what] {
			l.most.Questions += q.most.Questions
			l.typical.Questions += q.typical.Questions
		} else if l.sequential || before[q.what] {
			continue
		}
		l.asked[q.what] = true
		most.Rounds += q.most.Rounds
		typical.Rounds += q.typical.Rounds
	}
	if l.sequential {
		l.most.Rounds += most.Rounds
		l.typical.Rounds += typical.Rounds
		return
	}
	l.most.Rounds = max(l.most.Rounds, most.Rounds)
	l.typical.Rounds = max(l.typical.Rounds, typical.Rounds)
}

// queries returns the stage from which a check answers, and what it asks, in the order of
// its waits.
func (k *knowledge) queries(check envelope.Check) (from envelope.Stage, list []query) {
	name, from := check.Describe()
	if own := k.asks[name]; own != nil {
		return from, own
	}
	for _, a := range asking {
		if !slices.Contains(strings.Fields(a.checks), name) {
			continue
		}
		for _, what := range strings.Split(a.resources, "; ") {
			r := resources[what]
			if what == ofLists { // of this check alone
				what = fmt.Sprint(what, identity(check))
			}
			list = append(list, query{what, Load{r[0], r[1]}, Load{r[2], r[3]}})
		}
	}
	return from, list
}
