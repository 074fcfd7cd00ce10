package main

import (
	"testing"

	"mxrules.example/envelope/zone"
)

func TestRunAsksTheNextServerIfOneIsDown(t *testing.T) {
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
	mx := start(t, "-dns", addresses[0]+","+addresses[1], "-maildir", t.TempDir())
	mx.send(t, accepted)
	mx.halt(t)
}
