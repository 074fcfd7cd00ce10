package resolver_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

// openAt makes a Resolver with a clock of the test's own.
func openAt(t testing.TB, config resolver.Config) (*resolver.Resolver, *resolver.Clock) {
	t.Helper()
	clock := new(resolver.Clock)
	r, err := resolver.NewAt(config, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, clock
}

func answering(text string) func(*dns.Msg, int) [][]byte {
	return func(q *dns.Msg, _ int) [][]byte {
		return one(reply(q, dns.RcodeSuccess, q.Question[0].Name+" 60 TXT "+text))
	}
}

// vacant returns an address at which nothing listens.
func vacant(t *testing.T) string {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	return packets.LocalAddr().String()
}

// Whatever the first server does instead of answering, the second one is asked.
func TestTheNextServerIsAsked(t *testing.T) {
	closed := func(conn net.Conn, _ *dns.Msg, _ int) bool { return false }
	for _, tc := range []struct {
		first   string
		udp     func(q *dns.Msg, n int) [][]byte
		tcp     func(conn net.Conn, q *dns.Msg, n int) bool
		timeout time.Duration
	}{
		{"is silent", nil, nil, 500 * time.Millisecond},
		{"answers SERVFAIL", func(q *dns.Msg, _ int) [][]byte { return one(reply(q, dns.RcodeServerFailure)) }, nil, long},
		{"answers REFUSED", func(q *dns.Msg, _ int) [][]byte { return one(reply(q, dns.RcodeRefused)) }, nil, long},
		{"refers to others", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "authority", "example. NS ns.example."))
		}, nil, long},
		{"does not know, and does not ask", func(q *dns.Msg, _ int) [][]byte {
			return one(altered(reply(q, dns.RcodeSuccess), func(m *dns.Msg) { m.RecursionAvailable = false }))
		}, nil, long},
		{"answers NXDOMAIN for other names", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeNameError, "other.example. TXT wrong"))
		}, nil, long},
		{"answers for other names", func(q *dns.Msg, _ int) [][]byte {
			return one(reply(q, dns.RcodeSuccess, "other.example. TXT wrong"))
		}, nil, long},
		{"does not serve TCP", func(q *dns.Msg, _ int) [][]byte { return one(cut(q)) }, closed, long},
	} {
		t.Run(tc.first, func(t *testing.T) {
			first := (&hostile{udp: tc.udp, tcp: tc.tcp}).start(t)
			second := (&hostile{udp: answering("right")}).start(t)
			r := open(t, resolver.Config{Servers: []string{first.address, second.address}, Timeout: tc.timeout, Attempts: 20})
			if got := outcome(r.LookupTXT(t.Context(), name)); got != "right" {
				t.Errorf("got %q", got)
			}
			if first.overUDP.Load() == 0 {
				t.Error("the first server was not asked")
			}
			if got := r.Stats().Retries; got == 0 {
				t.Error("Stats counts no retry")
			}
		})
	}
	t.Run("is not there", func(t *testing.T) {
		second := (&hostile{udp: answering("right")}).start(t)
		r := open(t, resolver.Config{Servers: []string{vacant(t), second.address}, Timeout: time.Hour})
		if got := outcome(r.LookupTXT(t.Context(), name)); got != "right" {
			t.Errorf("got %q", got)
		}
	})
}

// Each server is tried as often as Attempts says, and the answer counts that
// comes at last.
func TestAttempts(t *testing.T) {
	fails := func(times int) func(q *dns.Msg, n int) [][]byte {
		return func(q *dns.Msg, n int) [][]byte {
			if n <= times {
				return one(reply(q, dns.RcodeServerFailure))
			}
			return answering("right")(q, n)
		}
	}
	for _, tc := range []struct {
		fails, attempts int
		want            string
	}{
		{1, 0, "right"}, {2, 0, "failure"}, {0, 1, "right"}, {1, 1, "failure"}, {4, 5, "right"},
	} {
		server := (&hostile{udp: fails(tc.fails)}).start(t)
		r := open(t, resolver.Config{Servers: []string{server.address}, Attempts: tc.attempts, Timeout: long})
		if got := outcome(r.LookupTXT(t.Context(), name)); got != tc.want {
			t.Errorf("%d failures, %d attempts: got %q, want %q", tc.fails, tc.attempts, got, tc.want)
		}
	}
}

