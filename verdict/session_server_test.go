package verdict_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// last returns what the session reported last, and forgets it.
func (v *visit) last() string {
	if len(v.events) == 0 {
		return ""
	}
	event := v.events[len(v.events)-1]
	v.events = nil
	return event
}

// Commands out of order are answered with 503, reported with an envelope, and
// change nothing.
func TestSessionAnswersCommandsOutOfOrder(t *testing.T) {
	v := newVisit(t, standardRules)
	v.Connect(v.e)
	v.Helo(v.e)
	for _, tc := range []struct {
		name, reported string
		command        func() verdict.Reply
	}{
		{"RCPT before MAIL", "rcpt 503 ", func() verdict.Reply { return v.rcpt("bob@example.org", nil) }},
		{"DATA before MAIL", "data 503 ", func() verdict.Reply { return v.Data(v.e.Message, nil) }},
		{"LMTP DATA before MAIL", "data 503 ", func() verdict.Reply { return v.DataEach(v.e.Message, nil)[0] }},
		{"a broken message before MAIL", "data 503 ", func() verdict.Reply { return v.Abort(errors.New("too large")) }},
		{"MAIL", "mail 250 continue", func() verdict.Reply { return v.Mail(v.e, nil) }},
		{"MAIL within a transaction", "mail 503 ", func() verdict.Reply { return v.Mail(v.e, nil) }},
		{"RCPT", "rcpt 250 continue", func() verdict.Reply { return v.rcpt("bob@example.org", nil) }},
		{"MAIL after RCPT", "mail 503 ", func() verdict.Reply { return v.Mail(v.e, nil) }},
		{"DATA", "data 250 accept bob@example.org:accept", func() verdict.Reply { return v.Data(v.e.Message, nil) }},
		{"MAIL after DATA", "mail 250 continue", func() verdict.Reply { return v.Mail(v.e, nil) }},
		{"DATA before RCPT", "data 503 ", func() verdict.Reply { return v.Data(v.e.Message, nil) }},
		{"RCPT after it", "rcpt 250 continue", func() verdict.Reply { return v.rcpt("bob@example.org", nil) }},
	} {
		v.last()
		tc.command()
		if got := v.last(); got != tc.reported {
			t.Errorf("%s: reported %q, want %q", tc.name, got, tc.reported)
		}
	}
}

func TestSessionAbortsAMessageThatDidNotArrive(t *testing.T) {
	tooLarge := verdict.Refuse(envelope.Status{Code: 552, Subject: 3, Detail: 4}, "too large")
	for _, tc := range []struct {
		err      error
		reported string
	}{
		{tooLarge, "data 552 continue bob@example.org:continue carol@example.org:continue (552 5.3.4 too large)"},
		{errors.New("disk full"), "data 451 continue bob@example.org:continue carol@example.org:continue (disk full)"},
		{nil, "data 451 continue bob@example.org:continue carol@example.org:continue (Abort was called without an error)"},
	} {
		v := newVisit(t, standardRules)
		v.begin()
		v.rcpt("bob@example.org", nil)
		v.rcpt("carol@example.org", nil)
		v.Abort(tc.err)
		if got := v.last(); got != tc.reported {
			t.Errorf("reported %q, want %q", got, tc.reported)
		}
		if reply := v.rcpt("bob@example.org", nil); reply.Status.Code != 503 {
			t.Errorf("the transaction goes on: %v", reply)
		}
	}
}

// A panic of the server reaches the caller, and the event says so.
func TestSessionReportsAPanicOfTheServer(t *testing.T) {
	v := newVisit(t, standardRules)
	panics := func() error { panic("no such table") }
	for _, tc := range []struct {
		reported string
		command  func()
	}{
		{"mail 421 continue (the server panicked)", func() { v.Mail(v.e, panics) }},
		{"rcpt 421 continue (the server panicked)", func() { v.Mail(v.e, nil); v.rcpt("bob@example.org", panics) }},
		{"data 421 accept bob@example.org:accept (the server panicked)", func() {
			v.rcpt("bob@example.org", nil)
			v.Data(v.e.Message, func(verdict.Event) error { return panics() })
		}},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", tc.reported)
				}
			}()
			tc.command()
		}()
		if got := v.last(); got != tc.reported {
			t.Errorf("reported %q, want %q", got, tc.reported)
		}
	}
}

