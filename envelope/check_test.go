package envelope_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func TestAtWaitsForItsStage(t *testing.T) {
	message := envelope.NewMessage([]byte("Subject: x\r\n\r\n"))
	for _, stage := range []envelope.Stage{envelope.Connect, envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data} {
		for _, at := range append(ordered, envelope.Whole) {
			asked := 0
			check := envelope.At("site.own", stage, constant(envelope.Passed(""), &asked))
			e := &envelope.Envelope{Stage: at, Message: message}
			f := check(t.Context(), nil, e)
			if f.Check != "site.own" {
				t.Errorf("stage %s, envelope at %s: the finding is named %q", stage, at, f.Check)
			}
			if e.Reached(stage) {
				if asked != 1 || f.Outcome != envelope.Pass {
					t.Errorf("stage %s, envelope at %s: asked %d times, %s", stage, at, asked, f.Outcome)
				}
			} else if asked != 0 || f.Outcome != envelope.Pending || f.Awaits != stage {
				t.Errorf("stage %s, envelope at %s: asked %d times, %s until %s", stage, at, asked, f.Outcome, f.Awaits)
			}
		}
	}
}

func TestAtNeverAnswersAtStart(t *testing.T) {
	asked := 0
	check := envelope.At("site.own", envelope.Start, constant(envelope.Passed(""), &asked))
	f := check(t.Context(), nil, &envelope.Envelope{Stage: envelope.Start})
	if asked != 0 || f.Outcome != envelope.Pending || f.Awaits != envelope.Connect {
		t.Errorf("asked %d times, %s until %s", asked, f.Outcome, f.Awaits)
	}
	f = check(t.Context(), nil, &envelope.Envelope{Stage: envelope.Connect})
	if asked != 1 || f.Outcome != envelope.Pass {
		t.Errorf("at Connect: asked %d times, %s", asked, f.Outcome)
	}
}

func TestAtAnswersOnlyFromItsStage(t *testing.T) {
	check := envelope.At("site.own", envelope.Whole, constant(envelope.Passed(""), nil))
	if f := check(t.Context(), nil, &envelope.Envelope{Stage: envelope.Data}); f.Outcome != envelope.Pending {
		t.Errorf("at Data: %s", f.Outcome)
	}
	if f := check(t.Context(), nil, &envelope.Envelope{}); f.Outcome != envelope.Pass {
		t.Errorf("whole: %s", f.Outcome)
	}
}

func TestAtDataNeedsAMessage(t *testing.T) {
	asked := 0
	check := envelope.At("site.own", envelope.Data, constant(envelope.Passed(""), &asked))

	f := check(t.Context(), nil, &envelope.Envelope{Stage: envelope.Data})
	if f.Outcome != envelope.TempError || f.Status.String() != "451 4.3.0" || f.Text != mistake ||
		f.Err == nil || f.Err.Error() != "the envelope at Data has no message" {
		t.Errorf("a forgotten message is %s %s %v %q", f.Outcome, f.Status, f.Err, f.Text)
	}
	f = check(t.Context(), nil, &envelope.Envelope{})
	if f.Outcome != envelope.None || f.Check != "site.own" {
		t.Errorf("a whole envelope without a message is %s of %q", f.Outcome, f.Check)
	}
	if asked != 0 {
		t.Errorf("the answer was called %d times without a message", asked)
	}
	empty := envelope.Envelope{Stage: envelope.Data, Message: envelope.NewMessage(nil)}
	if f = check(t.Context(), nil, &empty); f.Outcome != envelope.Pass {
		t.Errorf("an empty message counts as none: %s", f.Outcome)
	}
}

func TestAtKeepsTheNameOfTheAnswer(t *testing.T) {
	check := envelope.At("site.outer", envelope.Mail, constant(envelope.Passed("site.inner"), nil))
	if f := check(t.Context(), nil, &envelope.Envelope{}); f.Check != "site.inner" {
		t.Errorf("the finding is named %q", f.Check)
	}
}