// A server that failed is asked last, until its hold is over; then one question
// tries it, and it is back when it answers.
func TestHealth(t *testing.T) {
	first := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
		if n <= 2 {
			return one(reply(q, dns.RcodeRefused))
		}
		return answering("first")(q, n)
	}}).start(t)
	second := (&hostile{udp: answering("second")}).start(t)
	config := resolver.Config{Servers: []string{first.address, second.address}, Timeout: long, CacheBytes: -1}
	r, clock := openAt(t, config)
	for _, step := range []struct {
		what    string
		advance time.Duration
		want    string
		asked   int64 // of the first server, in all
	}{
		{"it fails", 0, "second", 1},
		{"it is on hold", 4 * time.Second, "second", 1},
		{"the hold is over, and it fails again", time.Second, "second", 2},
		{"it is on hold for twice as long", 9 * time.Second, "second", 2},
		{"the hold is over, and it is back", time.Second, "first", 3},
		{"it is asked first again", 0, "first", 4},
	} {
		clock.Advance(step.advance)
		got := outcome(r.LookupTXT(t.Context(), name))
		if asked := first.overUDP.Load(); got != step.want || asked != step.asked {
			t.Errorf("%s: got %q, and the first was asked %d times; want %q, %d", step.what, got, asked, step.want, step.asked)
		}
	}
}

// SERVFAIL is about the name: the server is well.
func TestHealthAfterSERVFAIL(t *testing.T) {
	first := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
		if n == 1 {
			return one(reply(q, dns.RcodeServerFailure))
		}
		return answering("first")(q, n)
	}}).start(t)
	second := (&hostile{udp: answering("second")}).start(t)
	r := open(t, resolver.Config{Servers: []string{first.address, second.address}, Timeout: long, CacheBytes: -1})
	for _, want := range []string{"second", "first"} {
		if got := outcome(r.LookupTXT(t.Context(), name)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A server on hold is asked all the same if no other answers.
func TestServersOnHoldAreTheLastResort(t *testing.T) {
	only := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
		if n == 1 {
			return one(reply(q, dns.RcodeRefused))
		}
		return answering("right")(q, n)
	}}).start(t)
	r := open(t, resolver.Config{Servers: []string{only.address, vacant(t)}, Timeout: long})
	if got := outcome(r.LookupTXT(t.Context(), name)); got != "right" {
		t.Errorf("got %q", got)
	}
}

// Callers who have less time than a try must not ask a silent server for ever:
// their leaving counts against it.
func TestSilenceCountsThoughCallersLeave(t *testing.T) {
	for _, tc := range []struct {
		waited time.Duration
		want   string // from the second question
	}{
		{time.Second, "right"},
		{100 * time.Millisecond, "timeout"}, // too short to say anything of the server
	} {
		clock, reached := new(resolver.Clock), make(chan struct{}, 2)
		silent := (&hostile{udp: func(*dns.Msg, int) [][]byte {
			clock.Advance(tc.waited)
			reached <- struct{}{}
			return nil
		}}).start(t)
		second := (&hostile{udp: answering("right")}).start(t)
		r, err := resolver.NewAt(resolver.Config{Servers: []string{silent.address, second.address}, Timeout: time.Hour}, clock)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-reached; cancel() }()
		if got := outcome(r.LookupTXT(ctx, name)); got != "failure" {
			t.Errorf("the first question: got %q", got)
		}
		r.Settle()
		ctx, cancel = context.WithCancel(t.Context())
		if tc.want != "right" {
			ctx, cancel = context.WithTimeout(t.Context(), short)
		}
		if got := outcome(r.LookupTXT(ctx, "other.example.")); got != tc.want {
			t.Errorf("after %v: got %q, want %q", tc.waited, got, tc.want)
		}
		cancel()
		r.Close()
	}
}

