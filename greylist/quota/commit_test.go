package quota_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/verdict"
)

// contains passes for a message that contains a text.
func contains(text string) envelope.Check {
	return envelope.At("message.contains", envelope.Data, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if strings.Contains(string(e.Message.Header()), text) {
			return envelope.Passed("")
		}
		return envelope.Failed("", overQuota, "the message has no %s", text)
	})
}

// known passes for recipients whose local part does not begin with x.
func known(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	switch {
	case !e.Reached(envelope.Rcpt):
		return envelope.NotYet("recipient.known", envelope.Rcpt)
	case strings.HasPrefix(e.RcptTo, "x"):
		return envelope.Failed("recipient.known", overQuota, "no such mailbox")
	}
	return envelope.Passed("recipient.known")
}

// knownAtData is known as a check that answers only at DATA.
func knownAtData(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return envelope.At("recipient.knownatdata", envelope.Data, known)(ctx, r, e)
}

// Only an acceptance counts.
func TestOnlyAnAcceptanceCounts(t *testing.T) {
	for _, tc := range []struct {
		name  string
		rules func(within envelope.Check) verdict.Rules
		want  int64
	}{
		{"accepted", func(w envelope.Check) verdict.Rules { return verdict.Rules{verdict.TempFailUnless(w)} }, 1},
		{"accepted by a later rule", func(w envelope.Check) verdict.Rules {
			return verdict.Rules{verdict.TempFailUnless(w), verdict.AcceptIf(contains("Subject"))}
		}, 1},
		{"marked", func(w envelope.Check) verdict.Rules { return verdict.Rules{verdict.MarkUnless(w, "over")} }, 1},
		{"twice", func(w envelope.Check) verdict.Rules {
			return verdict.Rules{verdict.TempFailUnless(w), verdict.MarkUnless(w, "over"), verdict.RejectUnless(envelope.All(w, w))}
		}, 1},
		{"a shadow rule", func(w envelope.Check) verdict.Rules { return verdict.Rules{verdict.TempFailUnless(w).Shadow()} }, 0},
		{"a condition", func(w envelope.Check) verdict.Rules {
			return verdict.Rules{verdict.RejectUnless(contains("Subject")).When(w)}
		}, 0},
		{"a rule that is off", func(w envelope.Check) verdict.Rules {
			return verdict.Rules{verdict.TempFailUnless(w).Unless(contains("Subject"))}
		}, 0},
		{"accepted by an earlier rule", func(w envelope.Check) verdict.Rules {
			return verdict.Rules{verdict.AcceptIf(known), verdict.TempFailUnless(w)}
		}, 0},
		{"rejected by a later rule", func(w envelope.Check) verdict.Rules {
			return verdict.Rules{verdict.TempFailUnless(w), verdict.RejectUnless(contains("Nonsense"))}
		}, 0},
		{"deferred by an earlier rule", func(w envelope.Check) verdict.Rules {
			return verdict.Rules{verdict.TempFailUnless(contains("Nonsense")), verdict.TempFailUnless(w)}
		}, 0},
	} {
		for _, key := range []quota.Key{messages, recipients} {
			store := new(greylist.Memory)
			policy := verdict.Policy{Rules: tc.rules(quota.Within(store, key, 5, hour))}
			for _, stage := range []envelope.Stage{envelope.Connect, envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data} {
				e := mail(0)
				e.Stage, e.Message = stage, envelope.NewMessage([]byte("Subject: x\r\n\r\n"))
				if policy.Judge(t.Context(), nil, e).Action != verdict.Continue {
					break
				}
			}
			if got := used(t, store, key, hour, 0); got != tc.want {
				t.Errorf("%s: %d counted, want %d", tc.name, got, tc.want)
			}
		}
	}
}

// transact sends one message in a session, and returns the replies to RCPT and DATA,
// each code with the number of times in a row.
func transact(s *verdict.Session, lmtp bool, to ...string) string {
	var codes []string
	e := *mail(0)
	note := func(r verdict.Reply) { codes = append(codes, r.Status.String()) }
	s.LMTP = lmtp
	s.Connect(e)
	s.Helo(e)
	if r := s.Mail(e, nil); r.Status.Class() != 2 {
		note(r)
		return strings.Join(codes, " ")
	}
	for _, e.RcptTo = range to {
		note(s.Rcpt(e, nil))
	}
	m := envelope.NewMessage([]byte("Subject: x\r\n\r\n"))
	if lmtp {
		for _, r := range s.DataEach(m, nil) {
			note(r)
		}
	} else {
		note(s.Data(m, nil))
	}
	return runs(codes)
}