// mistake is the text for a mistake of the program.
const mistake = "internal server error"

func TestMisconfiguredDefersAtStartAndFromItsStageOn(t *testing.T) {
	cause := errors.New("host pattern \"a..b\" has an empty label")
	check := envelope.Misconfigured("site.own", envelope.Rcpt, cause)
	f := check(t.Context(), nil, &envelope.Envelope{Stage: envelope.Mail})
	if f.Check != "site.own" || f.Outcome != envelope.Pending || f.Awaits != envelope.Rcpt {
		t.Errorf("at Mail: %q %s until %s", f.Check, f.Outcome, f.Awaits)
	}
	f = check(t.Context(), nil, &envelope.Envelope{Stage: envelope.Start})
	if f.Awaits != envelope.Rcpt {
		t.Errorf("at Start: until %s", f.Awaits)
	}
	for _, stage := range []envelope.Stage{envelope.Start, envelope.Rcpt, envelope.Data, envelope.Whole} {
		f := check(t.Context(), nil, &envelope.Envelope{Stage: stage})
		if f.Check != "site.own" || f.Outcome != envelope.TempError || f.Status.String() != "451 4.3.5" || f.Err != cause || f.Text != "server configuration error" {
			t.Errorf("at %s: %q %s %s %v %q", stage, f.Check, f.Outcome, f.Status, f.Err, f.Text)
		}
	}
}

