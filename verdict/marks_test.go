package verdict_test

import (
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

func TestMarksAndUndecidedMarksAreListedOnce(t *testing.T) {
	mark, marks := verdict.MarkUnless, func(m ...string) []string { return m }
	for _, tc := range []struct {
		name             string
		rules            verdict.Rules
		marks, undecided []string
	}{
		{"set", verdict.Rules{mark(fail("f"), "m"), mark(pass("p"), "not")}, marks("m"), nil},
		{"set if it passes", verdict.Rules{verdict.MarkIf(pass("p"), "m"), verdict.MarkIf(fail("f"), "not")}, marks("m"), nil},
		{"named for its rule", verdict.Rules{verdict.RejectUnless(pass("p")).On(envelope.Pass, verdict.Mark)}, marks("p"), nil},
		{"twice", verdict.Rules{mark(fail("f"), "m"), mark(fail("g"), "m")}, marks("m"), nil},
		{"failed", verdict.Rules{mark(temp("t"), "m")}, nil, marks("m")},
		{"failed twice", verdict.Rules{mark(temp("t"), "m"), mark(temp("u"), "m")}, nil, marks("m")},
		{"failed and ignored", verdict.Rules{mark(temp("t"), "m").Ignoring(envelope.TempError)}, nil, nil},
		{"failed and set all the same", verdict.Rules{mark(temp("t"), "m").On(envelope.TempError, verdict.Mark)}, marks("m"), nil},
		{"failed, but set by another rule", verdict.Rules{mark(temp("t"), "m"), mark(fail("f"), "m")}, marks("m"), nil},
		{"set, and failed in another rule", verdict.Rules{mark(fail("f"), "m"), mark(temp("t"), "m")}, marks("m"), nil},
		{"its condition failed", verdict.Rules{mark(fail("f"), "m").When(temp("t"))}, nil, marks("m")},
		{"an acceptance before it failed", verdict.Rules{verdict.AcceptIf(temp("t")), mark(fail("f"), "m")}, nil, marks("m")},
		{"an acceptance after it failed", verdict.Rules{mark(fail("f"), "m"), verdict.AcceptIf(temp("t"))}, marks("m"), nil},
		{"pending, but set by another rule", verdict.Rules{mark(late("p"), "m"), mark(fail("f"), "m")}, marks("m"), nil},
		{"in the order of the rules that can set them", verdict.Rules{
			mark(temp("t"), "a"), mark(temp("t"), "b"), mark(fail("f"), "c"), mark(pass("p"), "d"),
			mark(fail("f"), "e"), mark(fail("f"), "d"), mark(temp("t"), "z"), mark(fail("f"), "a"),
		}, marks("a", "c", "d", "e"), marks("b", "z")},
		{"of a shadow rule", verdict.Rules{mark(fail("f"), "m").Shadow(), mark(temp("t"), "n").Shadow()}, nil, nil},
		{"not reached", verdict.Rules{verdict.AcceptIf(pass("p")), mark(fail("f"), "m"), mark(temp("t"), "n")}, nil, nil},
		{"of a rejection", verdict.Rules{mark(fail("f"), "m"), mark(temp("t"), "n"), verdict.RejectUnless(fail("f"))}, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := judge(t, atConnect(), tc.rules...)
			if !slices.Equal(got.Marks, tc.marks) || !slices.Equal(got.Undecided, tc.undecided) {
				t.Errorf("got %v marked %q, undecided %q; want %q, %q", got.Action, got.Marks, got.Undecided, tc.marks, tc.undecided)
			}
		})
	}
}

// A rule that can only mark forces no tempfail.
func TestAMarkForcesNothing(t *testing.T) {
	v := judge(t, atConnect(), verdict.MarkUnless(temp("a.mark"), "x"), verdict.RejectUnless(temp("b.rule")))
	if v.Action != verdict.TempFail || !v.Forced || v.Rule != "b.rule" || v.Finding.Check != "b.rule" {
		t.Errorf("got %s", v)
	}
}
