package verdict_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

func TestTheFirstDecidingRuleDecides(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rules verdict.Rules
		want  verdict.Action
		rule  string
	}{
		{"no rules accept", nil, verdict.Accept, ""},
		{"accept if pass", verdict.Rules{verdict.AcceptIf(pass("a")), verdict.RejectUnless(fail("b"))}, verdict.Accept, "a"},
		{"accept if fail continues", verdict.Rules{verdict.AcceptIf(fail("a")), verdict.RejectUnless(fail("b"))}, verdict.Reject, "b"},
		{"reject unless pass continues", verdict.Rules{verdict.RejectUnless(pass("a"))}, verdict.Accept, ""},
		{"first reject", verdict.Rules{verdict.RejectUnless(fail("a")), verdict.RejectUnless(fail("b"))}, verdict.Reject, "a"},
		{"tempfail before reject", verdict.Rules{verdict.TempFailUnless(fail("a")), verdict.RejectUnless(fail("b"))}, verdict.TempFail, "a"},
		{"no rule acts on none", verdict.Rules{
			verdict.AcceptIf(says("a", envelope.Connect, envelope.None)),
			verdict.RejectUnless(says("b", envelope.Connect, envelope.None)),
			verdict.TempFailUnless(says("c", envelope.Connect, envelope.None)),
		}, verdict.Accept, ""},
		{"no rule acts on permerror", verdict.Rules{verdict.RejectUnless(says("a", envelope.Connect, envelope.PermError))}, verdict.Accept, ""},
		{"a rule with an action for permerror", verdict.Rules{
			verdict.RejectUnless(says("a", envelope.Connect, envelope.PermError)).On(envelope.PermError, verdict.Reject),
		}, verdict.Reject, "a"},
		{"on none", verdict.Rules{
			verdict.AcceptIf(says("a", envelope.Connect, envelope.None)).On(envelope.None, verdict.TempFail),
		}, verdict.TempFail, "a"},
		{"named", verdict.Rules{verdict.RejectUnless(fail("a")).Named("first")}, verdict.Reject, "first"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := judge(t, atConnect(), tc.rules...)
			if got.Action != tc.want || got.Rule != tc.rule {
				t.Errorf("got %v by %q, want %v by %q", got.Action, got.Rule, tc.want, tc.rule)
			}
		})
	}
}