// runs joins codes, and writes a run of the same as "3*code".
func runs(codes []string) string {
	var text []string
	for i := 0; i < len(codes); {
		n := i
		for n < len(codes) && codes[n] == codes[i] {
			n++
		}
		text = append(text, fmt.Sprintf("%d*%s", n-i, codes[i]))
		i = n
	}
	return strings.Join(text, ", ")
}

// to returns n addresses that begin with a letter.
func to(n int, letter string) (addresses []string) {
	for i := range n {
		addresses = append(addresses, fmt.Sprintf("%s%d@example.net", letter, i))
	}
	return addresses
}

func TestCountsInATransaction(t *testing.T) {
	const (
		atRcpt = iota // the policy decides at RCPT
		atData        // the policy decides at DATA, each recipient for itself
	)
	mixed := append(to(3, "x"), to(4, "a")...)
	for _, tc := range []struct {
		name    string
		decides int
		lmtp    bool
		n       int
		to      []string
		replies string

		messages, recipients int64
	}{
		{"50 recipients", atRcpt, false, 100, to(50, "a"), "51*250 2.0.0", 1, 50},
		{"50 recipients of LMTP", atRcpt, true, 100, to(50, "a"), "100*250 2.0.0", 1, 50},
		{"50 recipients, by the message", atData, false, 100, to(50, "a"), "51*250 2.0.0", 1, 50},
		{"50 recipients of LMTP, by the message", atData, true, 100, to(50, "a"), "100*250 2.0.0", 1, 50},
		{"some are refused at RCPT", atRcpt, false, 100, mixed, "3*550 5.7.28, 5*250 2.0.0", 1, 4},
		{"some are refused at RCPT of LMTP", atRcpt, true, 100, mixed, "3*550 5.7.28, 8*250 2.0.0", 1, 4},
		{"one is refused at DATA", atData, false, 100, mixed, "7*250 2.0.0, 1*550 5.7.28", 0, 0},
		{"some are refused at DATA of LMTP", atData, true, 100, mixed, "7*250 2.0.0, 3*550 5.7.28, 4*250 2.0.0", 1, 4},
		{"all are refused", atRcpt, false, 100, to(3, "x"), "3*550 5.7.28, 1*503 5.5.1", 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := new(greylist.Memory)
			rules := verdict.Rules{
				verdict.TempFailUnless(quota.Within(store, messages, tc.n, hour)),
				verdict.TempFailUnless(quota.Within(store, recipients, tc.n, hour)),
				verdict.RejectUnless(known),
			}
			if tc.decides == atData {
				rules[2] = verdict.RejectUnless(knownAtData)
			}
			s := verdict.NewSession(t.Context(), verdict.Connection{Policy: verdict.Policy{Rules: rules}})
			defer s.Close()
			for i := range int64(2) { // the second transaction counts as the first did
				if got := transact(s, tc.lmtp, tc.to...); got != tc.replies {
					t.Errorf("transaction %d: the replies are %s, want %s", i, got, tc.replies)
				}
				m, r := used(t, store, messages, hour, 0), used(t, store, recipients, hour, 0)
				if m != tc.messages*(i+1) || r != tc.recipients*(i+1) {
					t.Errorf("transaction %d: counted are %d messages and %d recipients", i, m, r)
				}
			}
		})
	}
}

// Recipients over the limit are deferred at RCPT, so that the others get the message.
func TestDefersTheRecipientsOverTheLimit(t *testing.T) {
	for name, last := range map[string]verdict.Rule{
		"decided at RCPT": verdict.RejectUnless(known),
		"decided at DATA": verdict.RejectUnless(contains("Subject")),
	} {
		store := new(greylist.Memory)
		policy := verdict.Policy{Rules: verdict.Rules{verdict.TempFailUnless(quota.Within(store, recipients, 10, hour)), last}}
		s := verdict.NewSession(t.Context(), verdict.Connection{Policy: policy})
		defer s.Close()
		for i, want := range []string{"7*250 2.0.0", "4*250 2.0.0, 2*450 4.7.28, 1*250 2.0.0"} {
			if got := transact(s, false, to(6, "a")...); got != want {
				t.Errorf("%s: transaction %d: the replies are %s, want %s", name, i, got, want)
			}
		}
		if got := used(t, store, recipients, hour, 0); got != 10 {
			t.Errorf("%s: %d are counted", name, got)
		}
	}
}