func TestSessionTakesNoErrorForASuccess(t *testing.T) {
	v := newVisit(t, standardRules)
	accepted := func() error { return &verdict.Error{Verdict: verdict.Verdict{Action: verdict.Accept}} }
	if reply := v.Mail(v.e, accepted); reply.Status.Code != 451 {
		t.Errorf("the error of an acceptance: %v", reply)
	}
}

// RFC 3207, section 4.2: what the client said before TLS does not count.
func TestSessionForgetsAtSTARTTLSWhatTheClientSaid(t *testing.T) {
	for name, friendly := range map[string]bool{"findings": false, "an acceptance": true} {
		v := newVisit(t, func(v *visit) verdict.Rules {
			rules := standardRules(v)
			if friendly {
				rules = slices.Insert(rules, 1, verdict.AcceptIf(v.check("friend", envelope.Helo, func(e *envelope.Envelope) string { return e.Helo }, "stranger")))
			}
			return rules
		})
		v.begin()
		v.asked = nil
		v.StartTLS()
		if reply := v.rcpt("bob@example.org", nil); reply.Status.Code != 503 {
			t.Errorf("%s: the transaction goes on: %v", name, reply)
		}
		v.Mail(v.e, nil)
		want := []string{"helo mail.example.net", "from ann@example.net"}
		if friendly {
			want = []string{"friend mail.example.net"}
		}
		if !slices.Equal(v.asked, want) {
			t.Errorf("%s: asked %q, want %q", name, v.asked, want)
		}
	}
}

// Two recipients may have the same address: their places tell them apart.
func TestSessionTellsRecipientsApartByTheirIndex(t *testing.T) {
	v := newVisit(t, standardRules)
	v.LMTP = true
	v.begin()
	for _, to := range []string{"bob@example.org", "bad@example.org", "picky@example.org", "bob@example.org"} {
		v.rcpt(to, nil)
	}
	var places []int
	v.DataEach(v.e.Message, func(event verdict.Event) []error {
		for _, r := range event.Recipients {
			places = append(places, r.Index)
		}
		return nil
	})
	if want := []int{0, 2}; !slices.Equal(places, want) {
		t.Errorf("the places are %v, want %v", places, want)
	}
}

// What a check computed for the transaction is there for Report, whose context outlives
// the transaction.
func TestSessionSharesResultsWithReport(t *testing.T) {
	type resultKey struct{ helo string }
	computed := 0
	compute := func(ctx context.Context, e *envelope.Envelope) int {
		n, _ := envelope.Once(ctx, resultKey{e.Helo}, func() (int, error) { computed++; return computed, nil })
		return n
	}
	check := envelope.At("site.computed", envelope.Mail, func(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		compute(ctx, e)
		return envelope.Passed("")
	})
	var kept context.Context
	s := verdict.NewSession(t.Context(), verdict.Connection{
		Policy: verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(check)}},
		Report: func(ctx context.Context, event verdict.Event) {
			if kept = ctx; event.Stage >= envelope.Mail {
				compute(ctx, event.Envelope)
			}
		},
	})
	defer s.Close()
	e := envelope.Envelope{Helo: "mail.example.net", MailFrom: "ann@example.net", RcptTo: "bob@example.org"}
	s.Connect(e)
	s.Helo(e)
	for transaction := 1; transaction <= 2; transaction++ {
		s.Mail(e, nil)
		s.Rcpt(e, nil)
		s.Data(envelope.NewMessage([]byte("Subject: x\r\n\r\n")), nil)
		if computed != transaction {
			t.Errorf("computed %d times in %d transactions", computed, transaction)
		}
	}
	if kept.Err() != nil {
		t.Errorf("the context has ended: %v", kept.Err())
	}
	s.Close()
	if kept.Err() == nil {
		t.Error("the context outlives the session")
	}
}
