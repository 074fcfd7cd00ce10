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

// openAt returns a Resolver with its own clock.
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

// vacant returns an address on which no server listens.
func vacant(t *testing.T) string {
	t.Helper()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	return packets.LocalAddr().String()
}

// Each case is a behaviour of the first server. The second one is asked.
func TestTheNextServerIsAsked(t *testing.T) {
	for _, tc := range []struct {
		first   string
		udp     udpHandler
		timeout time.Duration
	}{
		{"is silent", nil, 500 * time.Millisecond},
		{"answers SERVFAIL", replying(dns.RcodeServerFailure), long},
		{"answers REFUSED", replying(dns.RcodeRefused), long},
		{"returns a referral", replying(dns.RcodeSuccess, "authority", nsRecord), long},
		{"is empty and not recursive", editing(replying(dns.RcodeSuccess), notRecursive), long},
		{"answers NXDOMAIN with other names", replying(dns.RcodeNameError, "other.example. TXT wrong"), long},
		{"answers with other names", replying(dns.RcodeSuccess, "other.example. TXT wrong"), long},
		{"closes TCP connections", truncated, long},
	} {
		t.Run(tc.first, func(t *testing.T) {
			first := (&hostile{udp: tc.udp}).start(t)
			second := (&hostile{udp: answering("right")}).start(t)
			r := open(t, resolver.Config{Servers: []string{first.address, second.address}, Timeout: tc.timeout, Attempts: 20})
			wantTXT(t, r, name, "right")
			if first.overUDP.Load() == 0 {
				t.Error("the first server was not asked")
			}
			if got := r.Stats().Retries; got == 0 {
				t.Error("Stats counts no retry")
			}
		})
	}
	t.Run("does not exist", func(t *testing.T) {
		second := (&hostile{udp: answering("right")}).start(t)
		r := open(t, resolver.Config{Servers: []string{vacant(t), second.address}, Timeout: time.Hour})
		wantTXT(t, r, name, "right")
	})
}

func TestAttempts(t *testing.T) {
	for _, tc := range []struct {
		fails, attempts int
		want            string
	}{
		{1, 0, "right"}, {2, 0, "failure"}, {0, 1, "right"}, {1, 1, "failure"}, {4, 5, "right"},
	} {
		server := &hostile{udp: failing(tc.fails, dns.RcodeServerFailure, answering("right"))}
		r := server.open(t, resolver.Config{Attempts: tc.attempts})
		if got := outcome(r.LookupTXT(t.Context(), name)); got != tc.want {
			t.Errorf("%d failures, %d attempts: got %q, want %q", tc.fails, tc.attempts, got, tc.want)
		}
	}
}

// A server that failed is asked last until its hold ends. Then one question tries
// it, and an answer ends the hold.
func TestHealth(t *testing.T) {
	first := (&hostile{udp: failing(2, dns.RcodeRefused, answering("first"))}).start(t)
	second := (&hostile{udp: answering("second")}).start(t)
	config := resolver.Config{Servers: []string{first.address, second.address}, Timeout: long, CacheBytes: -1}
	r, clock := openAt(t, config)
	for _, step := range []struct {
		what    string
		advance time.Duration
		want    string
		asked   int64 // queries to the first server so far
	}{
		{"it fails", 0, "second", 1},
		{"it is on hold", 4 * time.Second, "second", 1},
		{"the hold ends, and it fails again", time.Second, "second", 2},
		{"it is on hold for twice as long", 9 * time.Second, "second", 2},
		{"the hold ends, and it answers", time.Second, "first", 3},
		{"it is asked first again", 0, "first", 4},
	} {
		clock.Advance(step.advance)
		got := outcome(r.LookupTXT(t.Context(), name))
		if asked := first.overUDP.Load(); got != step.want || asked != step.asked {
			t.Errorf("%s: got %q, and the first was asked %d times; want %q, %d", step.what, got, asked, step.want, step.asked)
		}
	}
}

// SERVFAIL concerns the name and not the server.
func TestSERVFAILDoesNotHoldTheServer(t *testing.T) {
	first := (&hostile{udp: failing(1, dns.RcodeServerFailure, answering("first"))}).start(t)
	second := (&hostile{udp: answering("second")}).start(t)
	r := open(t, resolver.Config{Servers: []string{first.address, second.address}, Timeout: long, CacheBytes: -1})
	for _, want := range []string{"second", "first"} {
		wantTXT(t, r, name, want)
	}
}

