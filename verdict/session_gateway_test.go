package verdict_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// relay is a session with a gateway. Its messages have the address of the gateway's
// client as the name of their first field.
type relay struct {
	*verdict.Session
	asked  []string // checks with the client that they were asked about
	events []verdict.Event
}

var errNoClient = errors.New("the message names no client")

// friend passes for one recipient.
var friend = envelope.At("friend", envelope.Rcpt, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	if e.RcptTo == "friend@example.org" {
		return envelope.Passed("")
	}
	return envelope.NotApplicable("")
})

func newRelay(t *testing.T) *relay {
	r := &relay{}
	check := func(name string, stage envelope.Stage, word func(*envelope.Envelope) string) envelope.Check {
		return envelope.At(name, stage, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			r.asked = append(r.asked, fmt.Sprint(name, " ", e.ClientIP))
			if strings.Contains(word(e), "bad") {
				return envelope.Failed("", reject, "%s is bad", name)
			}
			return envelope.Passed("")
		})
	}
	r.Session = verdict.NewSession(t.Context(), verdict.Connection{
		Policy: verdict.Policy{Rules: verdict.Rules{
			verdict.AcceptIf(envelope.WithoutClient(friend)),
			verdict.RejectUnless(check("client", envelope.Connect, func(e *envelope.Envelope) string { return e.Helo })),
			verdict.RejectUnless(check("helo", envelope.Helo, func(e *envelope.Envelope) string { return e.Helo })),
			verdict.RejectUnless(envelope.WithoutClient(check("to", envelope.Rcpt, func(e *envelope.Envelope) string { return e.RcptTo }))),
		}},
		Behind: func(e envelope.Envelope) (envelope.Envelope, error) {
			if e.Relayed = !e.Told(envelope.Data); e.Relayed {
				return e, nil
			}
			name, _, _ := strings.Cut(string(e.Message.Header()), "\r\n")
			if name == "panic" {
				panic(name)
			}
			ip, err := netip.ParseAddr(name)
			if err != nil {
				return e, errNoClient
			}
			e.ClientIP, e.Helo, e.MailFrom, e.Stage = ip, name, "ignored", envelope.Whole
			return e, nil
		},
		Report: func(_ context.Context, event verdict.Event) { r.events = append(r.events, event) },
	})
	t.Cleanup(r.Close)
	e := envelope.Envelope{ClientIP: gateway, Helo: "bad gateway"}
	r.Connect(e)
	r.Helo(e)
	return r
}

func (r *relay) mail(to ...string) (replies []string) {
	r.Mail(envelope.Envelope{ClientIP: gateway, Helo: "bad gateway", MailFrom: "ann@example.net"}, nil)
	for _, to := range to {
		replies = append(replies, r.Rcpt(envelope.Envelope{RcptTo: to}, nil).String())
	}
	return replies
}

// with returns the message that a client sent.
func with(client string) *envelope.Message {
	return envelope.NewMessage([]byte(client + "\r\n\r\nhello"))
}

func TestMailOfAGatewayIsJudgedAboutItsClient(t *testing.T) {
	r := newRelay(t)
	replies := r.mail("bob@example.org", "bad@example.org")
	if want := []string{"250 2.0.0 OK\r\n", "550 5.7.25 to is bad\r\n"}; !slices.Equal(replies, want) {
		t.Errorf("the replies to RCPT are %q, want %q", replies, want)
	}
	if f := r.events[1].Verdict.Trace[1].Finding; f.Check != "client" || f.Awaits != envelope.Data {
		t.Errorf("at HELO, %s waits for %s", f.Check, f.Awaits)
	}
	delivered := false
	reply := r.Data(with("192.0.2.1"), func(verdict.Event) error { delivered = true; return nil })
	if reply.Status.Code != 250 || !delivered {
		t.Errorf("the reply to the message is %s", reply)
	}
	want := []string{"to " + gateway.String(), "to " + gateway.String(), "client 192.0.2.1", "helo 192.0.2.1", "to 192.0.2.1"}
	if !slices.Equal(r.asked, want) {
		t.Errorf("asked\n%q, want\n%q", r.asked, want)
	}
	e := r.events[len(r.events)-1].Envelope
	if e.ClientIP.String() != "192.0.2.1" || e.MailFrom != "ann@example.net" || e.Stage != envelope.Data || e.Relayed {
		t.Errorf("reported %+v", e)
	}
}

