package verdict_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// ledger makes checks that write, and records what was written.
type ledger struct {
	wrote   []string
	failing map[string]error
}

func (l *ledger) check(name string, outcome envelope.Outcome) envelope.Check {
	inner := says(name, envelope.Connect, outcome)
	return func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		f := inner(ctx, r, e)
		f.Commit = func(context.Context) error {
			if err := l.failing[name]; err != nil {
				return err
			}
			l.wrote = append(l.wrote, name)
			return nil
		}
		return f
	}
}

func TestOnlyAFinalVerdictCommits(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rules func(l *ledger) verdict.Rules
		want  verdict.Action
		wrote []string
	}{
		{"accept writes for every rule reached", func(l *ledger) verdict.Rules {
			return verdict.Rules{
				verdict.RejectUnless(l.check("a", envelope.Pass)),
				verdict.TempFailUnless(l.check("b", envelope.Pass)),
				verdict.AcceptIf(l.check("c", envelope.Pass)),
				verdict.RejectUnless(l.check("unreached", envelope.Pass)),
			}
		}, verdict.Accept, []string{"a", "b", "c"}},
		{"a mark writes", func(l *ledger) verdict.Rules {
			return verdict.Rules{verdict.MarkUnless(l.check("a", envelope.Fail), "grey")}
		}, verdict.Accept, []string{"a"}},
		{"reject writes for the rule that decided only", func(l *ledger) verdict.Rules {
			return verdict.Rules{
				verdict.RejectUnless(l.check("a", envelope.Pass)),
				verdict.RejectUnless(l.check("b", envelope.Fail)),
			}
		}, verdict.Reject, []string{"b"}},
		{"so does a tempfail that a rule wished", func(l *ledger) verdict.Rules {
			return verdict.Rules{
				verdict.RejectUnless(l.check("a", envelope.Pass)),
				verdict.TempFailUnless(l.check("b", envelope.Fail)),
			}
		}, verdict.TempFail, []string{"b"}},
		{"a forced tempfail writes nothing", func(l *ledger) verdict.Rules {
			return verdict.Rules{
				verdict.RejectUnless(l.check("a", envelope.Pass)),
				verdict.RejectUnless(temp("t")),
			}
		}, verdict.TempFail, nil},
		{"what is not settled writes nothing", func(l *ledger) verdict.Rules {
			return verdict.Rules{
				verdict.RejectUnless(l.check("a", envelope.Pass)),
				verdict.RejectUnless(late("p")),
			}
		}, verdict.Continue, nil},
		{"conditions never write", func(l *ledger) verdict.Rules {
			return verdict.Rules{verdict.RejectUnless(l.check("a", envelope.Pass)).When(l.check("c", envelope.Pass))}
		}, verdict.Accept, []string{"a"}},
		{"a rule that is off does not write", func(l *ledger) verdict.Rules {
			return verdict.Rules{verdict.RejectUnless(l.check("a", envelope.Pass)).When(fail("c"))}
		}, verdict.Accept, nil},
		{"nor one whose condition is unknown", func(l *ledger) verdict.Rules {
			return verdict.Rules{verdict.RejectUnless(l.check("a", envelope.Pass)).When(temp("c"))}
		}, verdict.Accept, nil},
		{"a shadow rule never writes", func(l *ledger) verdict.Rules {
			return verdict.Rules{verdict.RejectUnless(l.check("a", envelope.Fail)).Shadow()}
		}, verdict.Accept, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var l ledger
			got := judge(t, atConnect(), tc.rules(&l)...)
			if got.Action != tc.want || !reflect.DeepEqual(l.wrote, tc.wrote) {
				t.Errorf("got %v and wrote %q, want %v and %q", got.Action, l.wrote, tc.want, tc.wrote)
			}
		})
	}
}

func TestAFailedCommitMakesItsFindingATempError(t *testing.T) {
	l := ledger{failing: map[string]error{"b": errors.New("disk full")}}
	got := judge(t, &envelope.Envelope{},
		verdict.RejectUnless(l.check("a", envelope.Pass)),
		verdict.TempFailUnless(l.check("b", envelope.Pass)),
		verdict.RejectUnless(l.check("c", envelope.Pass)))
	if got.Action != verdict.TempFail || !got.Forced || got.Rule != "b" {
		t.Errorf("got %v by %q, want a tempfail forced by b", got.Action, got.Rule)
	}
	if got.Status.String() != "451 4.3.0" || strings.Contains(got.Reply().String(), "disk") {
		t.Errorf("the reply is %q", got.Reply())
	}
	if !strings.Contains(got.Finding.Err.Error(), "disk full") {
		t.Errorf("the cause is %v", got.Finding.Err)
	}
	if want := []string{"a"}; !reflect.DeepEqual(l.wrote, want) {
		t.Errorf("wrote %q, want %q", l.wrote, want)
	}
}

