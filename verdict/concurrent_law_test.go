package verdict_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// slowly returns a world whose answers take up to three seconds.
type slowly struct {
	*world
	delays map[string]time.Duration
}

func (w *world) slowly() *slowly {
	s := &slowly{world: w, delays: map[string]time.Duration{}}
	for _, a := range w.atoms {
		s.delays[a.name+".example."] = time.Duration(w.rng.IntN(4)) * time.Second
	}
	return s
}

func (s *slowly) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return envelope.Wait(ctx, func() ([]string, error) {
		select {
		case <-time.After(s.delays[name]):
			return s.world.LookupTXT(ctx, name)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

// judged is the result of a judgement, for comparison.
type judged struct {
	what  string
	wrote []string
	took  time.Duration
	verdict.Verdict
}

func (s *slowly) said(v verdict.Verdict) string {
	return fmt.Sprintf("%v by %q, forced %v, marks %q, undecided %q, reply %q", v.Action, v.Rule, v.Forced, v.Marks, v.Undecided, v.Reply())
}

func (s *slowly) judge(ctx context.Context, policy verdict.Policy, stage envelope.Stage) judged {
	s.called, s.wrote = nil, nil
	began := time.Now()
	v := policy.Judge(ctx, s, s.envelope(stage))
	return judged{s.said(v), slices.Clone(s.wrote), time.Since(began), v}
}

// Concurrent judging gives the same as sequential judging at every stage, takes
// no longer, and leaves no goroutine behind (which synctest sees).
func TestLawConcurrentIsSequential(t *testing.T) {
	faster, slower := time.Duration(0), time.Duration(0)
	forEachWorld(t, cases, func(t *testing.T, w *world) {
		rules := w.rules()
		w.breakSome()
		s := w.slowly()
		synctest.Test(t, func(t *testing.T) {
			for _, stage := range append(stages, envelope.Whole) {
				want := s.judge(t.Context(), verdict.Policy{Rules: rules, Sequential: true}, stage)
				got := s.judge(t.Context(), verdict.Policy{Rules: rules}, stage)
				if got.what != want.what || !slices.Equal(got.wrote, want.wrote) {
					t.Errorf("at %v: concurrently\n%s, wrote %q\nand sequentially\n%s, wrote %q", stage, got.what, got.wrote, want.what, want.wrote)
				}
				if got.took > want.took {
					t.Errorf("at %v: %v, and sequentially %v", stage, got.took, want.took)
				}
				faster, slower = faster+got.took, slower+want.took
			}
		})
	})
	t.Logf("concurrent judging took %.0f %% of the time", 100*faster.Seconds()/slower.Seconds())
	if faster > slower*8/10 {
		t.Error("the generator tests nothing")
	}
}

// A context that ends at any time only defers.
func TestLawConcurrentJudgingThatIsCancelledOnlyDefers(t *testing.T) {
	deferred := 0
	forEachWorld(t, cases/2, func(t *testing.T, w *world) {
		w.tame = true
		rules := w.rules()
		s := w.slowly()
		synctest.Test(t, func(t *testing.T) {
			want := s.judge(t.Context(), verdict.Policy{Rules: rules}, envelope.Whole)
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(w.rng.IntN(5000))*time.Millisecond)
			defer cancel()
			got := s.judge(ctx, verdict.Policy{Rules: rules}, envelope.Whole)
			if got.onlyDefers(t, want) {
				deferred++
			}
		})
	})
	if deferred < cases/100 {
		t.Errorf("only %d deferrals: the generator tests nothing", deferred)
	}
}

// onlyDefers reports whether a verdict is a tempfail in place of another one. It fails
// the test if it differs in another way, except by undecided marks.
func (got judged) onlyDefers(t *testing.T, want judged) bool {
	t.Helper()
	switch {
	case got.Action == want.Action && slices.Equal(got.Marks, want.Marks):
	case got.Action == verdict.TempFail && got.Forced && len(got.wrote) == 0:
		return true
	case got.Action == verdict.Accept && want.Action == verdict.Accept && differOnlyIn(got.Undecided, got.Marks, want.Marks):
	default:
		t.Errorf("got\n%s\nand otherwise\n%s", got.what, want.what)
	}
	return false
}

// A rule after the one that decides is not waited for.
func TestARuleAfterTheDecidingOneIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{atoms: []atom{{name: "first", dns: true}, {name: "second", dns: true}}}
		for i := range w.atoms {
			for w.atoms[i].salt = 0; w.atoms[i].word() != "fail"; w.atoms[i].salt++ {
			}
		}
		s := &slowly{w, map[string]time.Duration{"first.example.": time.Second, "second.example.": time.Hour}}
		var ended error
		second := func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			f := w.atomCheck(w.atoms[1])(ctx, r, e)
			if e.Reached(envelope.Connect) {
				ended = ctx.Err()
			}
			return f
		}
		got := s.judge(t.Context(), verdict.Policy{Rules: verdict.Rules{
			verdict.RejectUnless(w.atomCheck(w.atoms[0])), verdict.RejectUnless(second),
		}}, envelope.Whole)
		if got.Action != verdict.Reject || got.Rule != "first" || got.took != time.Second {
			t.Errorf("%s after %v", got.what, got.took)
		}
		if got.Cost().Questions != 2 || len(got.Trace) != 1 {
			t.Errorf("%d questions and %d steps", got.Cost().Questions, len(got.Trace))
		}
		synctest.Wait()
		if ended != context.Canceled {
			t.Errorf("the second rule ended with %v", ended)
		}
		if !slices.Equal(s.wrote, nil) {
			t.Errorf("wrote %q", s.wrote)
		}
	})
}
