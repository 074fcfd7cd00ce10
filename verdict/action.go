package verdict

import (
	"fmt"
	"math/bits"
)

// Action is what a rule does, and what a verdict says. The zero value is not an
// action; the zero Verdict has it.
type Action uint8

const (
	_ Action = iota
	// Continue: for a rule, the next rule is tried. For a verdict, it is not settled
	// yet, and the transaction continues.
	Continue
	// Mark: the rule sets its mark if the message is accepted, and the next rule is
	// tried. It is never the action of a verdict.
	Mark
	// Accept accepts the message.
	Accept
	// TempFail refuses the message for now, with a 4yz reply: the client tries again.
	TempFail
	// Reject refuses the message permanently, with a 5yz reply.
	Reject
)

var actionWords = [...]string{"", "continue", "mark", "accept", "tempfail", "reject"}

// String returns the word for a, such as "tempfail". It is "" for the zero value.
func (a Action) String() string {
	if int(a) < len(actionWords) {
		return actionWords[a]
	}
	return fmt.Sprintf("action(%d)", uint8(a))
}

func (a Action) valid() bool { return a >= Continue && a <= Reject }

// final reports whether a verdict with a is final.
func (a Action) final() bool { return a == Accept || a == TempFail || a == Reject }

// actions is a set of actions: a bit for each.
type actions uint8

func setOf(a Action) actions               { return 1 << a }
func (s actions) with(a Action) actions    { return s | setOf(a) }
func (s actions) has(a Action) bool        { return s&setOf(a) != 0 }
func (s actions) without(a Action) actions { return s &^ setOf(a) }
func (s actions) size() int                { return bits.OnesCount8(uint8(s)) }

// only returns the one action of a set of size 1.
func (s actions) only() Action { return Action(bits.TrailingZeros8(uint8(s))) }

// deciding returns the actions of s that end a walk.
func (s actions) deciding() actions { return s.without(Continue).without(Mark) }

// goesOn reports whether the walk can continue after a rule with the actions s.
func (s actions) goesOn() bool { return s.has(Continue) || s.has(Mark) }
