package main

import (
	"testing"

	"mxrules.example/envelope/zone"
)

// The servers of -dns are asked, and the next one if one is down.
func TestRunAsksItsServers(t *testing.T) {
	var addresses []string
	for range 2 {
		server, err := zone.MustParse(`
			example.net.             MX   10 mail.example.net.
			mail.example.net.        A    127.0.0.1
			1.0.0.127.in-addr.arpa.  PTR  mail.example.net.
		`).Serve("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		addresses = append(addresses, server.Addr())
		if len(addresses) == 1 {
			server.Close()
		}
	}
	mx := start(t, "-listen", "127.0.0.1:0", "-hostname", "mx.example.org", "-dns", addresses[0]+","+addresses[1],
		"-mailboxes", "alice@example.org", "-maildir", t.TempDir())
	if got := mx.sendFromThere(t); got != taken {
		t.Errorf("it ended with %q, not %q", got, taken)
	}
	mx.halt(t)
}
