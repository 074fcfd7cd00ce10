// Command judge explains what the policies of package policies do with envelopes, for a
// site that its flags describe: it is the command of package verdict/judge over them. It
// prints the verdict, the finding of each rule, and the DNS questions.
//
// It judges offline, with the records of a zone file, or with real DNS, and shows
// the header fields that the message would get, and when each DNS question was asked
// and answered. Use it to try a policy on the mail
// of yesterday, to explain a rejection, and to compare rules before they see mail.
// -help describes its input and output.
//
// It also draws a policy, and answers questions about it, without mail; and it reads the
// restrictions of Postfix. For policies of your own, write a command of ten lines with
// package verdict/judge.
//
// It does not speak SMTP and does not deliver mail: see examples/mx.
package main

import (
	"os"

	"mxrules.example/examples/internal/rulebook"
	"mxrules.example/verdict/judge"
)

func main() { os.Exit(command().Main()) }

// command returns the command over the policies of package policies.
func command() judge.Command {
	f := new(flags)
	return judge.Command{
		Name:     "judge",
		Policies: rulebook.Policies(),
		Default:  "standard",
		Checks:   everyCheck(facts{}),
		Flags:    judge.Flags{Add: f.add, Help: help, Parsed: f.complete, Begin: f.begin},
	}
}