func TestAfterAFailedCommitNothingIsWrittenTwice(t *testing.T) {
	l := ledger{failing: map[string]error{"b": errors.New("disk full")}}
	got := judge(t, &envelope.Envelope{},
		verdict.RejectUnless(l.check("a", envelope.Pass)),
		verdict.TempFailUnless(l.check("b", envelope.Pass)).Ignoring(envelope.TempError),
		verdict.AcceptIf(l.check("c", envelope.Pass)))
	if want := []string{"a", "c"}; got.Action != verdict.Accept || !reflect.DeepEqual(l.wrote, want) {
		t.Errorf("got %v and wrote %q, want accept and %q", got.Action, l.wrote, want)
	}
}

// After a failed Commit, a Pending finding may matter again. Nothing may be
// written before such a verdict, since a later stage would write it again.
func TestAVerdictUnsettledByAFailedCommitHasWrittenNothing(t *testing.T) {
	pending := verdict.AcceptIf(late("p"))
	for _, tc := range []struct {
		name  string
		rules func(l *ledger) verdict.Rules
		want  verdict.Action
		rule  string
		wrote []string
	}{
		{"what is written makes it final", func(l *ledger) verdict.Rules {
			return verdict.Rules{verdict.RejectUnless(l.check("a", envelope.Pass)), verdict.RejectUnless(l.check("full", envelope.Pass)),
				pending, verdict.AcceptIf(pass("d"))}
		}, verdict.TempFail, "full", []string{"a"}},
		{"wherever the pending rule stands", func(l *ledger) verdict.Rules {
			return verdict.Rules{pending, verdict.RejectUnless(l.check("a", envelope.Pass)), verdict.RejectUnless(l.check("full", envelope.Pass))}
		}, verdict.TempFail, "full", []string{"a"}},
		{"a combined check may have written in part", func(l *ledger) verdict.Rules {
			return verdict.Rules{pending, verdict.RejectUnless(envelope.All(l.check("a", envelope.Pass), l.check("full", envelope.Pass)))}
		}, verdict.TempFail, "all(a, full)", []string{"a"}},
		{"where nothing is written it waits", func(l *ledger) verdict.Rules {
			return verdict.Rules{pending, verdict.RejectUnless(l.check("full", envelope.Pass)), verdict.RejectUnless(l.check("a", envelope.Pass))}
		}, verdict.Continue, "", nil},
		{"also for the rule that decided", func(l *ledger) verdict.Rules {
			return verdict.Rules{verdict.RejectUnless(l.check("a", envelope.Pass)),
				verdict.TempFailUnless(l.check("full", envelope.Fail)), verdict.RejectUnless(late("p"))}
		}, verdict.Continue, "", nil},
		{"a failure that is ignored unsettles nothing", func(l *ledger) verdict.Rules {
			return verdict.Rules{pending, verdict.RejectUnless(l.check("a", envelope.Pass)),
				verdict.RejectUnless(l.check("full", envelope.Pass)).Ignoring(envelope.TempError)}
		}, verdict.Accept, "", []string{"a"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := ledger{failing: map[string]error{"full": errors.New("disk full")}}
			got := judge(t, atConnect(), tc.rules(&l)...)
			if got.Action != tc.want || got.Rule != tc.rule || !reflect.DeepEqual(l.wrote, tc.wrote) {
				t.Errorf("got %v by %q and wrote %q, want %v by %q and %q", got.Action, got.Rule, l.wrote, tc.want, tc.rule, tc.wrote)
			}
		})
	}
}

func TestACommitHasItsOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var left time.Duration
		check := envelope.At("store", envelope.Connect, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			f := envelope.Passed("")
			f.Commit = func(ctx context.Context) error {
				deadline, _ := ctx.Deadline()
				left = time.Until(deadline)
				<-ctx.Done()
				return ctx.Err()
			}
			return f
		})
		policy := verdict.Policy{Timeout: time.Second, Rules: verdict.Rules{verdict.RejectUnless(check)}}
		got := policy.Judge(t.Context(), nil, &envelope.Envelope{})
		if left <= time.Second || left > time.Minute {
			t.Errorf("a commit has %v", left)
		}
		if got.Action != verdict.TempFail || !errors.Is(got.Finding.Err, context.DeadlineExceeded) {
			t.Errorf("got %v because of %v", got.Action, got.Finding.Err)
		}
	})
}

func TestACommitThatPanicsHasFailed(t *testing.T) {
	check := envelope.At("store", envelope.Connect, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		f := envelope.Passed("")
		f.Commit = func(context.Context) error { panic("torn page") }
		return f
	})
	if got := judge(t, atConnect(), verdict.RejectUnless(check)); got.Action != verdict.TempFail || !got.Forced {
		t.Errorf("got %v", got.Action)
	}
}
