package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mxrules.example/examples/internal/postfixtest"
	"mxrules.example/verdict"
)

// A Postfix relays mail to the server, which judges the client of the Postfix. Swaks
// tells the address and the name of that client by XCLIENT, and Postfix writes them into
// its Received field.
func TestPostfixAsGateway(t *testing.T) {
	postfixtest.Need(t, "swaks", "swaks")
	mx := startReceiver(t, behindGateway(t))
	gateway := startPostfix(t, "gw.example.org", mx.address)
	send := func(address, name string) {
		out, exit := swaks(t, "bob@good.example", "alice@example.org", "--server", gateway.Address, "--xclient-addr", address, "--xclient-name", name)
		if exit != 0 {
			t.Fatalf("the gateway does not accept the letter, exit status %d:\n%s", exit, out)
		}
	}

	send("198.51.100.10", "mail.good.example")
	eventually(t, "the letter arrives", func() bool { return len(mx.inbox(t, "alice@example.org")) > 0 })
	delivered, found := strings.CutPrefix(mx.inbox(t, "alice@example.org")[0], results)
	received, rest := cutHeaderField(delivered)
	if !found || !strings.HasPrefix(received, "Received: from mail.good.example (mail.good.example [198.51.100.10])") || rest != letter {
		t.Errorf("the letter arrived as\n%s", delivered)
	}

	send("203.0.113.5", "[UNAVAILABLE]")
	eventually(t, "a client without a PTR record is rejected", func() bool {
		return slices.ContainsFunc(mx.verdicts(), func(j judged) bool {
			return j.client == netip.MustParseAddr("203.0.113.5") && j.verdict.Action == verdict.Reject && j.verdict.Rule == "rdns.exists"
		})
	})
	if n := len(mx.inbox(t, "alice@example.org")); n != 1 {
		t.Errorf("%d letters arrived, want 1", n)
	}
}
