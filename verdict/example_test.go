package verdict_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/verdict"
)

// A check of one's own needs nothing of the library but its words.
var notFromNowhere = envelope.At("site.notfromnowhere", envelope.Mail,
	func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if strings.HasSuffix(e.MailFrom, ".invalid") {
			return envelope.Failed("", envelope.Status{Code: 550, Subject: 1, Detail: 8},
				"the sender %s is in a domain that can't exist", e.MailFrom)
		}
		return envelope.Passed("")
	})

// lines shows a reply without the carriage returns of the wire.
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
	// 550-5.1.8 the sender someone@nowhere.invalid is in a domain that can't exist
	// 550 5.1.8 https://mx.example.org/why?from=someone%40nowhere.invalid
}

// The trace tells how a verdict came about.
func ExampleVerdict_trace() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(client.Waited),
		verdict.RejectUnless(notFromNowhere),
	}}
	v := policy.Judge(context.Background(), nil, &envelope.Envelope{Stage: envelope.Connect, SpokeEarly: true})
	fmt.Println(v.Action)
	for _, step := range v.Trace {
		fmt.Printf("%s: %v %q\n", step.Rule, step.Finding.Outcome, step.Finding.Text)
	}
	// Output:
	// continue
	// client.authenticated: pending ""
	// client.waited: fail "the client spoke before the greeting of the server"
}

// Several recipients are judged each. Where only one reply can be given, Merge
// makes it.
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

// A custom server asks at every stage and goes on while nothing is settled.
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