func TestValidate(t *testing.T) {
	bad, worse := errors.New("a..b has an empty label"), errors.New("the set is nil")
	a := envelope.Misconfigured("a", envelope.Rcpt, bad)
	b := envelope.Misconfigured("b", envelope.Connect, worse)
	good := envelope.At("good", envelope.Data, constant(envelope.Passed(""), nil))
	failing := envelope.At("failing", envelope.Connect, constant(envelope.Temporary("", worse), nil))
	early := constant(envelope.Passed("early"), nil) // breaks the contract
	const answers = "at Start the check answers pass, and must be pending until the stage of what it needs (envelope.At does that)"
	for _, tc := range []struct {
		about string
		check envelope.Check
		want  string // "" for nil
		is    []error
	}{
		{"a good check", good, "", nil},
		{"a good combination", envelope.Any(envelope.Not(good), envelope.All(good, failing)), "", nil},
		{"a combination of nothing", envelope.All(), "", nil},
		{"a failure at its stage", failing, "", nil},
		{"a misconfigured check", a, "a..b has an empty label", []error{bad}},
		{"for no reason", envelope.Misconfigured("a", envelope.Rcpt, nil), "no cause was given", nil},
		{"from Start on", envelope.Misconfigured("a", envelope.Start, bad), "a..b has an empty label", []error{bad}},
		{"after a good one", envelope.All(good, a), "a: a..b has an empty label", []error{bad}},
		{"an answer at Start", early, answers, nil},
		{"a refusal at Start", constant(envelope.Failed("early", envelope.Status{Code: 550}, "no"), nil), strings.Replace(answers, "pass", "fail", 1), nil},
		{"an answer at Start in All", envelope.All(early, good), "early: " + answers, nil},
		{"an answer at Start in Not", envelope.Not(early), "early: " + answers, nil},
		{"after one that answers at Start", envelope.Any(early, a), "early: " + answers + "; a: a..b has an empty label", []error{bad}},
		{"after one that decides", envelope.All(envelope.Not(early), a), "early: " + answers + "; a: a..b has an empty label", []error{bad}},
		{"nothing in a combination", envelope.Not(envelope.Any(envelope.All(), good)), "", nil},
		{"in Any", envelope.Any(a, good), "a: a..b has an empty label", []error{bad}},
		{"in Not", envelope.Not(a), "a: a..b has an empty label", []error{bad}},
		{"several", envelope.Any(a, good, b), "a: a..b has an empty label; b: the set is nil", []error{bad, worse}},
		{"several, nested", envelope.Not(envelope.Any(envelope.Not(a), envelope.All(good, b))),
			"a: a..b has an empty label; b: the set is nil", []error{bad, worse}},
		{"no check", nil, "the check is nil", nil},
		{"no check in All", envelope.All(good, nil), "the check is nil", nil},
		{"no check in Not", envelope.Not(nil), "the check is nil", nil},
		{"no answer", envelope.At("a", envelope.Rcpt, nil), "the check is nil", nil},
		{"no outcome", constant(envelope.Finding{}, nil), "the finding has no outcome", nil},
		{"a panic", func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			panic("no message")
		}, "the check panics at Start: no message", nil},
	} {
		t.Run(tc.about, func(t *testing.T) {
			err := tc.check.Validate()
			if tc.want == "" {
				if err != nil {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err == nil || err.Error() != tc.want {
				t.Fatalf("got %v, want %s", err, tc.want)
			}
			for _, cause := range tc.is {
				if !errors.Is(err, cause) {
					t.Errorf("%v does not hold the cause %v", err, cause)
				}
			}
		})
	}
}

// With mail, a misconfigured operand matters only if it could change the
// answer.
func TestAMisconfiguredOperandDoesNotDecide(t *testing.T) {
	bad := envelope.Misconfigured("bad", envelope.Rcpt, errors.New("no"))
	pass, fail := found(envelope.Pass), found(envelope.Fail)
	for _, tc := range []struct {
		check envelope.Check
		want  envelope.Outcome
	}{
		{envelope.Any(bad, pass), envelope.Pass},
		{envelope.All(bad, fail), envelope.Fail},
		{envelope.Any(bad, fail), envelope.TempError},
		{envelope.All(bad, pass), envelope.TempError},
		{envelope.Not(bad), envelope.TempError},
	} {
		if got := ask(t, tc.check); got.Outcome != tc.want {
			t.Errorf("%s is %s, want %s", got.Check, got.Outcome, tc.want)
		}
	}
}

func TestDescribe(t *testing.T) {
	at := func(name string, stage envelope.Stage) envelope.Check {
		return envelope.At(name, stage, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			panic("the check was run to be described")
		})
	}
	for _, tc := range []struct {
		about string
		check envelope.Check
		name  string
		from  envelope.Stage
	}{
		{"a plain check", at("a", envelope.Rcpt), "a", envelope.Rcpt},
		{"All answers with the first that may settle it", envelope.All(at("a", envelope.Data), at("b", envelope.Helo)), "all(a, b)", envelope.Helo},
		{"Any too", envelope.Any(at("a", envelope.Mail), at("b", envelope.Data)), "any(a, b)", envelope.Mail},
		{"Not", envelope.Not(at("a", envelope.Data)), "not(a)", envelope.Data},
		{"nested", envelope.Any(envelope.Not(at("a", envelope.Data)), envelope.All(at("b", envelope.Rcpt))), "any(not(a), all(b))", envelope.Rcpt},
		{"All of nothing", envelope.All(), "all()", envelope.Whole},
		{"no check", nil, "", envelope.Whole},
		{"a combination with no check", envelope.All(nil, at("a", envelope.Rcpt)), "all(, a)", envelope.Connect},
		{"a misconfigured check", envelope.Misconfigured("a", envelope.Rcpt, errors.New("no")), "a", envelope.Rcpt},
		{"one in a combination", envelope.All(at("a", envelope.Data), envelope.Misconfigured("b", envelope.Rcpt, errors.New("no"))), "all(a, b)", envelope.Rcpt},
		{"one that panics at Start", func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
			panic("no resolver")
		}, "", envelope.Whole},
	} {
		t.Run(tc.about, func(t *testing.T) {
			name, from := tc.check.Describe()
			if name != tc.name || from != tc.from {
				t.Errorf("got %q from %s, want %q from %s", name, from, tc.name, tc.from)
			}
		})
	}
}
