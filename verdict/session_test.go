package verdict_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// visit is a session with what it reported, and checks that count how often they
// are asked.
type visit struct {
	*verdict.Session
	e      envelope.Envelope
	events []string
	asked  []string
	wrote  []string
	broken map[string]bool // checks that fail for now
}

func newVisit(t *testing.T, rules func(*visit) verdict.Rules) *visit {
	v := &visit{broken: map[string]bool{}}
	v.e = envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.net",
		MailFrom: "ann@example.net", Message: envelope.NewMessage([]byte("Subject: x\r\n\r\n")),
	}
	v.Session = verdict.NewSession(t.Context(), verdict.Connection{
		Policy: verdict.Policy{Rules: rules(v)},
		Report: func(_ context.Context, event verdict.Event) {
			text := fmt.Sprintf("%v %d %v", event.Stage, event.Reply.Status.Code, event.Verdict.Action)
			for _, r := range event.Recipients {
				text += fmt.Sprintf(" %s:%v", r.To, r.Verdict.Action)
			}
			if event.Err != nil {
				text += " (" + event.Err.Error() + ")"
			}
			v.events = append(v.events, text)
		},
	})
	t.Cleanup(v.Close)
	return v
}

// check passes if word is not part of what is known from stage on.
func (v *visit) check(name string, stage envelope.Stage, word func(*envelope.Envelope) string, bad string) envelope.Check {
	return envelope.At(name, stage, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		v.asked = append(v.asked, name+" "+word(e))
		f := envelope.Passed("")
		switch {
		case v.broken[name]:
			f = envelope.Temporary("", errors.New("down"))
		case strings.Contains(word(e), bad):
			f = envelope.Failed("", reject, "%s is bad", word(e))
		}
		f.Commit = func(context.Context) error {
			v.wrote = append(v.wrote, name+" "+word(e))
			return nil
		}
		return f
	})
}

func (v *visit) rcpt(to string, then func() error) verdict.Reply {
	e := v.e
	e.RcptTo = to
	return v.Rcpt(e, then)
}

// standardRules have one check for each stage; "bad" anywhere is refused.
func standardRules(v *visit) verdict.Rules {
	return verdict.Rules{
		verdict.RejectUnless(v.check("client", envelope.Connect, func(e *envelope.Envelope) string { return e.Client().String() }, "bad")),
		verdict.RejectUnless(v.check("helo", envelope.Helo, func(e *envelope.Envelope) string { return e.Helo }, "bad")),
		verdict.RejectUnless(v.check("from", envelope.Mail, func(e *envelope.Envelope) string { return e.MailFrom }, "bad")),
		verdict.RejectUnless(v.check("to", envelope.Rcpt, func(e *envelope.Envelope) string { return e.RcptTo }, "bad")),
		verdict.RejectUnless(v.check("message", envelope.Data, func(e *envelope.Envelope) string { return e.RcptTo + "'s" }, "picky")),
	}
}

func (v *visit) begin() {
	v.Connect(v.e)
	v.Helo(v.e)
	v.Mail(v.e, nil)
}

func TestSessionKeepsFindingsUntilAFieldChanges(t *testing.T) {
	v := newVisit(t, standardRules)
	v.begin()
	v.rcpt("bob@example.org", nil)
	v.rcpt("carol@example.org", nil)
	v.Data(v.e.Message, nil)
	want := []string{"client 192.0.2.1", "helo mail.example.net", "from ann@example.net", "to bob@example.org", "to carol@example.org", "message bob@example.org's", "message carol@example.org's"}
	if !slices.Equal(v.asked, want) {
		t.Errorf("asked\n%q, want\n%q", v.asked, want)
	}
	// Another transaction asks for its own, a new greeting for the rest.
	v.asked = nil
	v.Mail(v.e, nil)
	v.rcpt("bob@example.org", nil)
	if want := []string{"from ann@example.net", "to bob@example.org"}; !slices.Equal(v.asked, want) {
		t.Errorf("asked\n%q, want\n%q", v.asked, want)
	}
	v.asked = nil
	v.Helo(v.e)
	v.e.Helo = "other.example.net"
	v.Helo(v.e)
	v.Mail(v.e, nil)
	if want := []string{"helo other.example.net", "from ann@example.net"}; !slices.Equal(v.asked, want) {
		t.Errorf("asked\n%q, want\n%q", v.asked, want)
	}
}