func TestADecisionWaitsOnlyForWhatCouldChangeIt(t *testing.T) {
	on := func(c envelope.Check) verdict.Rule { return verdict.RejectUnless(c) }
	for _, tc := range []struct {
		name   string
		rules  verdict.Rules
		want   verdict.Action
		rule   string
		forced bool
	}{
		{"a pending reject does not delay a later reject",
			verdict.Rules{on(late("p")), on(fail("f"))}, verdict.Reject, "f", false},
		{"a failed reject does not delay a later reject",
			verdict.Rules{on(temp("t")), on(fail("f"))}, verdict.Reject, "f", false},
		{"an unknown reject delays an accept",
			verdict.Rules{on(late("p"))}, verdict.Continue, "", false},
		{"a failed reject makes an accept a tempfail",
			verdict.Rules{on(temp("t"))}, verdict.TempFail, "t", true},
		{"a failed exemption makes a reject a tempfail",
			verdict.Rules{verdict.AcceptIf(temp("t")), on(fail("f"))}, verdict.TempFail, "t", true},
		{"a failed exemption does not matter if no rule refuses",
			verdict.Rules{verdict.AcceptIf(temp("t")), on(pass("p"))}, verdict.Accept, "", false},
		{"a pending exemption delays a reject",
			verdict.Rules{verdict.AcceptIf(late("p")), on(fail("f"))}, verdict.Continue, "", false},
		{"a later tempfail waits for a rule that may reject",
			verdict.Rules{on(late("p")), verdict.TempFailUnless(fail("f"))}, verdict.Continue, "", false},
		{"waiting comes before a tempfail for a failure",
			verdict.Rules{on(temp("t")), on(late("p"))}, verdict.Continue, "", false},
		{"a failed lookup before an allow rule makes the accept a tempfail",
			verdict.Rules{on(temp("t")), verdict.AcceptIf(pass("a"))}, verdict.TempFail, "t", true},
		{"a rule ignores its failure",
			verdict.Rules{on(temp("t")).Ignoring(envelope.TempError)}, verdict.Accept, "", false},
		{"a rule has an action for its failure",
			verdict.Rules{on(temp("t")).On(envelope.TempError, verdict.Reject)}, verdict.Reject, "t", false},
		{"a pending condition makes its rule unknown",
			verdict.Rules{on(fail("f")).When(late("p"))}, verdict.Continue, "", false},
		{"a pending condition does not matter if the check passes",
			verdict.Rules{on(pass("f")).When(late("p"))}, verdict.Accept, "", false},
		{"a failed condition makes its rule unknown",
			verdict.Rules{on(fail("f")).Unless(temp("t"))}, verdict.TempFail, "f", true},
		{"ignoring covers conditions",
			verdict.Rules{on(fail("f")).Unless(temp("t")).Ignoring(envelope.TempError)}, verdict.Accept, "", false},
		{"one condition that does not hold switches the rule off",
			verdict.Rules{on(fail("f")).When(temp("t")).When(fail("c"))}, verdict.Accept, "", false},
		{"when passes", verdict.Rules{on(fail("f")).When(pass("c"))}, verdict.Reject, "f", false},
		{"when fails", verdict.Rules{on(fail("f")).When(fail("c"))}, verdict.Accept, "", false},
		{"when none", verdict.Rules{on(fail("f")).When(says("c", envelope.Connect, envelope.None))}, verdict.Accept, "", false},
		{"unless passes", verdict.Rules{on(fail("f")).Unless(pass("c"))}, verdict.Accept, "", false},
		{"unless none", verdict.Rules{on(fail("f")).Unless(says("c", envelope.Connect, envelope.None))}, verdict.Reject, "f", false},
		{"both needed", verdict.Rules{on(fail("f")).When(pass("c")).Unless(pass("d"))}, verdict.Accept, "", false},
		{"an unknown mark delays an accept",
			verdict.Rules{verdict.MarkUnless(late("p"), "m")}, verdict.Continue, "", false},
		{"an unknown mark does not delay a reject",
			verdict.Rules{verdict.MarkUnless(late("p"), "m"), on(fail("f"))}, verdict.Reject, "f", false},
		{"a failed mark defers nothing",
			verdict.Rules{verdict.MarkUnless(temp("t"), "m")}, verdict.Accept, "", false},
		{"a failed mark defers if its rule says so",
			verdict.Rules{verdict.MarkUnless(temp("t"), "m").On(envelope.TempError, verdict.TempFail)}, verdict.TempFail, "t", false},
		{"a mark after a possible acceptance defers nothing",
			verdict.Rules{verdict.AcceptIf(temp("t")), verdict.MarkUnless(fail("f"), "m")}, verdict.Accept, "", false},
		{"a pending acceptance before a mark delays an accept",
			verdict.Rules{verdict.AcceptIf(late("p")), verdict.MarkUnless(fail("f"), "m")}, verdict.Continue, "", false},
		{"a pending acceptance after a mark does not delay an accept",
			verdict.Rules{verdict.MarkUnless(fail("f"), "m"), verdict.AcceptIf(late("p")), verdict.MarkUnless(fail("g"), "m")}, verdict.Accept, "", false},
		{"a pending mark does not matter if a later rule sets it", verdict.Rules{
			verdict.AcceptIf(temp("t")), verdict.MarkUnless(late("p"), "m"), verdict.MarkUnless(fail("f"), "m")}, verdict.Accept, "", false},
		{"a pending mark matters if an acceptance is possible before that rule", verdict.Rules{
			verdict.MarkUnless(late("p"), "m"), verdict.AcceptIf(temp("t")), verdict.MarkUnless(fail("f"), "m")}, verdict.Continue, "", false},
		{"a pending acceptance after a rule that sets the mark does not matter", verdict.Rules{
			verdict.AcceptIf(temp("t")), verdict.MarkUnless(fail("f"), "m"), verdict.AcceptIf(late("p")), verdict.MarkUnless(temp("u"), "m")},
			verdict.Accept, "", false},
		{"a finding without an outcome never accepts",
			verdict.Rules{on(says("z", envelope.Connect, 0))}, verdict.TempFail, "z", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := judge(t, atConnect(), tc.rules...)
			if got.Action != tc.want || got.Forced != tc.forced {
				t.Fatalf("got %v (forced %v), want %v (forced %v)", got.Action, got.Forced, tc.want, tc.forced)
			}
			if got.Action.String() != "continue" && got.Rule != tc.rule {
				t.Errorf("decided by %q, want %q", got.Rule, tc.rule)
			}
		})
	}
}

