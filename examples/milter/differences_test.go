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
var ofPostfix = []differences.Difference{
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
		Why:  "The sender is not a mailbox: `501 5.1.7 Bad sender address syntax`.",
		Edit: differences.Instead("501 5.1.7 the sender", "501 5.1.7 Bad sender address syntax"),
	},
	{
		Why:  "The recipient is not a mailbox: `501 5.1.3 Bad recipient address syntax`.",
		Edit: differences.Instead("501 5.1.3 the recipient", "501 5.1.3 Bad recipient address syntax"),
	},
	{
		Why: "The recipient is neither in mydestination nor in relay_domains, or is of a form such as user%domain: `554 5.7.1 <RECIPIENT>: Relay access denied`.",
		Edit: func(x *differences.Exchange) bool {
			trusted := strings.Contains(x.Client.Line, "login") || strings.Contains(x.Client.Line, "198.51.100.")
			if x.Verb() != "RCPT" || trusted || strings.HasPrefix(x.Reply, "501") || x.Reply == "5..." || !isRelay(x.Path()) {
				return false
			}
			x.Reply, x.About = "554 5.7.1 <"+shown(x.Path())+">: Relay access denied", nil
			return true
		},
	},
	{
		Why: "DATA has no recipient: `554 5.5.1 Error: no valid recipients`.",
		Edit: func(x *differences.Exchange) bool {
			if x.Verb() != "DATA" || !x.InTransaction || !x.IsRefusal() {
				return false
			}
			x.Reply = "554 5.5.1 Error: no valid recipients"
			return true
		},
	},
	{
		Why:  "The message has a bare LF: `550 5.5.2 HOST Error: bare <LF> received`.",
		Edit: differences.Instead("550 5.6.0 the message has an LF without CR", "550 5.5.2 mx.example.org Error: bare <LF> received"),
	},
	{
		Why:  "The message has more than 50 Received fields (hopcount_limit): `554 5.4.0 Error: too many hops`.",
		Edit: differences.Instead("554 5.4.6 the message is in a mail loop", "554 5.4.0 Error: too many hops"),
	},
	{
		Why:  "A bare CR in a message is a blank when the milter sees it (cleanup_replace_stray_cr_lf).",
		Edit: differences.Instead("550 5.6.0 the message has a CR without LF", "250"),
	},
}

// isRelay reports whether Postfix would relay mail for a path.
func isRelay(path string) bool {
	at := strings.LastIndex(path, "@")
	local, domain := path[:at], path[at:]
	return domain != "@example.org" && !strings.HasSuffix(domain, ".example.org") || strings.ContainsAny(local, "%!@")
}

// shown returns a path as Postfix shows it: without a source route and quotes.
func shown(path string) string {
	if strings.HasPrefix(path, "@") {
		_, path, _ = strings.Cut(path, ":")
	}
	return strings.ReplaceAll(path, `"`, "")
}
