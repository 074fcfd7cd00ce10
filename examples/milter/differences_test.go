package main

import (
	"strings"

	"mxrules.example/examples/internal/differences"
)

// notOverPostfix are scenarios that Postfix cannot play.
var notOverPostfix = []differences.Omission{
	{Why: "Postfix does not tell a milter that a client spoke before the greeting.", Count: 2, Has: " early\n"},
	{Why: "smtpd does not speak LMTP.", Count: 3, Has: " lmtp\n"},
}

// ofPostfix is what Postfix says in place of the policy.
var ofPostfix = append(differences.OfPostfix(), []differences.Difference{
	{
		Why: "A rejection at CONNECT is `554 HOST ESMTP not accepting connections` in place of the banner, and to a client that goes on the reply to MAIL.",
		Edit: func(x *differences.Exchange) bool {
			if x.Verb() != "CONNECT" || !strings.HasPrefix(x.Reply, "554") {
				return false
			}
			x.Follow("C: EHLO mail.example.net", "S: 250", "C: MAIL FROM:<ann@example.net>", "S: "+x.Reply)
			x.Reply = "554 mx.example.org ESMTP not accepting connections"
			return true
		},
	},
	{
		Why: "A tempfail at CONNECT is `421 HOST Service unavailable - try again later`.",
		Edit: func(x *differences.Exchange) bool {
			if x.Verb() != "CONNECT" || !strings.HasPrefix(x.Reply, "421") {
				return false
			}
			x.Reply = "421 mx.example.org Service unavailable - try again later"
			return true
		},
	},
	{
		Why: "A refusal at HELO is the reply to MAIL, and holds for the connection: Postfix does not ask about another HELO name.",
		Edit: func(x *differences.Exchange) bool {
			switch verb := x.Verb(); {
			case verb == "MAIL" && x.IsRefusal() && x.Greeting != nil && x.Greeting.Reply == "...":
				x.Greeting.Reply, x.Greeting.About, x.About = "250", x.About, nil
				x.Client.Refused = true
			case verb == "EHLO" && x.Client.Refused:
				x.Precede("C: QUIT", "S: 221", x.Client.Line, "S: 220")
				x.Client.Refused = false
			default:
				return false
			}
			return true
		},
	},
	{
		Why:  "A bare CR in a message is a blank when the milter sees it (cleanup_replace_stray_cr_lf).",
		Edit: differences.Instead("550 5.6.0 the message has a CR without LF", "250"),
	},
}...)
