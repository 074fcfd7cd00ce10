package verdict_test

import (
	"errors"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// findings has one finding for each outcome of a check, and more
// with parts missing.
func findings() map[string]envelope.Finding {
	late := envelope.Failed("f", reject, "the mail is new")
	late.Retry = "please try again later"
	return map[string]envelope.Finding{
		"none":         envelope.NotApplicable("f"),
		"pass":         envelope.Passed("f"),
		"pass, why":    envelope.Passed("f").Observed("the client is known"),
		"fail":         envelope.Failed("f", reject, "the client has no name").SuggestLogin(),
		"fail for now": late,
		"permerror":    envelope.Permanent("f", reject, "the record is broken"),
		"temperror":    envelope.Temporary("f", errors.New("timeout")),
		"unavailable":  envelope.Unavailable("f", errors.New("disk full")),
		"no text":      {Check: "f", Outcome: envelope.TempError, Err: errors.New("timeout")},
		"no outcome":   {Check: "f"},
	}
}

// A rejection must not ask to try again, and a tempfail for a failure must ask,
// whatever the outcome and the rule.
func TestOnlyATempFailAsksToTryAgain(t *testing.T) {
	const again = "try again"
	for name, f := range findings() {
		check := answers(f)
		for _, action := range []verdict.Action{verdict.Reject, verdict.TempFail} {
			rule := verdict.RejectUnless(check)
			for _, o := range []envelope.Outcome{envelope.None, envelope.Pass, envelope.Fail, envelope.TempError, envelope.PermError} {
				rule = rule.On(o, action)
			}
			for _, policy := range []verdict.Policy{{Rules: verdict.Rules{rule}}, {Rules: verdict.Rules{rule}, Soft: true}} {
				for _, stage := range []envelope.Stage{envelope.Connect, envelope.Whole} {
					v := policy.Judge(t.Context(), nil, &envelope.Envelope{Stage: stage})
					reply := v.Reply().String()
					switch {
					case v.Action != action && !v.Softened:
						t.Errorf("%s, %v: got %v", name, action, v.Action)
					case v.Action == verdict.Reject && strings.Contains(reply, again):
						t.Errorf("%s: a rejection says %q", name, reply)
					case v.Action == verdict.TempFail && f.Retry != "" && !strings.Contains(reply, again):
						t.Errorf("%s: a tempfail says %q", name, reply)
					case !strings.Contains(reply, f.Text) || !strings.Contains(reply, f.Advice):
						t.Errorf("%s, %v: the reply %q leaves out %q or %q", name, v.Action, reply, f.Text, f.Advice)
					}
				}
			}
		}
	}
}

func TestReplyTextsByOutcomeAndAction(t *testing.T) {
	for _, tc := range []struct {
		finding string
		action  verdict.Action
		want    string
	}{
		{"none", verdict.Reject, "550 5.7.1 access denied"},
		{"none", verdict.TempFail, "450 4.7.1 temporarily deferred, please try again later"},
		{"pass", verdict.Reject, "550 5.7.1 access denied"},
		{"pass, why", verdict.Reject, "550 5.7.1 the client is known"},
		{"pass, why", verdict.TempFail, "450 4.7.1 the client is known"},
		{"fail", verdict.Reject, "550 5.7.25 the client has no name; users with an account here should log in (port 465 or 587)"},
		{"fail", verdict.TempFail, "450 4.7.25 the client has no name; users with an account here should log in (port 465 or 587)"},
		{"fail for now", verdict.Reject, "550 5.7.25 the mail is new"},
		{"fail for now", verdict.TempFail, "450 4.7.25 the mail is new, please try again later"},
		{"permerror", verdict.Reject, "550 5.7.25 the record is broken"},
		{"permerror", verdict.TempFail, "450 4.7.25 the record is broken"},
		{"temperror", verdict.Reject, "550 5.4.3 temporary lookup failure"},
		{"temperror", verdict.TempFail, "451 4.4.3 temporary lookup failure, please try again later"},
		{"unavailable", verdict.Reject, "550 5.3.0 temporary lookup failure"},
		{"unavailable", verdict.TempFail, "451 4.3.0 temporary lookup failure, please try again later"},
		{"no text", verdict.Reject, "550 5.7.1 access denied"},
		{"no text", verdict.TempFail, "450 4.7.1 temporarily deferred, please try again later"},
		{"no outcome", verdict.Reject, "550 5.3.0 internal server error"},
		{"no outcome", verdict.TempFail, "451 4.3.0 internal server error, please try again later"},
	} {
		f := findings()[tc.finding]
		check := answers(f)
		outcome := f.Outcome
		if outcome == 0 {
			outcome = envelope.TempError
		}
		v := judge(t, &envelope.Envelope{}, verdict.AcceptIf(check).On(outcome, tc.action))
		if got := v.Reply().String(); v.Action != tc.action || got != tc.want+"\r\n" {
			t.Errorf("%s, %v: got %v %q, want %q", tc.finding, tc.action, v.Action, got, tc.want)
		}
	}
}

func TestNotKeepsTheTextOfItsCheck(t *testing.T) {
	listed := answers(envelope.Passed("client.in").Observed("the client is listed"))
	for _, tc := range []struct {
		rule verdict.Rule
		want string
	}{
		{verdict.RejectIf(listed), "550 5.7.1 the client is listed\r\n"},
		{verdict.RejectUnless(envelope.Not(listed)), "550 5.7.1 the client is listed\r\n"},
		{verdict.TempFailIf(listed), "450 4.7.1 the client is listed\r\n"},
		{verdict.TempFailUnless(envelope.Not(listed)), "450 4.7.1 the client is listed\r\n"},
		{verdict.RejectIf(pass("p")), "550 5.7.1 access denied\r\n"},
		{verdict.RejectUnless(envelope.Not(pass("p"))), "550 5.7.1 access denied\r\n"},
	} {
		if got := judge(t, &envelope.Envelope{}, tc.rule).Reply().String(); got != tc.want {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
