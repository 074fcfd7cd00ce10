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
	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
	"mxrules.example/greylist/identity"
	"mxrules.example/greylist/redis"
	"mxrules.example/verdict"
)

// poolSize is how many machines pool.example sends from, each in a network of
// its own.
const poolSize = 16

// poolZone is the DNS of a sender with many machines, whose names a provider has
// made for them. The machines are in 198.18.0.0/15, which is for tests (RFC
// 2544).
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

// poolMachine is one of the machines of pool.example.
func poolMachine(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{198, 18, byte(i % poolSize), 25})
}

// fromPool makes every connection seem to come from one of the first machines of
// pool.example, from one after the other.
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

// A queue of messages comes through greylisting: each is put off, tried again,
// and arrives. Where the sender has many machines it does not matter which one
// tries again.
func TestPostfixComesThroughGreylisting(t *testing.T) {
	const messages = 100
	for _, tc := range []struct {
		name     string
		machines int
		store    func(t *testing.T) greylist.Store
	}{
		{"from one machine, remembered in a file", 1, boltStore},
		{"from many machines, remembered in Redis", poolSize, redisStore},
	} {
		t.Run(tc.name, func(t *testing.T) {
			known := greylist.Known(tc.store(t), greylist.Options{
				Delay: time.Second, Identity: identity.Of, Secret: greylist.Secret("of the test, and no other"),
				Promote: -1, // or the last of them would not have to wait
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
				t.Errorf("%d messages arrived, not %d", len(arrived), messages)
			}
			all := strings.Join(arrived, "")
			moved := 0
			for i := range messages {
				from := poolSender(i)
				if n := strings.Count(all, "\r\nFrom: <"+from+">\r\n"); n != 1 {
					t.Errorf("the message of %s arrived %d times", from, n)
				}
				if checkCourse(t, from, mx.verdicts()) {
					moved++
				}
			}
			if wanted := tc.machines > 1; wanted != (moved > 0) {
				t.Errorf("%d messages were let in from another network than they were first seen from", moved)
			}
			t.Logf("%d verdicts for %d messages, %d of which came back from another network", len(mx.verdicts()), messages, moved)
		})
	}
}

// poolSender returns one of many senders of pool.example. Its local part is made
// of letters, since numbers are folded.
func poolSender(i int) string {
	return fmt.Sprintf("%c%c@pool.example", 'a'+i/26, 'a'+i%26)
}

// checkCourse sees that mail from a sender was new once, put off at least once,
// and then accepted. It reports whether that was from another network.
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
		t.Errorf("the course of the message of %s was: %s", from, course)
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

// redisStore starts a Redis server of the test's own, on a socket in its folder.
func redisStore(t *testing.T) greylist.Store {
	t.Helper()
	client := goredis.NewClient(&goredis.Options{Network: "unix", Addr: startRedis(t), ContextTimeoutEnabled: true})
	t.Cleanup(func() { client.Close() })
	return redis.New(client, redis.Options{})
}

// startRedis returns the socket on which the server listens. It ends with the
// test.
func startRedis(t *testing.T) (socket string) {
	t.Helper()
	needProgram(t, "redis-server", "redis-server")
	path, err := lookProgram("redis-server")
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
			t.Logf("Redis said:\n%s", &out)
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
