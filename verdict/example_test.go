package verdict_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/helo"
	"mxrules.example/verdict"
)

// A custom check needs only package envelope.
var notFromNowhere = envelope.At("site.notfromnowhere", envelope.Mail,
	func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if strings.HasSuffix(e.MailFrom, ".invalid") {
			return envelope.Failed("", envelope.Status{Code: 550, Subject: 1, Detail: 8},
				"the domain of the sender %s does not exist", e.MailFrom)
		}
		return envelope.Passed("")
	})

// lines returns a reply without carriage returns.
func lines(r verdict.Reply) string { return strings.ReplaceAll(r.String(), "\r\n", "\n") }

func Example() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.In([]netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")})),
		verdict.RejectUnless(client.Waited),
		verdict.RejectUnless(notFromNowhere).See("https://mx.example.org/why?from={from}"),
	}}
	env := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"),
		Helo:     "mail.example.net",
		MailFrom: "someone@nowhere.invalid",
		RcptTo:   "postmaster@example.org",
	}
	v := policy.Judge(context.Background(), nil, &env)
	fmt.Println(v.Action, "by", v.Rule)
	fmt.Print(lines(v.Reply()))
	// Output:
	// reject by site.notfromnowhere
	// 550-5.1.8 the domain of the sender someone@nowhere.invalid does not exist
	// 550 5.1.8 https://mx.example.org/why?from=someone%40nowhere.invalid
}

// A test of a policy prints Explain when it fails.
func ExampleVerdict_Explain() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.In([]netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")})),
		verdict.RejectUnless(notFromNowhere).Unless(client.Authenticated),
		verdict.RejectUnless(client.Waited),
	}}
	v := policy.Judge(context.Background(), nil, &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "someone@nowhere.invalid",
	})
	if want := verdict.Accept; v.Action != want {
		fmt.Printf("want %v, got %s", want, v.Explain())
	}
	// Output:
	// want accept, got reject 550 5.1.8 by site.notfromnowhere: the domain of the sender someone@nowhere.invalid does not exist
	//     client.in            fail  go on   the client address 192.0.2.1 is not in the list of networks
	//     site.notfromnowhere  fail  reject  the domain of the sender someone@nowhere.invalid does not exist
	//                                        unless client.authenticated: fail, the client has not logged in
	//   not asked: client.waited
	//   questions to DNS: 0
}

// The trace of a verdict is JSON for a log or a tool.
func ExampleTrace() {
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(client.Waited)}}
	v := policy.Judge(context.Background(), nil, &envelope.Envelope{SpokeEarly: true})
	for i := range v.Trace {
		v.Trace[i].Duration = 0 // or the output would differ each time
	}
	text, err := json.Marshal(v.Trace)
	fmt.Println(string(text), err)
	// Output:
	// [{"rule":"client.waited","action":"reject","finding":{"check":"client.waited","outcome":"fail","status":"554 5.5.0","text":"the client spoke before the greeting of the server"},"seconds":0}] <nil>
}

// RejectIf is for checks that pass for unwanted mail, such as a blocklist.
func ExampleRejectIf() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectIf(client.In([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})),
	}}
	v := policy.Judge(context.Background(), nil, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
	fmt.Println(v)
	// Output:
	// reject 550 5.7.1 by client.in: the client address 192.0.2.1 is in the list of networks
}

// A mark that is unknown because of a failure does not defer the message.
func ExampleMarkIf() {
	newsletter := envelope.At("site.newsletter", envelope.Mail,
		func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if e.MailFrom == "" {
				return envelope.Unavailable("", errors.New("the database is down"))
			}
			return envelope.Passed("")
		})
	policy := verdict.Policy{Rules: verdict.Rules{verdict.MarkIf(newsletter, "bulk")}}
	for _, from := range []string{"news@example.org", ""} {
		fmt.Println(policy.Judge(context.Background(), nil, &envelope.Envelope{MailFrom: from}))
	}
	// Output:
	// accept 250 2.0.0, marked bulk
	// accept 250 2.0.0, undecided bulk
}

// Each recipient is judged. Merge returns the verdict for one reply to all of them.
func ExamplePolicy_JudgeEach() {
	mailboxes := envelope.At("site.mailbox", envelope.Rcpt,
		func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			if e.RcptTo != "postmaster@example.org" {
				return envelope.Failed("", envelope.Status{Code: 550, Subject: 1, Detail: 1}, "there is no %s here", e.RcptTo)
			}
			return envelope.Passed("")
		})
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(mailboxes)}}
	each := policy.JudgeEach(context.Background(), nil, &envelope.Envelope{},
		"postmaster@example.org", "nobody@example.org")
	for _, v := range each {
		fmt.Print(lines(v.Reply()))
	}
	fmt.Println(verdict.Merge(each...).Action)
	// Output:
	// 250 2.0.0 OK
	// 550 5.1.1 there is no nobody@example.org here
	// reject
}

// Validate finds mistakes in a policy when the program starts.
func ExamplePolicy_Validate() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org", "exa mple")),
		verdict.RejectUnless(helo.Resolves).Unless(sender.In("ann@")),
		verdict.AcceptIf(client.InSet(nil)),
	}}
	fmt.Println(policy.Validate())
	// Output:
	// rule 1 (recipient.ours): mailbox pattern "exa mple" has an invalid character
	// rule 2 (helo.resolves): the condition sender.in: mailbox pattern "ann@" has a domain that is empty
	// rule 3 (client.in): the set is nil
}

// A custom server judges at every stage and continues until the verdict is final.
func ExamplePolicy_Judge_stages() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(notFromNowhere),
	}}
	env := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@b.invalid"}
	for _, stage := range []envelope.Stage{envelope.Connect, envelope.Helo, envelope.Mail} {
		env.Stage = stage
		v := policy.Judge(context.Background(), nil, &env)
		fmt.Println(stage, v.Action)
	}
	// Output:
	// connect continue
	// helo continue
	// mail reject
}

// A gateway of the site relays mail to this server. The rules are about the gateway's
// client, which is known with the message.
func ExampleConnection_behind() {
	gateways, err := client.ParseGateways([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/29")}, "gw.example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	blocked := []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	session := verdict.NewSession(context.Background(), verdict.Connection{
		Policy: verdict.Policy{Rules: verdict.Rules{verdict.RejectIf(client.In(blocked))}},
		Behind: gateways.Behind,
	})
	defer session.Close()

	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "gw.example.org", MailFrom: "ann@example.net", RcptTo: "bob@example.org"}
	session.Connect(e)
	session.Helo(e)
	session.Mail(e, nil)
	fmt.Println(session.Rcpt(e, nil).Status)
	message := envelope.NewMessage([]byte("Received: from mail.example.net (mail.example.net [203.0.113.9])\r\n" +
		"\tby gw.example.org with ESMTP; Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\nhello\r\n"))
	reply := session.Data(message, nil)
	fmt.Println(reply.Status, reply.Lines)
	// Output:
	// 250 2.0.0
	// 550 5.7.1 [the client address 203.0.113.9 is in the list of networks]
}
