package analysis_test

import (
	"fmt"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
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
	// accept by no rule, but reject by rule 4 (rdns.confirmed), if client.authenticated and rdns.confirmed fail, and recipient.ours, helo.fqdn and spf.pass pass <nil>
}

// Two policies that accept the same mail can still tell delivery different things.
func ExampleEquivalent() {
	before := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(rdns.Exists),
		verdict.MarkUnless(rdns.NotGeneric, "generic"),
	}}
	after := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(rdns.Exists),
		verdict.MarkUnless(rdns.NotGeneric, "generic").Unless(spf.Pass),
	}}
	fmt.Println(analysis.Equivalent(before, after))
	// Output:
	// accept by no rule, marked "generic", but accept by no rule, not marked "generic", if rdns.notgeneric fails, and rdns.exists and spf.pass pass <nil>
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
	// rule 2 (spf.notsoftfail) rejects mail for postmaster too, if spf.notsoftfail fails, and recipient.ours passes
}

// Which mail from outside is accepted without TLS?
func ExampleFind() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.AcceptIf(client.Authenticated),
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(client.TLS).Unless(recipient.Role([]string{"example.org"})),
	}}
	witnesses, err := analysis.Find(policy, analysis.Question{
		Action: verdict.Accept,
		When:   analysis.Outcomes{"client.tls": envelope.Fail, "client.authenticated": envelope.Fail},
	})
	if err != nil {
		fmt.Println(err)
	}
	for _, w := range witnesses {
		fmt.Println(w)
	}
	// Output:
	// accept by no rule, if client.authenticated and client.tls fail, and recipient.ours and recipient.role pass
}

// What must the message show, if the client and the recipient are known?
func ExampleResidual() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(rdns.Exists),
		verdict.RejectUnless(dmarc.NotReject).Unless(spf.Pass),
	}}
	for _, o := range []envelope.Outcome{envelope.Pass, envelope.Fail} {
		rest, err := analysis.Residual(policy, envelope.Rcpt, analysis.Outcomes{
			"recipient.ours": envelope.Pass, "rdns.exists": envelope.Pass, "spf.pass": o,
		})
		fmt.Println(rest.Actions, rest.Rules, rest.Later, err)
	}
	// Output:
	// [accept] [] [] <nil>
	// [accept tempfail reject] [dmarc.notreject] [dmarc.notreject] <nil>
}

func ExampleCost() {
	loads, err := analysis.Cost(verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(rdns.NotGeneric),
		verdict.RejectUnless(sender.Resolves),
	}})
	if err != nil {
		fmt.Println(err)
	}
	for _, l := range loads {
		fmt.Printf("%v: at most %v, typically %v\n", l.Stage, l.Most, l.Typical)
	}
	// Output:
	// connect: at most 11 in 2 rounds, typically 2 in 2 rounds
	// mail: at most 3 in 2 rounds, typically 1 in 1 round
	// whole: at most 14 in 2 rounds, typically 3 in 2 rounds
}
