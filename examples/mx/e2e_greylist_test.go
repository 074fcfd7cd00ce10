package main

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mxrules.example/envelope"
	"mxrules.example/examples/internal/postfixtest"
	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
	"mxrules.example/greylist/identity"
	"mxrules.example/greylist/redis"
	"mxrules.example/verdict"
)

// poolSize is the number of machines of pool.example, each in its own network.
const poolSize = 16

// poolZone returns the DNS records of a sender with many machines with generic names, in
// 198.18.0.0/15 (RFC 2544).
func poolZone() string {
	var b strings.Builder
	b.WriteString("\npool.example. MX 10 out.dyn.provider.example.\n")
	b.WriteString("pool.example. TXT \"v=spf1 ip4:198.18.0.0/16 -all\"\n")
	for i := range poolSize {
		name := fmt.Sprintf("dsl-198-18-%d-25.dyn.provider.example.", i)
		fmt.Fprintf(&b, "%s A 198.18.%d.25\n25.%d.18.198.in-addr.arpa. PTR %s\n", name, i, i, name)
	}
	return b.String()
}

// poolMachine returns the address of a machine of pool.example.
func poolMachine(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 18, byte(i % poolSize), 25})
}

// fromPool makes the connections seem to come from the first machines of pool.example,
// in turn.
func fromPool(machines int) func(conn net.Conn, e *envelope.Envelope) {
	var mu sync.Mutex
	known := map[net.Conn]int{}
	return func(conn net.Conn, e *envelope.Envelope) {
		mu.Lock()
		defer mu.Unlock()
		i, ok := known[conn]
		if !ok {
			i = len(known)
			known[conn] = i
		}
		e.ClientIP = poolMachine(i % machines)
	}
}

// Each message of a queue is deferred, tried again, and arrives, also if another machine
// of the sender tries again.
func TestPostfixPassesGreylisting(t *testing.T) {
	const messages = 100
	for _, tc := range []struct {
		name     string
		machines int
		store    func(t *testing.T) greylist.Store
	}{
		{"one machine, a store in a file", 1, boltStore},
		{"many machines, a store on Redis", poolSize, redisStore},
	} {
		t.Run(tc.name, func(t *testing.T) {
			known := greylist.Known(tc.store(t), greylist.Options{
				Delay: time.Second, Identity: identity.Of, Secret: greylist.Secret("the secret of this test"),
				Promote: -1, // otherwise the last messages would not be deferred
			})
			mx := startReceiver(t, func(s *site) { s.greylist, s.pretend = known, fromPool(tc.machines) })
			queue := startPostfix(t, "out.dyn.provider.example", mx.address)
			for i := range messages {
				from := poolSender(i)
				queue.send(from, "alice@example.org", strings.Replace(letter, "Bob <bob@good.example>", "<"+from+">", 1))
			}
			eventually(t, "all messages have arrived", func() bool {
				return len(mx.inbox(t, "alice@example.org")) >= messages
			})

			arrived := mx.inbox(t, "alice@example.org")
			if len(arrived) != messages {
				t.Errorf("%d messages arrived, want %d", len(arrived), messages)
			}
			all := strings.Join(arrived, "")
			moved := 0
			for i := range messages {
				from := poolSender(i)
				if n := strings.Count(all, "\r\nFrom: <"+from+">\r\n"); n != 1 {
					t.Errorf("the message of %s arrived %d times, want 1", from, n)
				}
				if checkCourse(t, from, mx.verdicts()) {
					moved++
				}
			}
			if wanted := tc.machines > 1; wanted != (moved > 0) {
				t.Errorf("%d messages were accepted from another network than that of the first try", moved)
			}
			t.Logf("%d verdicts for %d messages, %d of which were accepted from another network", len(mx.verdicts()), messages, moved)
		})
	}
}

// poolSender returns one of many senders of pool.example. Its local part has letters
// only, because greylisting folds numbers.
func poolSender(i int) string {
	return fmt.Sprintf("%c%c@pool.example", 'a'+i/26, 'a'+i%26)
}

// checkCourse tests that mail from a sender was a first sight once, and finally accepted.
// It reports whether another network was accepted.
func checkCourse(t *testing.T, from string, verdicts []judged) (moved bool) {
	t.Helper()
	var states []string
	var first, last judged
	for _, j := range verdicts {
		if j.from != from {
			continue
		}
		if len(states) == 0 {
			first = j
		}
		last = j
		state := "no state"
		for _, step := range j.verdict.Trace {
			if result, ok := step.Finding.Detail.(*greylist.Result); ok {
				state = result.State
			}
		}
		states = append(states, state)
	}
	course := strings.Join(states, ", ")
	between := strings.TrimSuffix(strings.TrimPrefix(course, "first sight, "), "returned")
	if strings.Trim(strings.ReplaceAll(between, "too early", ""), ", ") != "" || len(states) < 2 ||
		first.verdict.Action != verdict.TempFail || last.verdict.Action != verdict.Accept {
		t.Errorf("the message of %s: %s", from, course)
	}
	return first.client != last.client
}

func boltStore(t *testing.T) greylist.Store {
	t.Helper()
	store, err := bolt.Open(filepath.Join(t.TempDir(), "greylist.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// redisStore starts a Redis server for the test, on a socket.
func redisStore(t *testing.T) greylist.Store {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Network: "unix", Addr: startRedis(t), ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	return redis.New(client, redis.Options{})
}

// startRedis starts a Redis server that ends with the test, and returns its socket.
func startRedis(t *testing.T) (socket string) {
	t.Helper()
	postfixtest.Need(t, "redis-server", "redis-server")
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	socket = filepath.Join(folder, "redis")
	var out strings.Builder
	command := exec.Command(path, "--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--daemonize", "no")
	command.Stdout, command.Stderr = &out, &out
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
		if t.Failed() {
			t.Logf("the output of Redis:\n%s", &out)
		}
	})
	eventually(t, "Redis listens", func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return socket
}
