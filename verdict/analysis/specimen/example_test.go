package specimen_test

import (
	"context"
	"fmt"

	"mxrules.example/envelope/recipient"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
	"mxrules.example/verdict/analysis/specimen"
)

// A change lets more mail in. This is such a mail.
func ExampleOf() {
	ours := recipient.Ours("example.org")
	before := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(ours), verdict.RejectUnless(rdns.Confirmed)}}
	after := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(ours), verdict.RejectUnless(rdns.Confirmed).Unless(spf.Pass)}}

	ctx := context.Background()
	w, err := analysis.Implies(after, before)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := specimen.Of(ctx, w, specimen.Site{Recipients: []string{"bob@example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(w)
	fmt.Println(s.Envelope.ClientIP, s.Envelope.MailFrom)
	fmt.Println(s.Judge(ctx, after, s.DNS))
	fmt.Println(s.Judge(ctx, before, s.DNS))
	// Output:
	// accept by no rule, but reject by rule 2 (rdns.confirmed), if rdns.confirmed fails, and recipient.ours and spf.pass pass
	// 192.175.48.3 ann@example.net
	// accept 250 2.0.0
	// reject 550 5.7.25 by rdns.confirmed: the PTR record of the client 192.175.48.3 is mail.other.example, which has no A record with that address
}