func TestAnUnknownClientBehindAGatewayDefersEveryRecipient(t *testing.T) {
	const want = "451 4.3.0 the client behind the gateway cannot be identified, please try again later\r\n"
	for _, lmtp := range []bool{false, true} {
		for message, to := range map[string][]string{
			"X: y":  {"friend@example.org"}, // accepted at RCPT
			"panic": {"bob@example.org", "carol@example.org"},
		} {
			r := newRelay(t)
			r.LMTP = lmtp
			r.mail(to...)
			r.Header(with(message))
			var replies []verdict.Reply
			if lmtp {
				replies = r.DataEach(with(message), func(verdict.Event) []error { t.Error("delivered"); return nil })
			} else {
				replies = []verdict.Reply{r.Data(with(message), func(verdict.Event) error { t.Error("delivered"); return nil })}
			}
			for _, reply := range replies {
				if reply.String() != want {
					t.Errorf("LMTP %t, %s: the reply is %q", lmtp, message, reply)
				}
			}
			v := r.events[len(r.events)-1].Verdict
			if !errors.Is(v.Finding.Err, errNoClient) && !strings.HasSuffix(v.Finding.Err.Error(), "panicked: panic") ||
				len(v.Trace) != 1 || !v.Forced || v.Rule != "client.behind" {
				t.Errorf("LMTP %t, %s: the verdict is\n%s", lmtp, message, v.Explain())
			}
			if slices.ContainsFunc(r.asked, func(asked string) bool { return !strings.HasPrefix(asked, "to ") }) {
				t.Errorf("LMTP %t, %s: asked %q", lmtp, message, r.asked)
			}
		}
	}
}

// A gateway has many clients on one connection. What was found about the last one is
// kept, and nothing about those before it.
func TestFindingsAboutClientsOfAGatewayDoNotPileUp(t *testing.T) {
	r := newRelay(t)
	talk := func(client string) (asked int) {
		r.asked = nil
		r.mail("bob@example.org")
		r.Data(with(client), nil)
		return len(r.asked)
	}
	for i, client := range []string{"192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1"} {
		want := 4 // client, helo, and twice the recipient
		if i == 1 {
			want = 2
		}
		if got := talk(client); got != want {
			t.Errorf("message %d asks %d checks, want %d", i+1, got, want)
		}
	}
}

func TestAGatewayThatIsNotUnderstoodIsDeferredAtOnce(t *testing.T) {
	session := verdict.NewSession(t.Context(), verdict.Connection{
		Behind: func(e envelope.Envelope) (envelope.Envelope, error) { return e, errNoClient },
	})
	defer session.Close()
	e := envelope.Envelope{ClientIP: gateway}
	for _, tc := range []struct {
		reply verdict.Reply
		code  uint16
	}{
		{session.Connect(e), 421}, {session.Helo(e), 451}, {session.Mail(e, nil), 451}, {session.Rcpt(e, nil), 503},
	} {
		if tc.reply.Status.Code != tc.code {
			t.Errorf("the reply is %s, want %d", tc.reply, tc.code)
		}
	}
}

// The client is in the header, so that its lookups need not wait for the body.
func TestLookupsAboutTheClientOfAGatewayBeginWithTheHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := zone.MustParse("*.a. TXT yes").Delaying("*.", time.Second)
		w := &world{}
		s := verdict.NewSession(t.Context(), verdict.Connection{
			Policy:   verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(envelope.At("client", envelope.Connect, publishedAll(2, "a")))}},
			Resolver: dns, Behind: w.behind,
		})
		defer s.Close()
		e := envelope.Envelope{ClientIP: gateway}
		s.Connect(e)
		s.Helo(e)
		s.Mail(e, nil)
		s.Rcpt(e, nil)
		message := arriving(t, s.Header, time.Minute)
		early, began := len(dns.Asked()), time.Now()
		if reply := s.Data(message, nil); reply.Status.Code != 250 || time.Since(began) > 0 || early != 2 {
			t.Errorf("%v after %v, with %d questions before", reply, time.Since(began), early)
		}
	})
}
