package main

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/internal/postfixtest"
	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
	"mxrules.example/verdict"
)

const (
	connections = 100  // at a time, as many as Postfix has processes (default_process_limit)
	turn        = 2000 // requests
)

// load is what is asked of a policy server.
type load struct {
	address string // "unix:" and a path, or an address of TCP
	request []byte // each request has another word in place of #
	number  int    // of the next
	senders int    // with different words, 0 if none is used again
}

// BenchmarkNothing compares the whole policy standard, with DNS answers from the cache of
// the resolver, to the same server without a rule.
func BenchmarkNothing(b *testing.B) {
	for _, tc := range []struct {
		name    string
		reports bool // adds Authentication-Results
	}{{"without -hostname", false}, {"with -hostname", true}} {
		b.Run(tc.name, func(b *testing.B) {
			policy, nothing := standard(b), standard(b)
			nothing.Rules = nil
			var loads [2]*load
			for i, policy := range []verdict.Policy{policy, nothing} {
				s := newBenchServer(b)
				s.policy, s.resolver = withoutMessage(policy, tc.reports), warmResolver(b)
				if !tc.reports {
					s.actions.stamp = nil
				}
				loads[i] = &load{request: []byte(asked()), address: serveForBench(b, s, "tcp")}
			}
			compare(b, loads[0], loads[1])
		})
	}
}

// BenchmarkPostgrey compares the greylisting server of Debian to the rule of greylisting
// alone. Both write each new sender to disk, and sync, before they answer. A sender that
// retries too early is written by postgrey only.
func BenchmarkPostgrey(b *testing.B) {
	for _, tc := range []struct {
		name    string
		senders int // different ones, 0 for a new one with each request
	}{{"new senders", 0}, {"retries", turn / 2}} {
		for _, network := range []string{"tcp", "unix"} {
			b.Run(tc.name+" over "+network, func(b *testing.B) {
				store, err := bolt.Open(filepath.Join(b.TempDir(), "greylist.db"), bolt.Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { store.Close() })
				policyd := newBenchServer(b)
				policyd.policy.Rules = verdict.Rules{verdict.TempFailUnless(greylist.Known(store, greylist.Options{}))}
				asks := load{request: []byte(asked("sender=#@example.net", "instance=#")), senders: tc.senders}
				theirs, ours := asks, asks
				theirs.address, ours.address = startPostgrey(b, network), serveForBench(b, policyd, network)
				compare(b, &theirs, &ours)
			})
		}
	}
}

// BenchmarkAnswer measures what the server itself does for a request, without the network.
func BenchmarkAnswer(b *testing.B) {
	greylisted := verdict.TempFailUnless(greylist.Known(new(greylist.Memory), greylist.Options{}))
	for name, rules := range map[string]verdict.Rules{"nothing": nil, "greylisted": {greylisted}} {
		b.Run(name, func(b *testing.B) {
			s := newBenchServer(b)
			s.policy.Rules = rules
			request, text := asked(), strings.NewReader("")
			in := bufio.NewReaderSize(text, maxLine)
			b.ReportAllocs()
			for b.Loop() {
				text.Reset(request)
				r, err := readRequest(in)
				if err != nil {
					b.Fatal(err)
				}
				s.answer(b.Context(), r, &transaction{})
			}
		})
	}
}

// compare asks two servers in turns, so that what else the machine does slows both, and
// reports the median of how many requests the second answers for each of the first.
func compare(b *testing.B, first, second *load) {
	first.ask(b)
	second.ask(b)
	var times []float64
	for b.Loop() {
		times = append(times, first.ask(b).Seconds()/second.ask(b).Seconds())
	}
	slices.Sort(times)
	b.ReportMetric(times[len(times)/2], "times")
}

// ask makes the requests of a turn, and returns how long that took.
func (l *load) ask(b *testing.B) time.Duration {
	var group sync.WaitGroup
	began := time.Now()
	for range connections {
		first, end := l.number, l.number+turn/connections
		l.number = end
		group.Go(func() {
			if err := l.converse(first, end); err != nil {
				b.Error(err)
			}
		})
	}
	group.Wait()
	return time.Since(began)
}

// converse makes the requests of a connection, which stays open, as that of smtpd does.
func (l *load) converse(first, end int) error {
	conn, err := dial(l.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for n := first; n < end; n++ {
		of := n
		if l.senders > 0 {
			of %= l.senders
		}
		if _, err := conn.Write(bytes.ReplaceAll(l.request, []byte("#"), word(of))); err != nil {
			return err
		}
		for line := []byte{}; len(line) != 1; {
			if line, err = in.ReadSlice('\n'); err != nil {
				return err
			}
		}
	}
	return nil
}

func dial(address string) (net.Conn, error) {
	if path, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		return net.Dial("unix", path)
	}
	return net.Dial("tcp", address)
}

// word returns a number in letters. Both greylisting servers ignore digits in a sender.
func word(n int) []byte {
	word := strconv.AppendInt(nil, int64(n), 10)
	for i := range word {
		word[i] += 'g' - '0'
	}
	return word
}

// newBenchServer returns a server that writes its log to /dev/null, as postgrey does, and
// collects garbage as the program does.
func newBenchServer(b *testing.B) *server {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { null.Close() })
	percent := collectSeldom()
	b.Cleanup(func() { debug.SetGCPercent(percent) })
	s := newTestServer(b)
	s.log, s.now = slog.New(slog.NewJSONHandler(null, nil)), time.Now
	return s
}

func serveForBench(b *testing.B, s *server, network string) string {
	address, stop := serveForTest(b, s, freeAddress(b, network))
	b.Cleanup(stop)
	return address
}

// freeAddress returns an address on which nothing listens, as the flag -listen has it.
func freeAddress(b *testing.B, network string) string {
	if network == "unix" {
		return "unix:" + filepath.Join(b.TempDir(), "socket")
	}
	return postfixtest.FreeAddress(b)
}

// warmResolver returns a resolver that finds the records of the tests on a DNS server.
func warmResolver(b *testing.B) *resolver.Resolver {
	dns, err := zone.MustParse(world).Serve("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { dns.Close() })
	r, err := resolver.New(resolver.Config{Servers: []string{dns.Addr()}})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// startPostgrey starts the greylisting server of Debian, and returns its address.
func startPostgrey(b *testing.B, network string) string {
	program, err := exec.LookPath("postgrey")
	if err != nil {
		b.Skip("postgrey is not installed")
	}
	ctx, stop := context.WithCancel(context.Background())
	address := freeAddress(b, network)
	listen := "--inet=" + address
	if path, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		listen = "--unix=" + path
	}
	command := exec.CommandContext(ctx, program, listen, "--dbdir="+b.TempDir(), "--user=root", "--group=root", "--delay=300")
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stop(); command.Wait() })
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
		if conn, err := dial(address); err == nil {
			conn.Close()
			break
		}
	}
	return address
}