func TestConfig(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(empty, []byte("search example.org\noptions timeout:4\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(t.TempDir(), "missing")
	for _, tc := range []struct {
		config resolver.Config
		want   string // servers, or the error
	}{
		{resolver.Config{Servers: []string{"192.0.2.1"}}, "192.0.2.1:53 2s 2"},
		{resolver.Config{Servers: []string{"192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:54"}}, "192.0.2.1:5353 [2001:db8::1]:53 [2001:db8::1]:54 2s 2"},
		{resolver.Config{Servers: []string{"fe80::1%eth0", "::ffff:192.0.2.1"}, Timeout: time.Second, Attempts: 7}, "[fe80::1%eth0]:53 192.0.2.1:53 1s 7"},
		{resolver.Config{Servers: []string{"192.0.2.1", "192.0.2.1:53"}}, "192.0.2.1:53 2s 2"},
		{resolver.Config{Servers: []string{""}}, `name server "" is no IP address, with or without a port`},
		{resolver.Config{Servers: []string{"dns.example"}}, `name server "dns.example" is no IP address, with or without a port`},
		{resolver.Config{Servers: []string{"192.0.2.1:0"}}, `name server "192.0.2.1:0" has port 0`},
		{resolver.Config{Servers: []string{"192.0.2.1:99999"}}, `name server "192.0.2.1:99999" is no IP address, with or without a port`},
		{resolver.Config{File: empty}, "127.0.0.1:53 [::1]:53 4s 2"},
		{resolver.Config{File: missing}, "open " + missing + ": no such file or directory"},
		{resolver.Config{File: t.TempDir()}, "is a directory"},
		{resolver.Config{Servers: []string{"192.0.2.1"}, Timeout: -1}, `timeout "-1ns" is negative`},
		{resolver.Config{Servers: []string{"192.0.2.1"}, Attempts: -1}, `number of attempts "-1" is negative`},
	} {
		r, err := resolver.New(tc.config)
		if err != nil {
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%+v: got the error %q, want %q", tc.config, err, tc.want)
			}
			continue
		}
		if got := inForce(r); got != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.config, got, tc.want)
		}
		r.Close()
	}
}

// The file is read again some time after it changes. While it can't be read,
// nothing changes.
func TestFileIsFollowed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "resolv.conf")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("nameserver 192.0.2.1\nnameserver 192.0.2.2\n")
	r, clock := openAt(t, resolver.Config{File: file})
	wants := func(what, want string) {
		t.Helper()
		if got := inForce(r); got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	wants("at first", "192.0.2.1:53 192.0.2.2:53 2s 2")
	write("nameserver 192.0.2.3\noptions timeout:3 attempts:4\n")
	clock.Advance(4 * time.Second)
	wants("before it is looked at", "192.0.2.1:53 192.0.2.2:53 2s 2")
	clock.Advance(time.Second)
	wants("after a change", "192.0.2.3:53 3s 4")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	wants("while it is away", "192.0.2.3:53 3s 4")
	write("")
	clock.Advance(time.Minute)
	wants("with nothing in it", "192.0.2.3:53 3s 4")
	write("nameserver 192.0.2.4\n")
	clock.Advance(time.Minute)
	wants("at last", "192.0.2.4:53 2s 2")

	fixed, fixedClock := openAt(t, resolver.Config{Servers: []string{"192.0.2.9"}, File: file})
	write("nameserver 192.0.2.1\n")
	fixedClock.Advance(time.Minute)
	if got := inForce(fixed); got != "192.0.2.9:53 2s 2" {
		t.Errorf("servers from Config: got %q", got)
	}
}

func inForce(r *resolver.Resolver) string {
	addresses, timeout, attempts := r.Servers()
	return strings.Join(append(slices.Clone(addresses), timeout.String(), string(rune('0'+attempts))), " ")
}