// Judgements of the recipients of one message share its count, also without a Session.
func TestRecipientsOfAMessageShareItsCount(t *testing.T) {
	store := new(greylist.Memory)
	policy := deferring(quota.Within(store, messages, 2, hour))
	m := envelope.NewMessage([]byte("Subject: x\r\n\r\n"))
	for i, address := range to(50, "a") {
		e := mail(0)
		e.RcptTo, e.Recipients, e.Message = address, i, m
		if v := policy.Judge(t.Context(), nil, e); v.Action != verdict.Accept {
			t.Fatal(v)
		}
	}
	if got := used(t, store, messages, hour, 0); got != 1 {
		t.Errorf("%d messages are counted", got)
	}
}

// Mail that passes the check, and finds the limit reached when it is counted, is
// deferred and not counted.
func TestLimitReachedMeanwhile(t *testing.T) {
	for earlier, want := range []int{3, 2, 1} { // messages at the end of the earlier period
		store := new(greylist.Memory)
		check := quota.Within(store, messages, 3, hour)
		send(t, deferring(check), earlier, hour-time.Minute)
		var late []envelope.Finding
		for range 5 {
			late = append(late, check(t.Context(), nil, mail(hour)))
		}
		counted := 0
		for _, f := range late {
			if f.Commit(t.Context()) == nil {
				counted++
			}
		}
		if got := used(t, store, messages, hour, hour); counted != want || got != 3 {
			t.Errorf("after %d: %d are accepted and %d counted, want %d", earlier, counted, got, want)
		}
	}

	store := new(greylist.Memory)
	check := quota.Within(store, messages, 3, hour)
	raced := envelope.At("site.raced", envelope.Rcpt, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		f := envelope.Passed("")
		f.Commit = func(context.Context) error { send(t, deferring(check), 9, 0); return nil }
		return f
	})
	policy := verdict.Policy{Rules: verdict.Rules{verdict.TempFailUnless(raced), verdict.TempFailUnless(check)}}
	v := policy.Judge(t.Context(), nil, mail(0))
	if v.Action != verdict.TempFail || v.Status.String() != "451 4.3.0" || v.Finding.Check != "quota.within" {
		t.Errorf("got %v", v)
	}
	if got := used(t, store, messages, hour, 0); got != 3 {
		t.Errorf("%d are counted, want 3", got)
	}
}

// halting is a Memory whose Touch fails as often as fails says.
type halting struct {
	*greylist.Memory
	fails int
}

func (h *halting) Touch(ctx context.Context, key greylist.Key, s greylist.Sighting) (greylist.Record, error) {
	if h.fails--; h.fails >= 0 {
		return greylist.Record{}, errors.New("the disk is full")
	}
	return h.Memory.Touch(ctx, key, s)
}

// If the count cannot be written for one recipient, it is for the next.
func TestCountsAfterAFailedWrite(t *testing.T) {
	store := &halting{new(greylist.Memory), 1}
	s := verdict.NewSession(t.Context(), verdict.Connection{Policy: deferring(quota.Within(store, messages, 5, hour))})
	defer s.Close()
	if got := transact(s, false, to(3, "a")...); got != "1*451 4.3.0, 3*250 2.0.0" {
		t.Errorf("the replies are %s", got)
	}
	if got := used(t, store, messages, hour, 0); got != 1 {
		t.Errorf("%d are counted", got)
	}
}

func TestCountIsReadOnceInATransaction(t *testing.T) {
	store := &reading{Memory: new(greylist.Memory)}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.TempFailUnless(quota.Within(store, messages, 5, hour)),
		verdict.MarkUnless(quota.Within(store, messages, 3, hour), "many"),
	}}
	s := verdict.NewSession(t.Context(), verdict.Connection{Policy: policy})
	defer s.Close()
	transact(s, false, to(9, "a")...)
	if store.reads != 2 {
		t.Errorf("%d reads, want 2: one of each period", store.reads)
	}
}

// reading is a Memory that counts its reads.
type reading struct {
	*greylist.Memory
	reads int
}

func (r *reading) Get(ctx context.Context, key greylist.Key) (greylist.Record, error) {
	r.reads++
	return r.Memory.Get(ctx, key)
}