func TestPendingAtDataIsATempError(t *testing.T) {
	never := func(_ context.Context, _ envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
		return envelope.NotYet("never", envelope.Data)
	}
	for _, stage := range []envelope.Stage{envelope.Data, envelope.Whole} {
		got := judge(t, &envelope.Envelope{Stage: stage}, verdict.RejectUnless(never))
		if got.Action != verdict.TempFail || !got.Forced {
			t.Errorf("at %v: got %v, want a forced tempfail", stage, got.Action)
		}
	}
}

func TestAPanicIsATempErrorThatNamesTheRule(t *testing.T) {
	boom := envelope.At("boom", envelope.Connect, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		panic("oh no")
	})
	got := judge(t, atConnect(), verdict.RejectUnless(boom).Named("mine"))
	if got.Action != verdict.TempFail || got.Rule != "mine" || !strings.Contains(got.Finding.Err.Error(), "rule mine panicked: oh no") {
		t.Errorf("got %v by %q: %v", got.Action, got.Rule, got.Finding.Err)
	}
	if text := got.Reply().String(); strings.Contains(text, "oh no") {
		t.Errorf("the wire shows the panic: %s", text)
	}
	got = judge(t, atConnect(), verdict.RejectUnless(fail("f")).Unless(boom))
	if got.Action != verdict.TempFail || got.Finding.Check != "boom" {
		t.Errorf("a panicking condition: got %v for %q", got.Action, got.Finding.Check)
	}
}

func TestAfterTheTimeoutMissingFindingsAreTempErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := envelope.At("slow", envelope.Connect, func(ctx context.Context, _ envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
			<-ctx.Done()
			return envelope.Failed("slow", reject, "misread")
		})
		policy := verdict.Policy{Timeout: time.Second, Rules: verdict.Rules{
			verdict.RejectUnless(slow), verdict.RejectUnless(fail("local")),
		}}
		began := time.Now()
		got := policy.Judge(t.Context(), nil, &envelope.Envelope{})
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %v, want the timeout of 1s", took)
		}
		if got.Action != verdict.TempFail || !got.Forced || got.Rule != "slow" {
			t.Errorf("got %v by %q, want a forced tempfail by slow", got.Action, got.Rule)
		}
		for _, step := range got.Trace {
			if step.Finding.Outcome != envelope.TempError {
				t.Errorf("%s was %v, want temperror", step.Rule, step.Finding.Outcome)
			}
		}
		if err := got.Finding.Err; !strings.Contains(err.Error(), "Policy.Timeout") {
			t.Errorf("the cause is %v", err)
		}
	})
}

func TestTheCallersContextBoundsTheJudgement(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the client has gone"))
	got := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(pass("a"))}}.Judge(ctx, nil, atConnect())
	if got.Action != verdict.TempFail || got.Finding.Err.Error() != "the client has gone" {
		t.Errorf("got %v because of %v", got.Action, got.Finding.Err)
	}
}

