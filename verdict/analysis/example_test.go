package analysis_test

import (
	"fmt"
	"time"

	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

// A change lets more mail in. Does it also keep some out?
func ExampleImplies() {
	ours := recipient.Ours("example.org") // one check in both policies
	before := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(ours),
		verdict.RejectUnless(helo.FQDN),
		verdict.RejectUnless(rdns.Confirmed),
	}}
	after := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(ours),
		verdict.RejectUnless(helo.FQDN),
		verdict.RejectUnless(rdns.Confirmed).Unless(spf.Pass),
	}}
	for _, pair := range [][2]verdict.Policy{{before, after}, {after, before}} {
		witness, err := analysis.Implies(pair[0], pair[1])
		fmt.Println(witness, err)
	}
	// Output:
	// <nil> <nil>
	// if client.authenticated is fail and recipient.ours is pass and helo.fqdn is pass and spf.pass is pass and rdns.confirmed is fail: accept by no rule, but reject by rule 4 (rdns.confirmed) <nil>
}

func ExampleVet() {
	mistakes, err := analysis.Vet(verdict.Policy{Timeout: 30 * time.Second, Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(spf.NotSoftFail),
		verdict.RejectUnless(spf.NotFail),
	}})
	if err != nil {
		fmt.Println(err)
	}
	for _, m := range mistakes {
		fmt.Println(m)
	}
	// Output:
	// rule 3 (spf.notfail) can never decide: rule 2 (spf.notsoftfail) decides first
	// rule 2 (spf.notsoftfail) rejects mail for postmaster too; if recipient.ours is pass and spf.notsoftfail is fail: reject by rule 2 (spf.notsoftfail)
}
