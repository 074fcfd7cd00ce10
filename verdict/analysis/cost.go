package analysis

import (
	"fmt"
	"maps"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Load is what checks ask of DNS.
type Load struct {
	// Questions is the number of questions. One that several checks ask counts once.
	Questions int
	// Rounds is the number of successive waits.
	Rounds int
}

// String returns a text such as "14 in 2 rounds".
func (l Load) String() string {
	if l.Rounds == 1 {
		return fmt.Sprintf("%d in 1 round", l.Questions)
	}
	return fmt.Sprintf("%d in %d rounds", l.Questions, l.Rounds)
}

// StageLoad is what a policy asks of DNS at a stage.
type StageLoad struct {
	Stage envelope.Stage
	// Most is the bound, for a sender that publishes as much as the checks will ask.
	// Typical is for a usual message, for which no rule decides.
	Most, Typical Load
}

// Asks says what a check of your own asks of DNS, at most and typically. Other checks
// count nothing, except those of this library.
func Asks(check string, most, typical Load) Fact {
	return Fact{asks: map[string]query{check: {check, most, typical}}}
}

// Cost returns what a policy asks of DNS for a message: at each stage from which a check
// answers that asks something new, in order, and as the last element, of stage Whole,
// if everything is judged at once. Checks wait at the same time, except with
// Policy.Sequential. Shadow rules count. A check of DNS lists counts as one of a single
// list, and greylisting and the like without what their keys ask: see [Asks].
func Cost(p verdict.Policy, facts ...Fact) ([]StageLoad, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	k := knowledgeOf(facts)
	byStage := map[envelope.Stage][][][]query{} // of each check, in steps
	for i := range p.Rules {
		for _, check := range leavesOf(&p.Rules[i]) {
			if steps := k.queries(check); steps != nil {
				_, from := check.Describe()
				byStage[from] = append(byStage[from], steps)
				byStage[envelope.Whole] = append(byStage[envelope.Whole], steps)
			}
		}
	}
	var list []StageLoad
	asked := map[string]bool{}
	for _, stage := range slices.Sorted(maps.Keys(byStage)) {
		if stage != envelope.Whole {
			list = append(list, loadOf(stage, byStage[stage], asked, p.Sequential))
		}
	}
	return append(list, loadOf(envelope.Whole, byStage[envelope.Whole], map[string]bool{}, p.Sequential)), nil
}

// loadOf returns the load of checks, each with the steps that it waits for, and adds what
// they ask to asked. What was asked before costs nothing.
func loadOf(stage envelope.Stage, checks [][][]query, asked map[string]bool, sequential bool) StageLoad {
	l := StageLoad{Stage: stage}
	before := maps.Clone(asked)
	for _, steps := range checks {
		var most, typical int // rounds
		for _, queries := range steps {
			var mostHere, typicalHere int
			for _, q := range queries {
				if !asked[q.what] {
					l.Most.Questions += q.most.Questions
					l.Typical.Questions += q.typical.Questions
				}
				if before[q.what] || sequential && asked[q.what] {
					continue
				}
				asked[q.what] = true
				mostHere, typicalHere = max(mostHere, q.most.Rounds), max(typicalHere, q.typical.Rounds)
			}
			most, typical = most+mostHere, typical+typicalHere
		}
		if sequential {
			l.Most.Rounds, l.Typical.Rounds = l.Most.Rounds+most, l.Typical.Rounds+typical
		} else {
			l.Most.Rounds, l.Typical.Rounds = max(l.Most.Rounds, most), max(l.Typical.Rounds, typical)
		}
	}
	return l
}