func TestInvalidRulesNeverAcceptMail(t *testing.T) {
	bad := map[string]verdict.Rule{
		"no check":             verdict.RejectUnless(nil),
		"no rule":              {},
		"no condition":         verdict.RejectUnless(pass("a")).When(nil),
		"an unknown reply":     verdict.RejectUnless(pass("a")).Reply(envelope.Status{Code: 599, Subject: 7, Detail: 1}, "no"),
		"a reply of success":   verdict.RejectUnless(pass("a")).Reply(envelope.Status{Code: 250}, "no"),
		"a soft rejection":     verdict.RejectUnless(pass("a")).Reply(envelope.Status{Code: 450, Subject: 7, Detail: 1}, "no"),
		"action on pending":    verdict.RejectUnless(pass("a")).On(envelope.Pending, verdict.Accept),
		"no action":            verdict.RejectUnless(pass("a")).On(envelope.Fail, 0),
		"ignoring fail":        verdict.RejectUnless(pass("a")).Ignoring(envelope.Fail),
		"unknown placeholder":  verdict.RejectUnless(pass("a")).See("https://x.example/{ipp}"),
		"an empty mark":        verdict.MarkUnless(pass("a"), ""),
		"a mark of two lines":  verdict.MarkIf(pass("a"), "a\r\nX-Spam: no"),
		"an invisible mark":    verdict.MarkUnless(pass("a"), "a\u200bb"),
		"a mark of no UTF-8":   verdict.MarkUnless(pass("a"), "a\xff"),
		"a name for a mark":    verdict.RejectUnless(pass("a")).On(envelope.Fail, verdict.Mark).Named("a\x00"),
		"no name for a mark":   verdict.RejectUnless(pass("a")).On(envelope.Fail, verdict.Mark).Named(""),
		"unclosed placeholder": verdict.RejectUnless(pass("a")).Reply(reject, "no {ip"),
	}
	for name, rule := range bad {
		t.Run(name, func(t *testing.T) {
			policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(pass("good")), rule}}
			err := policy.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), "rule 2 (") {
				t.Errorf("Validate: %v", err)
			}
			if got := policy.Judge(t.Context(), nil, &envelope.Envelope{}); got.Action != verdict.TempFail || !got.Forced {
				t.Errorf("got %v, want a forced tempfail", got.Action)
			}
		})
	}
	good := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(pass("a")).See("{ip} {helo} {from} {to} {rule} {code} {status}"),
		verdict.MarkUnless(pass("a"), "verdächtig, vielleicht"),
		verdict.RejectUnless(pass("a")).Named("a\x00"), // which is not a valid mark
	}}
	if err := good.Validate(); err != nil {
		t.Errorf("good rules: %v", err)
	}
}

// A misconfigured check is found before the first mail, wherever it is in the
// rules, even if no mail would show the mistake.
func TestValidateNamesEveryMisconfiguredCheck(t *testing.T) {
	a := envelope.Misconfigured("a", envelope.Data, errors.New(`host pattern "a..b" has an empty label`))
	b := envelope.Misconfigured("b", envelope.Rcpt, errors.New("the set is nil"))
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(pass("good")),
		verdict.RejectUnless(a),
		verdict.RejectUnless(a).Named("own").Ignoring(envelope.TempError),
		verdict.RejectIf(envelope.Any(pass("good"), envelope.Not(a), b)),
		verdict.MarkUnless(pass("c"), "m").When(pass("good")).Unless(b).When(envelope.Not(a)),
		verdict.TempFailUnless(b).Shadow().Reply(envelope.Status{Code: 250}, "no"),
		verdict.RejectUnless(func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding { panic("no message") }),
	}}
	const want = `rule 2 (a): host pattern "a..b" has an empty label
rule 3 (own): a: host pattern "a..b" has an empty label
rule 4 (any(good, not(a), b)): a: host pattern "a..b" has an empty label; b: the set is nil
rule 5 (c): the condition b: the set is nil
rule 5 (c): the condition not(a): a: host pattern "a..b" has an empty label
rule 6 (b): the set is nil
rule 6 (b): 250 2.0.0 is not a valid status of a refusal
rule 7 (): the check panics at Start: no message`
	if err := policy.Validate(); fmt.Sprint(err) != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestRuleMethodsReturnCopies(t *testing.T) {
	base := verdict.RejectUnless(fail("f")).See("one").Unless(fail("c"))
	a, b := base.See("two").Unless(pass("x")), base.See("three")
	if got := judge(t, atConnect(), a); got.Action != verdict.Accept {
		t.Errorf("a: got %v", got.Action)
	}
	for rule, want := range map[*verdict.Rule][]string{&b: {"one", "three"}, &base: {"one"}} {
		if got := judge(t, atConnect(), *rule); !reflect.DeepEqual(got.Help, want) {
			t.Errorf("got the help %q, want %q", got.Help, want)
		}
	}
	_ = base.On(envelope.Fail, verdict.Accept)
	if got := judge(t, atConnect(), base); got.Action != verdict.Reject {
		t.Errorf("the base changed with its copy: %v", got.Action)
	}
}

