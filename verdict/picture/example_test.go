package picture_test

import (
	"os"

	"mxrules.example/envelope/sender"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
	"mxrules.example/verdict/picture"
)

func ExampleDOT() {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(rdns.Exists).Unless(sender.Null),
	}}
	_ = picture.DOT(os.Stdout, "Inbound", policy)
	// Output:
	// digraph policy {
	// 	label="Inbound\nRules: 1. Asking DNS: 1. Waiting for the message: 0."
	// 	labelloc=t bgcolor=white
	// 	node [shape=box fontname="sans-serif"]
	// 	edge [fontname="sans-serif" fontsize=11]
	// 	r1 [label="1 rdns.exists\nnot if sender.null passes\nfrom MAIL, asks DNS for PTR" style=solid]
	// 	r1 -> r1a0 [label="fails" style=solid]
	// 	r1a0 [label="reject" shape=ellipse style=filled fillcolor="#f6cfca"]
	// 	{ rank=same; r1; r1a0 }
	// 	r1 -> r2 [weight=10]
	// 	r2 [label="no rule decided"]
	// 	r2 -> end
	// 	end [label="accept" shape=ellipse style=filled fillcolor="#cfe9d3"]
	// }
}