// A client may send any number of HELO names. What was asked about the client before
// the first is kept.
func TestSessionForgetsOtherNames(t *testing.T) {
	ask := func(name string, stage envelope.Stage, of func(*envelope.Envelope) string) verdict.Rule {
		return verdict.RejectUnless(envelope.At(name, stage, func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if _, err := envelope.LookupTXT(ctx, r, of(e)); err != nil {
				return envelope.Temporary("", err) // which is not kept
			}
			return envelope.Passed("")
		}))
	}
	dns := zone.MustParse("").Failing("*.", zone.SERVFAIL)
	session := verdict.NewSession(t.Context(), verdict.Connection{Resolver: dns, Policy: verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(late("late")),
		ask("client", envelope.Connect, func(*envelope.Envelope) string { return "client.example" }),
		ask("name", envelope.Helo, func(e *envelope.Envelope) string { return e.Helo }),
	}}})
	defer session.Close()
	session.Connect(envelope.Envelope{ClientIP: mapped})
	for _, name := range []string{"a.example", "a.example", "b.example", "a.example"} {
		session.Helo(envelope.Envelope{ClientIP: mapped, Helo: name})
	}
	want := "client.example. TXT, a.example. TXT, client.example. TXT, b.example. TXT, client.example. TXT, a.example. TXT"
	if got := fmt.Sprint(dns.Asked()); got != want {
		t.Errorf("asked\n%s, want\n%s", got, want)
	}
}

func TestSessionForgetsFailuresWithTheirTransaction(t *testing.T) {
	v := newVisit(t, standardRules)
	v.broken["client"] = true
	v.begin()
	if reply := v.rcpt("bob@example.org", nil); reply.Status.Code != 250 {
		t.Errorf("while more may be known: %v", reply)
	}
	if reply := v.Data(v.e.Message, nil); reply.Status.Code != 451 {
		t.Errorf("with a check that failed: %v", reply)
	}
	if n := strings.Count(strings.Join(v.asked, ","), "client"); n != 1 {
		t.Errorf("the check that failed was asked %d times in one transaction", n)
	}
	v.broken["client"] = false
	v.Mail(v.e, nil)
	v.rcpt("bob@example.org", nil)
	if reply := v.Data(v.e.Message, nil); reply.Status.Code != 250 {
		t.Errorf("in the next transaction: %v", reply)
	}
}

// Recipients who are accepted for good and those who depend on the message do not
// share a transaction.
func TestSessionKeepsRecipientsApart(t *testing.T) {
	rules := func(v *visit) verdict.Rules {
		settled := v.check("settled", envelope.Rcpt, func(e *envelope.Envelope) string { return e.RcptTo }, "pending")
		return append(verdict.Rules{verdict.AcceptIf(settled)}, standardRules(v)...)
	}
	for _, tc := range []struct {
		first, second string
		lmtp          bool
		code          uint16
	}{
		{"settled@example.org", "pending@example.org", false, 452},
		{"pending@example.org", "settled@example.org", false, 452},
		{"settled@example.org", "other@example.org", false, 250},
		{"pending@example.org", "pending2@example.org", false, 250},
		{"settled@example.org", "pending@example.org", true, 250},
	} {
		v := newVisit(t, rules)
		v.LMTP = tc.lmtp
		v.begin()
		v.rcpt(tc.first, nil)
		v.wrote = nil
		if reply := v.rcpt(tc.second, nil); reply.Status.Code != tc.code {
			t.Errorf("%s after %s: %v", tc.second, tc.first, reply)
		}
		if tc.code == 452 && len(v.wrote) > 0 {
			t.Errorf("%s after %s wrote %q", tc.second, tc.first, v.wrote)
		}
	}
}

func TestSessionAnswersAMessageOnce(t *testing.T) {
	v := newVisit(t, standardRules)
	var delivered []string
	deliver := func(event verdict.Event) error {
		if event.Envelope.Message != v.e.Message || len(event.Verdicts()) != len(event.Recipients) {
			t.Errorf("delivered %+v", event)
		}
		for _, r := range event.Recipients {
			delivered = append(delivered, r.To)
		}
		return nil
	}
	send := func(recipients ...string) verdict.Reply {
		v.begin()
		for _, to := range recipients {
			v.rcpt(to, nil)
		}
		v.events, v.wrote, delivered = nil, nil, nil
		return v.Data(v.e.Message, deliver)
	}
	if reply := send("bob@example.org", "bad@example.org", "carol@example.org"); reply.Status.Code != 250 {
		t.Errorf("accepted by all: %v", reply)
	}
	if want := []string{"bob@example.org", "carol@example.org"}; !slices.Equal(delivered, want) {
		t.Errorf("delivered to %q", delivered)
	}
	if want := []string{"data 250 accept bob@example.org:accept carol@example.org:accept"}; !slices.Equal(v.events, want) {
		t.Errorf("reported %q", v.events)
	}
	if len(v.wrote) == 0 {
		t.Error("wrote nothing")
	}
	if reply := send("bob@example.org", "picky@example.org"); reply.Status.Code != 550 {
		t.Errorf("refused by one: %v", reply)
	}
	if len(delivered) > 0 {
		t.Errorf("delivered to %q", delivered)
	}
	if want := []string{"data 550 reject bob@example.org:accept picky@example.org:reject"}; !slices.Equal(v.events, want) {
		t.Errorf("reported %q", v.events)
	}
	// What was not accepted in the end is written for nobody who accepted it.
	if want := []string{"message picky@example.org's"}; !slices.Equal(v.wrote, want) {
		t.Errorf("wrote %q, want %q", v.wrote, want)
	}
	if reply := send(); reply.Status.Code != 503 {
		t.Errorf("without a recipient: %v", reply)
	}
}

