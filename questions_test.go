package mxrules_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

// atOnce judges all that is known of a message together.
func atOnce(t *testing.T, policy verdict.Policy, r envelope.Resolver, e envelope.Envelope) verdict.Action {
	return policy.Judge(t.Context(), r, &e).Action
}

// byCommands judges a conversation in which a command comes each round.
func byCommands(t *testing.T, policy verdict.Policy, r envelope.Resolver, e envelope.Envelope) (last verdict.Action) {
	session := verdict.NewSession(t.Context(), verdict.Connection{Policy: policy, Resolver: r, Report: func(_ context.Context, event verdict.Event) {
		last = event.Verdict.Action
	}})
	defer session.Close()
	for _, command := range []func() verdict.Reply{
		func() verdict.Reply { return session.Connect(e) },
		func() verdict.Reply { return session.Helo(e) },
		func() verdict.Reply { return session.Mail(e, nil) },
		func() verdict.Reply { return session.Rcpt(e, nil) },
		func() verdict.Reply { return session.Data(e.Message, nil) },
	} {
		if command().Status.Class() != 2 {
			break
		}
		time.Sleep(time.Second)
	}
	return last
}

// A message that is accepted costs no more questions than those of a sequential
// judgement and those of reading ahead.
func TestAnAcceptedMessageCostsWhatIsReadAhead(t *testing.T) {
	for name, judge := range judges {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text, e := typical(t)
				asked := func(sequential bool) []string {
					dns := zone.MustParse(text).Delaying("*.", time.Second)
					if action := judge(t, verdict.Policy{Rules: typicalPolicy.Rules, Sequential: sequential}, dns, e); action != verdict.Accept {
						t.Errorf("sequential %v: %v", sequential, action)
					}
					return dns.Asked()
				}
				needed := asked(true)
				vain := slices.DeleteFunc(asked(false), func(q string) bool { return slices.Contains(needed, q) })
				if !slices.Equal(vain, []string{"_spf.other.example. TXT"}) {
					t.Errorf("asked in vain: %v", vain)
				}
			})
		})
	}
}

// No rule is started after one that certainly ends the walk: nothing is asked about the
// mail of a client that may relay, although the rule about the recipient still waits.
func TestNothingIsAskedAheadForAClientThatMayRelay(t *testing.T) {
	text, e := typical(t)
	for name, tc := range map[string]struct {
		rule  verdict.Rule
		login string
		asked []string
	}{
		"by its address": {verdict.AcceptIf(client.In([]netip.Prefix{netip.MustParsePrefix("192.175.48.0/24")})), "", nil},
		"by a login":     {verdict.AcceptIf(client.Authenticated), "ann", []string{"1.48.175.192.in-addr.arpa. PTR", "out1.mailer.example. A"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dns := zone.MustParse(text).Delaying("*.", time.Second)
				e.Login = tc.login
				policy := verdict.Policy{Rules: slices.Insert(slices.Clone(typicalPolicy.Rules), 1, tc.rule)}
				if action := byCommands(t, policy, dns, e); action != verdict.Accept || !slices.Equal(dns.Asked(), tc.asked) {
					t.Errorf("%v, asked %v, want %v", action, dns.Asked(), tc.asked)
				}
			})
		})
	}
}

// Where the first rule that asks DNS rejects four of ten clients, the concurrent judge
// asks at most 1.3 times the questions of the sequential one.
func TestQuestionsOfAMix(t *testing.T) {
	policy := verdict.Policy{Rules: slices.Insert(slices.Clone(typicalPolicy.Rules), 1, verdict.RejectUnless(rdns.Exists))}
	const most = 1.3
	for name, judge := range judges {
		t.Run(name, func(t *testing.T) {
			count := func(sequential bool) (questions int) {
				policy.Sequential = sequential
				for i := range 10 {
					synctest.Test(t, func(t *testing.T) {
						text, e := mix(t, i)
						// No two events at the same time: their order would be random.
						dns := zone.MustParse(text).Delaying("*.", 900*time.Millisecond).Delaying("*.in-addr.arpa.", 800*time.Millisecond)
						if action := judge(t, policy, dns, e); (action == verdict.Reject) != (i < 4) {
							t.Errorf("message %d, sequential %v: %v", i, sequential, action)
						}
						questions += len(dns.Asked())
					})
				}
				return questions
			}
			concurrent, sequential := count(false), count(true)
			if ratio := float64(concurrent) / float64(sequential); ratio > most {
				t.Errorf("%d questions, sequentially %d: %.2f times as many, want at most %v", concurrent, sequential, ratio, most)
			} else {
				t.Logf("%.2f times as many questions", ratio)
			}
		})
	}
}

var judges = map[string]func(*testing.T, verdict.Policy, envelope.Resolver, envelope.Envelope) verdict.Action{
	"at once": atOnce, "by commands": byCommands,
}

// mix returns one of ten messages: four are of clients without a PTR record, and six
// are typical.
func mix(t *testing.T, i int) (dns string, e envelope.Envelope) {
	dns, e = typical(t)
	refused := []struct{ client, helo, sender string }{
		{"203.0.113.9", "dyn9", "ann@shop.example"},
		{"203.0.113.10", "mail.shop.example", "ann@mail.shop.example"},
		{"203.0.113.11", "pc.lan.example", "ann@nowhere.example"},
		{"203.0.113.12", "host12.pool.example", "ann@news.example.net"},
	}
	if i >= len(refused) {
		return dns, e
	}
	dns += `
		shop.example.        MX   10 mail.shop.example.
		                     TXT  "v=spf1 mx include:_spf.example.net -all"
		_dmarc.shop.example. TXT  "v=DMARC1; p=reject"
		mail.shop.example.   A    203.0.113.10
		host12.pool.example. A    203.0.113.12
	`
	r := refused[i]
	e.ClientIP, e.Helo, e.MailFrom = netip.MustParseAddr(r.client), r.helo, r.sender
	e.Message = envelope.NewMessage([]byte("From: " + r.sender + "\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\n\r\nGood morning!\r\n"))
	return dns, e
}