func TestSoftTurnsRejectionsIntoTempFails(t *testing.T) {
	policy := verdict.Policy{Soft: true, Rules: verdict.Rules{verdict.RejectUnless(fail("f"))}}
	got := policy.Judge(t.Context(), nil, atConnect())
	if got.Action != verdict.TempFail || !got.Softened || got.Forced || got.Rule != "f" {
		t.Errorf("got %+v", got)
	}
	if want := (envelope.Status{Code: 421, Subject: 7, Detail: 25}); got.Status != want {
		t.Errorf("at the greeting: got %v, want %v", got.Status, want)
	}
	if got := policy.Judge(t.Context(), nil, &envelope.Envelope{}); got.Status.String() != "450 4.7.25" {
		t.Errorf("got %v, want 450 4.7.25", got.Status)
	}
}

func TestJudgeEachCountsRecipientsThatWereNotRefused(t *testing.T) {
	var seen []int
	known := envelope.At("known", envelope.Rcpt, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		seen = append(seen, e.Recipients)
		if e.RcptTo == "nobody@example.org" {
			return envelope.Failed("", envelope.Status{Code: 550, Subject: 1, Detail: 1}, "there is no %s here", e.RcptTo)
		}
		return envelope.Passed("")
	})
	env := envelope.Envelope{Stage: envelope.Rcpt, Recipients: 1}
	got := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(known)}}.
		JudgeEach(t.Context(), nil, &env, "a@example.org", "nobody@example.org", "b@example.org")
	if want := []int{1, 2, 2}; !reflect.DeepEqual(seen, want) {
		t.Errorf("recipients before each: %v, want %v", seen, want)
	}
	for i, want := range []verdict.Action{verdict.Accept, verdict.Reject, verdict.Accept} {
		if got[i].Action != want {
			t.Errorf("recipient %d: %v, want %v", i, got[i].Action, want)
		}
	}
	if env.Recipients != 1 || env.RcptTo != "" {
		t.Errorf("the envelope was changed: %+v", env)
	}
}

func TestChecksGetAPlainAddressAndOneTime(t *testing.T) {
	var times []time.Time
	look := func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if e.Stage != envelope.Start {
			times = append(times, e.Now)
			if e.ClientIP.String() != "192.0.2.1" {
				t.Errorf("the address is %v", e.ClientIP)
			}
		}
		return envelope.Passed("look")
	}
	env := envelope.Envelope{ClientIP: mapped}
	judge(t, &env, verdict.RejectUnless(look), verdict.RejectUnless(look))
	if len(times) != 2 || times[0].IsZero() || times[0] != times[1] {
		t.Errorf("the times are %v", times)
	}
}

// A judgement without time is no reason to refuse before a check is due.
func TestACheckThatIsNotDueIsNotLate(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(envelope.At("due.at.mail", envelope.Mail, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		return envelope.Passed("")
	}))}}
	for stage, want := range map[envelope.Stage]verdict.Action{envelope.Helo: verdict.Continue, envelope.Mail: verdict.TempFail} {
		if v := policy.Judge(ended, nil, &envelope.Envelope{Stage: stage}); v.Action != want {
			t.Errorf("at %v: %v", stage, v)
		}
	}
}
