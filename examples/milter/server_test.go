package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

const world = `
mail.example.net.        A    192.0.2.9
9.2.0.192.in-addr.arpa.  PTR  mail.example.net.
example.net.             MX   10 mail.example.net.
                         TXT  "v=spf1 ip4:192.0.2.9 -all"
dyn-192-0-2-11.pool.example.  A    192.0.2.11
11.2.0.192.in-addr.arpa. PTR  dyn-192-0-2-11.pool.example.
pool.example.            MX   10 dyn-192-0-2-11.pool.example.
`

// newTestServer returns a server with the policy standard, which first accepts mail to the
// postmaster for good: it does not depend on the message.
func newTestServer(t testing.TB) *server {
	t.Helper()
	mailboxes, err := directory.List("bob@example.org", "eve@example.org")
	if err != nil {
		t.Fatal(err)
	}
	stamp, err := headers.For("mx.example.org")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := policies.Standard(policies.Site{
		Domains: []string{"example.org"}, Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Mailboxes: mailboxes,
	})
	if err != nil {
		t.Fatal(err)
	}
	policy.Rules = slices.Concat(verdict.Rules{
		verdict.RejectUnless(sender.Syntax),
		verdict.AcceptIf(recipient.In("postmaster@example.org")),
	}, policy.Rules)
	return &server{
		connection: verdict.Connection{Policy: policy, Resolver: zone.MustParse(world)},
		stamp:      stamp, hold: []string{"generic"}, size: 10 << 20, log: slog.New(slog.DiscardHandler), now: time.Now,
	}
}

// startServer serves on a loopback port until the test ends.
func startServer(t testing.TB, s *server) (address string) {
	t.Helper()
	address, _ = serve(t, s)
	return address
}

// serve serves on a loopback port until stop, or until the test ends.
func serve(t testing.TB, s *server) (address string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx, l) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return l.Addr().String(), stop
}
