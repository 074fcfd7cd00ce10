package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/internal/site"
	"mxrules.example/examples/policies"
	"mxrules.example/greylist"
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
host.example.net.        A    192.0.2.12
12.2.0.192.in-addr.arpa. PTR  host.example.net.
`

// newTestServer returns a server with the policy standard and greylisting, which adds
// Authentication-Results.
func newTestServer(t testing.TB) *server {
	t.Helper()
	stamp, err := headers.For("mx.example.org")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return &server{
		policy: withoutMessage(standard(t), true), resolver: zone.MustParse(world),
		log: slog.New(slog.DiscardHandler), now: func() time.Time { return now },
		actions: actions{stamp: stamp, marks: map[string]string{"generic": "HOLD generic client"}},
	}
}

// standard returns the policy standard with greylisting.
func standard(t testing.TB) verdict.Policy {
	mailboxes, err := directory.List("bob@example.org", "eve@example.org")
	if err != nil {
		t.Fatal(err)
	}
	policy, err := policies.Standard(policies.Site{
		Domains: []string{"example.org"}, Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Mailboxes: mailboxes, Greylist: greylist.Known(new(greylist.Memory), greylist.Options{}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return policy
}

func TestAnswers(t *testing.T) {
	s := newTestServer(t)
	for _, tc := range []struct {
		name    string
		changes []string
		want    string // a prefix
	}{
		{"a well configured server", nil, "PREPEND Authentication-Results: mx.example.org;"},
		{"a relay attempt", []string{"recipient=bob@example.com"}, "554 5.7.1 the recipient bob@example.com is in no domain of this site; relay access denied"},
		{"an unknown mailbox", []string{"recipient=nobody@example.org"}, "550 5.1.1 there is no mailbox nobody@example.org here"},
		{"no PTR record", []string{"client_address=192.0.2.77"}, "550 5.7.25 the client 192.0.2.77 has no PTR record"},
		{"SPF fails, and a signature could pass", []string{"client_address=192.0.2.12"}, "PREPEND "},
		{"a generic client is greylisted", []string{"client_address=192.0.2.11", "sender=a@mail.example.net"}, "451 4.7.1 greylisted"},
		{"of the site", []string{"client_address=198.51.100.7", "recipient=x@example.com"}, "PREPEND "},
		{"DATA", []string{"protocol_state=DATA"}, "DUNNO"},
		{"MAIL of a good client", []string{"protocol_state=MAIL", "recipient="}, "DUNNO"},
		{"MAIL with a bad sender", []string{"protocol_state=MAIL", "recipient=", "sender=a b"}, "501 5.1.7"},
	} {
		r, err := read(asked(tc.changes...))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.answer(t.Context(), r, &transaction{}); !strings.HasPrefix(got, tc.want) || strings.Contains(got, "\n") {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

// Greylisting learns at RCPT though the policy has rules about the message, because a
// policy server will never know it.
func TestGreylistingLearnsAtRCPT(t *testing.T) {
	s := newTestServer(t)
	now := s.now()
	s.now = func() time.Time { return now }
	generic := []string{"client_address=192.0.2.11", "sender=a@mail.example.net"}
	for i, want := range []string{"451 4.7.1", "451 4.7.1", "HOLD generic client"} {
		r, _ := read(asked(append(generic, fmt.Sprintf("instance=%d", i))...))
		if got := s.answer(t.Context(), r, &transaction{}); !strings.HasPrefix(got, want) {
			t.Errorf("try %d: got %q, want %q", i, got, want)
		}
		now = now.Add(time.Duration(i) * 10 * time.Minute)
	}
}

// The requests of an instance belong to one message: the fields are added once, and the
// null sender may have one recipient.
func TestSeveralRecipientsOfOneInstance(t *testing.T) {
	s := newTestServer(t)
	var mail transaction
	answer := func(changes ...string) string {
		r, _ := read(asked(changes...))
		return s.answer(t.Context(), r, &mail)
	}
	for _, step := range []struct{ to, from, instance, want string }{
		{"nobody@example.org", "ann@example.net", "1", "550 5.1.1"},
		{"bob@example.org", "ann@example.net", "1", "PREPEND "},
		{"eve@example.org", "ann@example.net", "1", "DUNNO"},
		{"bob@example.org", "", "2", "PREPEND "},
		{"eve@example.org", "", "2", "550 5.5.3"},
		{"eve@example.org", "", "3", "PREPEND "},
	} {
		if got := answer("recipient="+step.to, "sender="+step.from, "instance="+step.instance); !strings.HasPrefix(got, step.want) {
			t.Errorf("%v: got %q", step, got)
		}
	}
}

// serveForTest serves on an address, as the flag -listen has it, until stop. The address
// that it returns is that of the port.
func serveForTest(t testing.TB, s *server, listen string) (address string, stop func()) {
	t.Helper()
	l, err := site.Listen(listen)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.serve(ctx, l) }()
	if l.Addr().Network() == "tcp" {
		listen = l.Addr().String()
	}
	return listen, sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestManyConnectionsAndAGracefulStop(t *testing.T) {
	address, stop := serveForTest(t, newTestServer(t), "127.0.0.1:0")
	defer stop()
	var group sync.WaitGroup
	for range 500 {
		group.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { conn.Close() })
			in := bufio.NewReader(conn)
			for range 3 {
				io.WriteString(conn, asked("recipient=bob@example.com"))
				line, err := in.ReadString('\n')
				if err != nil || !strings.HasPrefix(line, "action=554 5.7.1") {
					t.Errorf("got %q, %v", line, err)
					return
				}
				in.ReadString('\n')
			}
		})
	}
	group.Wait()
	stop() // though 500 connections are open and idle
}

// A request that is being judged when the server stops gets the answer that it would have
// got, and then the connection is closed.
func TestAStopDoesNotChangeAnAnswer(t *testing.T) {
	s := newTestServer(t)
	judging, stopped := make(chan struct{}), make(chan struct{})
	s.policy.Rules = verdict.Rules{verdict.RejectUnless(envelope.At("slow", envelope.Rcpt,
		func(ctx context.Context, _ envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
			close(judging)
			<-stopped
			if err := ctx.Err(); err != nil {
				return envelope.Temporary("slow", err)
			}
			return envelope.Failed("slow", envelope.Status{Code: 550, Subject: 7, Detail: 1}, "not here")
		}))}
	client, conn := net.Pipe()
	defer client.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.converse(ctx, conn) }()
	io.WriteString(client, asked())
	<-judging
	stop()
	close(stopped)
	answer, err := io.ReadAll(client)
	if want := "action=550 5.7.1 not here\n\n"; string(answer) != want || err != nil {
		t.Errorf("got %q, %v, want %q", answer, err, want)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAnInvalidRequestClosesTheConnection(t *testing.T) {
	address, stop := serveForTest(t, newTestServer(t), "127.0.0.1:0")
	defer stop()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
	if answer, err := io.ReadAll(conn); len(answer) > 0 || err != nil {
		t.Errorf("got %q, %v", answer, err)
	}
}

// A deadline moves when less than d is left, and is never more than a minute later.
func TestADeadlineMovesOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var moves []time.Duration // what was left after each
		l := deadline{set: func(at time.Time) error {
			moves = append(moves, time.Until(at))
			return nil
		}}
		for range 100 {
			l.leave(idle)
			if left := time.Until(l.at); left < idle || left > idle+time.Minute {
				t.Fatalf("%v are left", left)
			}
			time.Sleep(time.Second)
		}
		if len(moves) != 2 || moves[0] != idle+time.Minute {
			t.Errorf("in 100 seconds the deadline moves to %v", moves)
		}
	})
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	l, err := site.Listen("unix:" + path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := site.Listen("unix:" + path); err == nil {
		t.Error("two servers listen on a socket")
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	again, err := site.Listen("unix:" + path)
	if err != nil {
		t.Fatalf("a socket that was left behind is not replaced: %v", err)
	}
	again.Close()
}

func TestOptions(t *testing.T) {
	for _, tc := range []struct{ args, want string }{
		{"", "-our-domains is required"},
		{"-our-domains example.org x", `unexpected argument "x"`},
		{"-our-domains example.org -policy lax", `unknown policy "lax"`},
		{"-our-domains example.org -our-nets 192.0.2.1", `network "192.0.2.1" is not a prefix such as 192.0.2.0/24`},
		{"-our-domains example.org -mark x", `"x" is not of the form MARK=ACTION`},
		{"-our-domains example.org -dnsbl list.example", "list.example"},
	} {
		if _, err := parseOptions(strings.Fields(tc.args)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: %v, want %q", tc.args, err, tc.want)
		}
	}
	var out strings.Builder
	if status := run(t.Context(), []string{"-help"}, &out, nil); status != 0 || !strings.Contains(out.String(), "-our-domains") {
		t.Errorf("-help: exit status %d", status)
	}
}
