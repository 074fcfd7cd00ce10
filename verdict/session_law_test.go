package verdict_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// converse plays one conversation with one recipient, with a pause of a round
// between two commands, and between the header and the body of the message. With
// Behind, the client is a gateway. It returns what the first final reply came to.
func (s *slowly) converse(t *testing.T, c verdict.Connection, pause time.Duration) (final judged, stage envelope.Stage) {
	s.called, s.wrote = nil, nil
	c.Resolver, c.Report = s, func(_ context.Context, event verdict.Event) {
		v := event.Verdict
		if v.Action != verdict.Continue && final.what == "" {
			final.Verdict, stage = v, event.Stage
			final.what, final.wrote = s.said(v), slices.Clone(s.wrote)
		}
		if v.Action == verdict.Continue && len(s.wrote) > 0 {
			t.Errorf("at %v: an unsettled verdict wrote %v", event.Stage, s.wrote)
		}
	}
	session := verdict.NewSession(t.Context(), c)
	defer synctest.Wait() // until what was started ahead has ended
	defer session.Close()
	e := *s.envelope(envelope.Whole)
	if c.Behind != nil {
		e.ClientIP, e.Helo = gateway, "gw"
	}
	for i, command := range []func() verdict.Reply{
		func() verdict.Reply { return session.Connect(e) },
		func() verdict.Reply { return session.Helo(e) },
		func() verdict.Reply { return session.Mail(e, nil) },
		func() verdict.Reply { return session.Rcpt(e, nil) },
		func() verdict.Reply { return session.Data(e.Message, nil) },
	} {
		if i == 4 {
			e.Message = arriving(t, session.Header, pause)
		}
		began := time.Now()
		reply := command()
		final.took += time.Since(began)
		if reply.Status.Class() != 2 {
			break
		}
		time.Sleep(pause)
	}
	return final, stage
}

// arriving returns the message of the world, whose body comes after a pause.
func arriving(t *testing.T, header func(*envelope.Message), pause time.Duration) *envelope.Message {
	t.Helper()
	m, err := envelope.Spool{Header: func(m *envelope.Message) {
		header(m)
		time.Sleep(pause)
	}}.ReadMessage(strings.NewReader("a: b\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// combines reports whether some rule has a combined check. The text of such a
// check and what it writes depend on the stage: they are those of the operands
// that its answer needed.
func (w *world) combines() bool {
	return slices.ContainsFunc(w.specs, func(s spec) bool { return strings.Contains(s.text, "all(") || strings.Contains(s.text, "any(") })
}

// A session comes to what judging everything at once comes to, with all delays
// and failures of DNS, and for relayed mail with the client behind the gateway.
func TestLawASessionIsOneJudgement(t *testing.T) {
	early, relayed, ahead := 0, 0, int64(0)
	waited, whole := time.Duration(0), time.Duration(0)
	forEachWorld(t, cases, func(t *testing.T, w *world) {
		rules := w.rules()
		w.breakSome()
		s := w.slowly()
		synctest.Test(t, func(t *testing.T) {
			for _, c := range []verdict.Connection{
				{Policy: verdict.Policy{Rules: rules}},
				{Policy: verdict.Policy{Rules: rules, Sequential: true}},
				{Policy: verdict.Policy{Rules: rules}, Behind: s.behind},
			} {
				policy, before := c.Policy, w.ahead.Load()
				want := s.judge(t.Context(), policy, envelope.Whole)
				got, stage := s.converse(t, c, time.Second)
				if got.Action != want.Action || !slices.Equal(got.Marks, want.Marks) || !slices.Equal(got.Undecided, want.Undecided) {
					t.Errorf("a session (sequential: %v)\n%s\nand one judgement\n%s", policy.Sequential, got.what, want.what)
				}
				if stage < envelope.Data {
					early++
					if c.Behind != nil {
						relayed++
					}
				} else if (got.what != want.what || !slices.Equal(got.wrote, want.wrote)) && !w.combines() {
					t.Errorf("a session (sequential: %v) that ends at Data\n%s, wrote %q\nand one judgement\n%s, wrote %q\n%v", policy.Sequential, got.what, got.wrote, want.what, want.wrote, w)
				}
				if !policy.Sequential && c.Behind == nil {
					waited, whole = waited+got.took, whole+want.took
				}
				if policy.Sequential && w.ahead.Load() > before {
					t.Error("a sequential session asked ahead")
				}
			}
		})
		ahead += w.ahead.Load()
	})
	t.Logf("the client waited %.0f %% of the time of one judgement", 100*waited.Seconds()/whole.Seconds())
	if early < cases || relayed < cases/20 || ahead < cases/4 {
		t.Errorf("only %d early decisions, %d of them for relayed mail, and %d early lookups: the generator tests nothing", early, relayed, ahead)
	}
}