func TestServersOnHoldAreAskedLast(t *testing.T) {
	only := (&hostile{udp: failing(1, dns.RcodeRefused, answering("right"))}).start(t)
	r := open(t, resolver.Config{Servers: []string{only.address, vacant(t)}, Timeout: long})
	wantTXT(t, r, name, "right")
}

// A silent server is put on hold although its callers stop waiting before the
// timeout.
func TestSilenceHoldsTheServerAlthoughCallersLeave(t *testing.T) {
	for _, tc := range []struct {
		waited time.Duration
		want   string // from the second question
	}{
		{time.Second, "right"},
		{100 * time.Millisecond, "timeout"}, // too short to judge the server
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
	writeFile(t, empty, "search example.org\noptions timeout:4\n")
	missing := filepath.Join(t.TempDir(), "missing")
	servers := func(list ...string) resolver.Config { return resolver.Config{Servers: list} }
	for _, tc := range []struct {
		config resolver.Config
		want   string // the servers, the timeout and the attempts, or the error
	}{
		{servers("192.0.2.1"), "192.0.2.1:53 2s 2"},
		{servers("192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:54"), "192.0.2.1:5353 [2001:db8::1]:53 [2001:db8::1]:54 2s 2"},
		{resolver.Config{Servers: []string{"fe80::1%eth0", "::ffff:192.0.2.1"}, Timeout: time.Second, Attempts: 7}, "[fe80::1%eth0]:53 192.0.2.1:53 1s 7"},
		{servers("192.0.2.1", "192.0.2.1:53"), "192.0.2.1:53 2s 2"},
		{servers(""), `name server "" is not an IP address, with or without a port`},
		{servers("dns.example"), `name server "dns.example" is not an IP address, with or without a port`},
		{servers("192.0.2.1:0"), `name server "192.0.2.1:0" has port 0`},
		{servers("192.0.2.1:99999"), `name server "192.0.2.1:99999" is not an IP address, with or without a port`},
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
		if got := settings(r); got != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.config, got, tc.want)
		}
		r.Close()
	}
}

func TestFileIsFollowed(t *testing.T) {
	const first = "192.0.2.1:53 192.0.2.2:53 2s 2"
	file := filepath.Join(t.TempDir(), "resolv.conf")
	writeFile(t, file, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n")
	r, clock := openAt(t, resolver.Config{File: file})
	fixed, fixedClock := openAt(t, resolver.Config{Servers: []string{"192.0.2.9"}, File: file})
	for _, step := range []struct {
		what    string
		content string // "-" removes the file
		advance time.Duration
		want    string
	}{
		{"before a change", "nameserver 192.0.2.1\nnameserver 192.0.2.2\n", 0, first},
		{"4 seconds after a change", "nameserver 192.0.2.3\noptions timeout:3 attempts:4\n", 4 * time.Second, first},
		{"5 seconds after a change", "nameserver 192.0.2.3\noptions timeout:3 attempts:4\n", time.Second, "192.0.2.3:53 3s 4"},
		{"while the file is missing", "-", time.Minute, "192.0.2.3:53 3s 4"},
		{"while the file is empty", "", time.Minute, "192.0.2.3:53 3s 4"},
		{"after another change", "nameserver 192.0.2.4\n", time.Minute, "192.0.2.4:53 2s 2"},
	} {
		if step.content != "-" {
			writeFile(t, file, step.content)
		} else if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		clock.Advance(step.advance)
		fixedClock.Advance(step.advance)
		if got := settings(r); got != step.want {
			t.Errorf("%s: got %q, want %q", step.what, got, step.want)
		}
		if got := settings(fixed); got != "192.0.2.9:53 2s 2" {
			t.Errorf("%s, with servers in Config: got %q", step.what, got)
		}
	}
}

func settings(r *resolver.Resolver) string {
	addresses, timeout, attempts := r.Servers()
	return strings.Join(append(slices.Clone(addresses), timeout.String(), string(rune('0'+attempts))), " ")
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
