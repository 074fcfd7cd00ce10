// Command ownjudge explains the policies of a site of its own: what package verdict/judge
// makes of them. Copy it, and put your policies in place of those in policy.go.
//
//	go run ./examples/ownjudge -help
package main

import (
	"net"
	"os"

	"mxrules.example/verdict/analysis/specimen"
	"mxrules.example/verdict/judge"
)

func main() {
	os.Exit(judge.Command{
		Policies:  policies,
		Default:   "inbound",
		Site:      site,
		Resolver:  net.DefaultResolver,
		Specimens: specimen.Site{Recipients: []string{"bob@example.org"}},
	}.Main())
}
