package reputation_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/greylist/identity"
	"mxrules.example/greylist/reputation"
	"mxrules.example/verdict"
)

// known passes for recipients whose local part does not begin with x, and answers from a
// stage on.
func known(from envelope.Stage) envelope.Check {
	return envelope.At("recipient.known", from, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if strings.HasPrefix(e.RcptTo, "x") {
			return envelope.Failed("", unknown, "no such mailbox")
		}
		return envelope.Passed("")
	})
}

// reporting returns a connection that records what is replied.
func reporting(t *testing.T, store greylist.Store, o reputation.Options, dns envelope.Resolver, rules ...verdict.Rule) verdict.Connection {
	record := reputation.Recorder(store, o)
	return verdict.Connection{
		Policy: verdict.Policy{Rules: rules}, Resolver: dns,
		Report: func(ctx context.Context, event verdict.Event) {
			reply := reputation.Reply{
				Envelope: event.Envelope, Recipients: len(event.Recipients),
				Status: event.Reply.Status, Check: event.Verdict.Finding.Check,
			}
			if err := record(ctx, dns, reply); err != nil {
				t.Error(err)
			}
		},
	}
}

// transact sends a message to some recipients.
func transact(t *testing.T, c verdict.Connection, lmtp bool, to ...string) {
	t.Helper()
	s := verdict.NewSession(t.Context(), c)
	defer s.Close()
	s.LMTP = lmtp
	e := *at(envelope.Whole, 0)
	e.Helo = "mail.example.net"
	s.Connect(e)
	s.Helo(e)
	s.Mail(e, nil)
	for _, e.RcptTo = range to {
		s.Rcpt(e, nil)
	}
	m := envelope.NewMessage([]byte("Subject: x\r\n\r\n"))
	if lmtp {
		s.DataEach(m, nil)
	} else {
		s.Data(m, nil)
	}
}

func TestCountsTheRepliesOfASession(t *testing.T) {
	to := []string{"ann@example.org", "bob@example.org", "xavier@example.org"}
	for _, tc := range []struct {
		name              string
		from              envelope.Stage // of the check that refuses
		lmtp              bool
		accepted, refused int64
	}{
		{"refused at RCPT", envelope.Rcpt, false, 2, 1},
		{"refused at RCPT of LMTP", envelope.Rcpt, true, 2, 1},
		{"refused at DATA", envelope.Data, false, 0, 3},
		{"refused at DATA of LMTP", envelope.Data, true, 2, 1},
	} {
		store := new(greylist.Memory)
		transact(t, reporting(t, store, reputation.Options{}, nil, verdict.RejectUnless(known(tc.from))), tc.lmtp, to...)
		if accepted, refused := counts(t, store, reputation.Options{}, 0); accepted != tc.accepted || refused != tc.refused {
			t.Errorf("%s: %d accepted and %d refused", tc.name, accepted, refused)
		}
	}
}

// A bad reputation ends although the system tries all the time.
func TestABadReputationDoesNotRenewItself(t *testing.T) {
	o := reputation.Options{Enough: 3}
	store := history(t, o, 0, 3, 0)
	c := reporting(t, store, o, nil, verdict.RejectUnless(reputation.Good(store, o)), verdict.RejectUnless(known(envelope.Rcpt)))
	for range 5 {
		transact(t, c, false, "xavier@example.org", "bob@example.org")
	}
	if accepted, refused := counts(t, store, o, 0); accepted != 0 || refused != 3 {
		t.Errorf("%d accepted and %d refused", accepted, refused)
	}
}

// The identity of a reply is that of the judgement: it costs no further question.
func TestRecordingAsksNothingTwice(t *testing.T) {
	dns := zone.MustParse(`
		example.net.            TXT "v=spf1 mx -all"
		                        MX  10 mail.example.net.
		mail.example.net.       A   192.0.2.7
		1.2.0.192.in-addr.arpa. PTR out.example.com.
		out.example.com.        A   192.0.2.1
	`)
	o := reputation.Options{Identity: identity.Of}
	store := new(greylist.Memory)
	transact(t, reporting(t, store, o, dns, verdict.RejectUnless(reputation.Good(store, o)), verdict.RejectUnless(known(envelope.Rcpt))),
		false, "ann@example.org", "xavier@example.org", "bob@example.org")
	asked := dns.Asked()
	slices.Sort(asked)
	if len(asked) == 0 || len(slices.Compact(slices.Clone(asked))) != len(asked) {
		t.Errorf("the questions are %v", asked)
	}
	f := reputation.Good(store, o)(t.Context(), dns, at(envelope.Mail, 0))
	if got := f.Detail.(*reputation.Result); *got != (reputation.Result{Identity: "rdns:example.com", Accepted: 2, Refused: 1}) {
		t.Errorf("got %+v", got)
	}
}
