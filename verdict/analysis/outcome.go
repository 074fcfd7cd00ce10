package analysis

import "mxrules.example/envelope"

// outcome is a final outcome of a check. The order is that in which a witness prefers
// them.
type outcome uint8

const (
	pass outcome = iota
	fail
	none
	permError
	tempError
	outcomeCount = iota
)

// finals has the outcomes of package envelope.
var finals = [outcomeCount]envelope.Outcome{envelope.Pass, envelope.Fail, envelope.None, envelope.PermError, envelope.TempError}

// outcomeFor returns the outcome for one of package envelope. It is false for Pending.
func outcomeFor(o envelope.Outcome) (outcome, bool) {
	for i, k := range finals {
		if k == o {
			return outcome(i), true
		}
	}
	return 0, false
}

// cost is how little a witness likes an outcome of a check that usually has another one: it
// has few outcomes, usual ones, and failures only if nothing else shows the case.
func (o outcome) cost(usual outcome) int {
	switch o {
	case usual:
		return 10
	case tempError:
		return 1000
	}
	return 11 + int(o)
}

// outcomes is a set of outcomes: a bit for each.
type outcomes uint8

const anyOutcome outcomes = 1<<outcomeCount - 1

func setOf(list ...outcome) (s outcomes) {
	for _, o := range list {
		s |= 1 << o
	}
	return s
}

func (s outcomes) has(o outcome) bool { return s&(1<<o) != 0 }

// first returns the first outcome of a set that is not empty.
func (s outcomes) first() outcome {
	for o := range outcome(outcomeCount) {
		if s.has(o) {
			return o
		}
	}
	return pass
}