func TestSessionAnswersEachRecipientOfLMTP(t *testing.T) {
	v := newVisit(t, standardRules)
	v.LMTP = true
	v.begin()
	for _, to := range []string{"bob@example.org", "picky@example.org", "full@example.org"} {
		v.rcpt(to, nil)
	}
	v.events = nil
	replies := v.DataEach(v.e.Message, func(event verdict.Event) []error {
		accepted := event.Recipients
		if len(accepted) != 2 || accepted[0].To != "bob@example.org" || accepted[1].To != "full@example.org" {
			t.Errorf("delivered to %v", accepted)
		}
		return []error{nil, errors.New("disk full")}
	})
	var codes []uint16
	for _, reply := range replies {
		codes = append(codes, reply.Status.Code)
	}
	if want := []uint16{250, 550, 451}; !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
	want := []string{"data 250 accept bob@example.org:accept", "data 550 reject picky@example.org:reject", "data 451 accept full@example.org:accept (disk full)"}
	if !slices.Equal(v.events, want) {
		t.Errorf("reported\n%q, want\n%q", v.events, want)
	}
	if strings.Contains(replies[2].String(), "disk") {
		t.Errorf("told the client %q", replies[2])
	}
}

func TestSessionAnswersWhatTheServerCouldNotDo(t *testing.T) {
	v := newVisit(t, standardRules)
	v.begin()
	v.Reset()
	busy := func() error { return verdict.Refuse(envelope.Status{Code: 452, Subject: 4, Detail: 5}, "busy") }
	if reply := v.Mail(v.e, busy); reply.Status.Code != 452 || reply.Lines[0] != "busy" {
		t.Errorf("MAIL: %v", reply)
	}
	if reply := v.rcpt("bob@example.org", nil); reply.Status.Code != 503 {
		t.Errorf("RCPT after a MAIL that failed: %v", reply)
	}
	v.Mail(v.e, nil)
	if reply := v.rcpt("bob@example.org", busy); reply.Status.Code != 452 {
		t.Errorf("RCPT: %v", reply)
	}
	v.rcpt("carol@example.org", nil)
	delivered := ""
	v.Data(v.e.Message, func(event verdict.Event) error {
		delivered = fmt.Sprint(len(event.Recipients), event.Recipients[0].To)
		return nil
	})
	if delivered != "1carol@example.org" {
		t.Errorf("delivered to %s", delivered)
	}
	if reply := v.Data(v.e.Message, nil); reply.Status.Code != 503 {
		t.Errorf("a second message in one transaction: %v", reply)
	}
}

// After the end nothing is accepted, though rules ignore failures.
func TestSessionAcceptsNothingAfterItsEnd(t *testing.T) {
	for _, when := range []string{"before", "during"} {
		v := newVisit(t, func(v *visit) verdict.Rules {
			ending := envelope.At("ending", envelope.Data, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
				v.Close()
				return envelope.Temporary("", errors.New("gone"))
			})
			return verdict.Rules{verdict.RejectUnless(ending).Ignoring(envelope.TempError)}
		})
		v.begin()
		v.rcpt("bob@example.org", nil)
		if when == "before" {
			v.Close()
		}
		reply := v.Data(v.e.Message, func(verdict.Event) error {
			t.Error("delivered")
			return nil
		})
		if reply.Status.Code != 421 {
			t.Errorf("%s: %v", when, reply)
		}
		for _, reply := range []verdict.Reply{v.Connect(v.e), v.Helo(v.e), v.Mail(v.e, nil), v.rcpt("bob@example.org", nil)} {
			if reply.Status.Code != 421 {
				t.Errorf("%s: after it %v", when, reply)
			}
		}
	}
}

// A verdict for the whole connection or transaction is not asked for again.
func TestSessionKeepsAnAcceptance(t *testing.T) {
	v := newVisit(t, func(v *visit) verdict.Rules {
		friend := v.check("friend", envelope.Mail, func(e *envelope.Envelope) string { return e.MailFrom }, "stranger")
		return append(verdict.Rules{verdict.AcceptIf(friend)}, standardRules(v)...)
	})
	v.begin()
	v.rcpt("bad@example.org", nil)
	v.rcpt("bob@example.org", nil)
	v.Data(v.e.Message, nil)
	if want := []string{"friend ann@example.net"}; !slices.Equal(v.wrote, want) {
		t.Errorf("wrote %q, want %q", v.wrote, want)
	}
	v.e.MailFrom = "stranger@example.net"
	v.Mail(v.e, nil)
	if reply := v.rcpt("bad@example.org", nil); reply.Status.Code != 550 {
		t.Errorf("in the transaction of a stranger: %v", reply)
	}
}
