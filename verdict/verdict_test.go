package verdict_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

func TestTheZeroVerdictIsAnError(t *testing.T) {
	var v verdict.Verdict
	if v.Err() == nil {
		t.Error("its Err is nil")
	}
	if got := v.Reply().String(); !strings.HasPrefix(got, "451 4.3.0 ") {
		t.Errorf("its reply is %q", got)
	}
	if got := (verdict.Policy{}).Judge(t.Context(), nil, nil); got.Action != 0 {
		t.Errorf("no envelope was judged %v", got.Action)
	}
	if got := (verdict.Policy{}).JudgeEach(t.Context(), nil, nil, "a@x.example"); len(got) != 1 || got[0].Err() == nil {
		t.Errorf("no envelope was judged %v", got)
	}
}

func TestErrHasTheVerdict(t *testing.T) {
	if err := judge(t, atConnect(), verdict.AcceptIf(pass("a"))).Err(); err != nil {
		t.Errorf("accept: %v", err)
	}
	if err := judge(t, atConnect(), verdict.RejectUnless(late("a"))).Err(); err != nil {
		t.Errorf("continue: %v", err)
	}
	err := judge(t, &envelope.Envelope{}, verdict.RejectUnless(fail("a")).See("more")).Err()
	var refused *verdict.Error
	if !errors.As(err, &refused) || refused.Verdict.Rule != "a" {
		t.Fatalf("%v is no *verdict.Error", err)
	}
	if got, want := err.Error(), "550 5.7.25 a does not hold more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMerge(t *testing.T) {
	accept := verdict.Verdict{Action: verdict.Accept, Marks: []string{"a", "b"}}
	other := verdict.Verdict{Action: verdict.Accept, Marks: []string{"b", "c"}}
	defers := verdict.Verdict{Action: verdict.TempFail, Rule: "t"}
	rejects := verdict.Verdict{Action: verdict.Reject, Rule: "r"}
	waits := verdict.Verdict{Action: verdict.Continue}
	for _, tc := range []struct {
		name string
		in   []verdict.Verdict
		want verdict.Action
		rule string
	}{
		{"nothing", nil, 0, ""},
		{"accept", []verdict.Verdict{accept, other}, verdict.Accept, ""},
		{"reject before accept", []verdict.Verdict{accept, rejects, other}, verdict.Reject, "r"},
		{"tempfail before reject", []verdict.Verdict{rejects, accept, defers}, verdict.TempFail, "t"},
		{"the first of its kind", []verdict.Verdict{rejects, {Action: verdict.Reject, Rule: "later"}}, verdict.Reject, "r"},
		{"not settled", []verdict.Verdict{defers, waits}, verdict.Continue, ""},
		{"no verdict", []verdict.Verdict{accept, {}, waits}, 0, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := verdict.Merge(tc.in...); got.Action != tc.want || got.Rule != tc.rule {
				t.Errorf("got %v by %q, want %v by %q", got.Action, got.Rule, tc.want, tc.rule)
			}
		})
	}
	if got, want := verdict.Merge(accept, other).Marks, []string{"a", "b", "c"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got the marks %q, want %q", got, want)
	}
	unsure := verdict.Verdict{Action: verdict.Accept, Undecided: []string{"d", "c", "d"}}
	if got, want := verdict.Merge(unsure, other, unsure).Undecided, []string{"d"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got the undecided marks %q, want %q", got, want)
	}
	if got := verdict.Merge(accept, unsure, rejects); got.Marks != nil || got.Undecided != nil {
		t.Errorf("a rejection has the marks %q and %q", got.Marks, got.Undecided)
	}
	if want := []string{"a", "b"}; !reflect.DeepEqual(accept.Marks, want) {
		t.Errorf("Merge changed what it was given: %q", accept.Marks)
	}
}

// timeless returns a logger that writes lines without a time to w.
func timeless(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func TestAnEventLogsReplyRecipientsAndVerdict(t *testing.T) {
	var log bytes.Buffer
	e := envelope.Envelope{Stage: envelope.Mail, Helo: "mail.example.net"}
	v := judge(t, &e, verdict.RejectUnless(fail("f")))
	for _, event := range []verdict.Event{
		{Stage: envelope.Data, Envelope: &e, Verdict: v, Reply: v.Reply(), Err: errors.New("disk\x1b full"),
			Recipients: []verdict.Recipient{{To: "ann@example.org"}, {To: "bob\r\n@example.org"}}},
		{Stage: envelope.Mail, Reply: verdict.Reply{Status: status(503, 5, 1), Lines: []string{"send", "MAIL"}}},
	} {
		timeless(&log).Info("", "event", event)
	}
	want := `level=INFO msg="" event.stage=data event.reply="550 5.7.25 f does not hold" event.recipients="[ann@example.org bob @example.org]" ` +
		`event.envelope.stage=mail event.envelope.helo=mail.example.net event.envelope.mail_from="" ` +
		`event.verdict.action=reject event.verdict.status="550 5.7.25" event.verdict.text="f does not hold" ` +
		`event.verdict.rule=f event.verdict.check=f event.verdict.outcome=fail event.verdict.questions=0 event.error="disk? full"
level=INFO msg="" event.stage=mail event.reply="503 5.5.1 send MAIL"
`
	if log.String() != want {
		t.Errorf("got\n%s\nwant\n%s", log.String(), want)
	}
}

func TestLogValueIsCleanAndHasThePrivateCause(t *testing.T) {
	var log bytes.Buffer
	logger := timeless(&log)
	v := judge(t, &envelope.Envelope{}, verdict.RejectUnless(temp("a")))
	logger.Info("judged", "verdict", v)
	v = judge(t, &envelope.Envelope{}, verdict.RejectUnless(finds(status(550, 7, 1), "evil\r\nline\x1b[2J")))
	logger.Info("judged", "verdict", v)
	v = judge(t, atConnect(), verdict.MarkUnless(fail("f"), "grey"), verdict.MarkUnless(temp("t"), "black"))
	logger.Info("judged", "verdict", v)
	want := `level=INFO msg=judged verdict.action=tempfail verdict.status="451 4.4.3" verdict.text="temporary lookup failure, please try again later" verdict.rule=a verdict.check=a verdict.outcome=temperror verdict.cause="no answer" verdict.forced=true verdict.questions=0
level=INFO msg=judged verdict.action=reject verdict.status="550 5.7.1" verdict.text="evil line?[2J" verdict.rule=finds verdict.check=finds verdict.outcome=fail verdict.questions=0
level=INFO msg=judged verdict.action=accept verdict.marks=grey verdict.undecided=black verdict.questions=0
`
	if log.String() != want {
		t.Errorf("got\n%s\nwant\n%s", log.String(), want)
	}
}

func TestIgnoresTellsAboutConditions(t *testing.T) {
	rule := verdict.RejectUnless(fail("site.a"))
	for _, tc := range []struct {
		rule verdict.Rule
		want bool
	}{
		{rule, false},
		{rule.On(envelope.TempError, verdict.Continue), false},
		{rule.Ignoring(envelope.TempError), true},
		{rule.Ignoring(envelope.TempError).On(envelope.TempError, verdict.TempFail), true},
	} {
		if got := tc.rule.Ignores(); got != tc.want {
			t.Errorf("got %v, want %v", got, tc.want)
		}
	}
}
