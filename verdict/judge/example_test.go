package judge_test

import (
	"os"
	"strings"

	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
	"mxrules.example/verdict/judge"
)

// A whole program over one policy. In place of Run it calls Main.
func Example() {
	inbound := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(rdns.Exists),
	}}
	command := judge.Command{
		Policies: judge.Policies{"inbound": judge.Fixed(inbound)},
		Resolver: zone.MustParse("mail.example.net. A 192.0.2.9"),
	}
	flags := strings.Fields("-ip 192.0.2.9 -helo mail.example.net -to bob@example.org")
	command.Run(flags, strings.NewReader(""), os.Stdout, os.Stderr)
	// Output:
	// reject 550 5.7.25 by rdns.exists: the client 192.0.2.9 has no PTR record
	//     recipient.ours  pass          the recipient bob@example.org is in a domain of this site
	//     rdns.exists     fail  reject  the client 192.0.2.9 has no PTR record
	//                                   asked PTR 192.0.2.9: no such record
	//   questions to DNS: 1
}
