package main

import (
	"regexp"
	"strings"

	"mxrules.example/examples/internal/differences"
)

// notOverPostfix are scenarios that Postfix cannot play.
var notOverPostfix = []differences.Omission{
	{Why: "Postfix does not tell a policy server that a client spoke before the greeting.", Count: 2, Has: " early\n"},
	{Why: "smtpd does not speak LMTP.", Count: 3, Has: " lmtp\n"},
	{Why: "A limit of messages counts each recipient as a message.", Count: 1, Has: "^scenario a stolen password\n"},
	{Why: "policyd records no reputation, because it does not learn what becomes of a message.", Count: 3, Has: "reputation.Good"},
	{Why: "It asks other questions to DNS than a server that asks them stage by stage.", Count: 4, Has: `fault unasked|fault \w+ (_dmarc|s1\._domainkey)\.`},
}

// ofPolicyServers is what differs because a policy server is asked at RCPT, and has no
// message.
var ofPolicyServers = []differences.Difference{
	{
		Why: "Postfix changes an enhanced status code that is not about recipients: `5.1.8` of a sender domain is `5.1.2`, and `5.1.10` is `5.1.0`.",
		Edit: func(x *differences.Exchange) bool {
			reply := x.Reply
			x.Reply = strings.NewReplacer(" 5.1.8 ", " 5.1.2 ", " 5.1.10 ", " 5.1.0 ").Replace(reply)
			return x.Reply != reply
		},
	},
	{
		Why: "What the policy refuses at CONNECT is refused at RCPT, with 550 or 451 in place of 554 or 421.",
		Edit: func(x *differences.Exchange) bool {
			if x.Verb() != "CONNECT" || !x.IsRefusal() {
				return false
			}
			reply := strings.Replace(x.Reply, "421", "451", 1)
			if !strings.Contains(reply, " the DNS list ") { // this is 554
				reply = strings.Replace(reply, "554", "550", 1)
			}
			x.Reply = "220"
			x.Follow("C: EHLO mail.example.net", "S: 250", "C: MAIL FROM:<ann@example.net>", "S: 250")
			refuseRCPT(x, reply)
			return true
		},
	},
	{
		Why: "What the policy refuses at HELO or MAIL is refused at RCPT.",
		Edit: func(x *differences.Exchange) bool {
			if x.Verb() != "MAIL" || !x.IsRefusal() || x.Reply == "5..." || strings.Contains(x.Reply, "Bad sender") {
				return false
			}
			refuseRCPT(x, x.Reply)
			x.Reply = "250"
			return true
		},
	},
	{
		Why: "A tempfail does not wait for the message: the sender is deferred at RCPT though the message could be rejected.",
		Edit: func(x *differences.Exchange) bool {
			reply := x.Reply
			switch {
			case x.Command == "." && x.Scenario == "law/a tempfail waits for a rule that can reject":
				reply = "450 4.7.25 the client 192.0.2.77 has no PTR record"
			case x.Command == "." && strings.HasPrefix(x.Reply, "451 4.7.1 greylisted"):
			default:
				return false
			}
			data := x.Previous
			data.Previous.Reply = addressed("bob@example.org", reply)
			data.Reply = "554 5.5.1 Error: no valid recipients"
			data.Follow("C: RSET", "S: 250")
			x.Drop()
			return true
		},
	},
	{
		Why: "The policy does not see the message, so that it accepts what it would refuse for the message.",
		Edit: func(x *differences.Exchange) bool {
			if x.Command != "." || !x.IsRefusal() || strings.Contains(x.Reply, " Error: ") {
				return false
			}
			x.Reply = "250"
			return true
		},
	},
	{
		Why:  "No recipient waits for the message, so that all recipients can share a transaction.",
		Edit: differences.Instead("452 4.5.3 this recipient needs a transaction of its own", "250"),
	},
	{
		Why: "Postfix names the recipient before the text: `CODE STATUS <RECIPIENT>: Recipient address rejected: TEXT`.",
		Edit: func(x *differences.Exchange) bool {
			reply := addressed(x.Path(), x.Reply)
			if x.Verb() != "RCPT" || strings.Contains(x.Reply, ">: ") || strings.Contains(x.Reply, "Bad recipient") || reply == x.Reply {
				return false
			}
			x.Reply = reply
			return true
		},
	},
}

// refuseRCPT lets the client go on to RCPT, where it is refused.
func refuseRCPT(x *differences.Exchange, reply string) {
	x.Follow("C: RCPT TO:<bob@example.org>", "S: "+addressed("bob@example.org", reply), "C: RSET", "S: 250")
}

var refusal = regexp.MustCompile(`^([45]\d\d [45]\.\d+\.\d+) (\S.*)$`)

// addressed returns a refusal as Postfix sends it at RCPT.
func addressed(path, reply string) string {
	return refusal.ReplaceAllString(reply, "$1 <"+path+">: Recipient address rejected: $2")
}
