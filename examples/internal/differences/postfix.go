package differences

import "strings"

// OfPostfix returns what Postfix 3.7 says by itself, without asking a policy server or a
// milter. Its main.cf is that of [mxrules.example/examples/internal/postfixtest.Site].
func OfPostfix() []Difference {
	return []Difference{
		{
			Why:  "The sender is not a mailbox: `501 5.1.7 Bad sender address syntax`.",
			Edit: Instead("501 5.1.7 the sender", "501 5.1.7 Bad sender address syntax"),
		},
		{
			Why:  "The recipient is not a mailbox: `501 5.1.3 Bad recipient address syntax`.",
			Edit: Instead("501 5.1.3 the recipient", "501 5.1.3 Bad recipient address syntax"),
		},
		{
			Why: "The recipient is neither in mydestination nor in relay_domains, or is of a form such as user%domain: `554 5.7.1 <RECIPIENT>: Relay access denied`.",
			Edit: func(x *Exchange) bool {
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
			Edit: func(x *Exchange) bool {
				if x.Verb() != "DATA" || !x.InTransaction || !x.IsRefusal() {
					return false
				}
				x.Reply = "554 5.5.1 Error: no valid recipients"
				return true
			},
		},
		{
			Why:  "The message has a bare LF: `550 5.5.2 HOST Error: bare <LF> received`.",
			Edit: Instead("550 5.6.0 the message has an LF without CR", "550 5.5.2 mx.example.org Error: bare <LF> received"),
		},
		{
			Why:  "The message has more than 50 Received fields (hopcount_limit): `554 5.4.0 Error: too many hops`.",
			Edit: Instead("554 5.4.6 the message is in a mail loop", "554 5.4.0 Error: too many hops"),
		},
	}
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
