package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// world is the DNS of the tests. The client is at a loopback address.
const world = `
example.net.             MX   10 mail.example.net.
                         TXT  "v=spf1 a:mail.example.net -all"
mail.example.net.        A    127.0.0.1
1.0.0.127.in-addr.arpa.  PTR  mail.example.net.
levels.example.net.      MX   10 mail.example.net.
                         TXT  "v=spf1 include:one.example.net -all"
one.example.net.         TXT  "v=spf1 include:two.example.net -all"
two.example.net.         TXT  "v=spf1 ip4:127.0.0.0/8 -all"
forged.example.          MX   10 mail.forged.example.
                         TXT  "v=spf1 -all"
broken.example.          MX   10 mail.broken.example.
`

func TestConversations(t *testing.T) {
	for _, tc := range conversations {
		for _, pipelined := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/pipelined=%t", tc.name, pipelined), func(t *testing.T) {
				s := newTestServer(t)
				client, err := net.Dial("tcp", s.start(t))
				if err != nil {
					t.Fatal(err)
				}
				play(t, client, tc.script, pipelined)
				messages := s.stored(t)
				if (len(messages) == 1) != (tc.stored != nil) || len(messages) > 1 {
					t.Fatalf("stored %d messages: %q", len(messages), messages)
				}
				for _, want := range tc.stored {
					if !strings.Contains(messages[0], want) {
						t.Errorf("stored %q without %q", messages[0], want)
					}
				}
			})
		}
	}
}

// play plays a script and then QUIT, unless the script ends with a 421. The server must
// close the connection after it.
func play(t *testing.T, client net.Conn, script string, pipelined bool) {
	t.Helper()
	defer client.Close()
	escapes := strings.NewReplacer("\\c\r\n", "", `\\`, `\`, `\n`, "\n", `\r`, "\r", `\0`, "\x00")
	replies := bufio.NewScanner(client)
	read := func(want string) {
		if !replies.Scan() || !strings.HasPrefix(replies.Text(), want) {
			t.Fatalf("the server says %q, want %q", replies.Text(), want)
		}
	}
	if !strings.Contains(script, "S: 421") {
		script += say("QUIT", "221 2.0.0")
	}
	var commands, answers []string
	for line := range strings.SplitSeq(strings.Trim(script, "\n"), "\n") {
		side, text, _ := strings.Cut(line, ":")
		text = strings.TrimPrefix(text, " ")
		switch {
		case side == "C" && pipelined:
			commands = append(commands, escapes.Replace(text+"\r\n"))
		case side == "C":
			fmt.Fprint(client, escapes.Replace(text+"\r\n"))
		case pipelined:
			answers = append(answers, text)
		default:
			read(text)
		}
	}
	go fmt.Fprint(client, strings.Join(commands, ""))
	for _, text := range answers {
		read(text)
	}
	if replies.Scan() {
		t.Errorf("after the script the server says %q", replies.Text())
	}
}

// newTestServer returns a server for example.org.
func newTestServer(t *testing.T) *server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "world.zone")
	if err := os.WriteFile(file, []byte(world), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := newServer("mx.example.org", []string{"example.org"}, file)
	if err != nil {
		t.Fatal(err)
	}
	s.judge.Resolver.(*zone.Zone).Failing("broken.example.", zone.SERVFAIL)
	s.judge.Report = func(_ context.Context, event verdict.Event) {
		t.Log(event.Stage, event.Reply.Status, event.Verdict.Explain(), event.Err)
	}
	s.folder, s.size = t.TempDir(), 1000
	return s
}

// start starts the server, and returns its address.
func (s *server) start(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// stored returns the messages in the folder, which must have no other file.
func (s *server) stored(t *testing.T) (messages []string) {
	t.Helper()
	files, err := os.ReadDir(s.folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(s.folder, file.Name()))
		if err != nil || filepath.Ext(file.Name()) != ".eml" {
			t.Errorf("%s: %v", file.Name(), err)
		}
		messages = append(messages, string(text))
	}
	return messages
}

// The clock of synctest shows timeouts without waiting.
func TestEndsOfConversations(t *testing.T) {
	message := opening + from("") + to("postmaster@example.org") + say("DATA", "354") + "C: From: ann@example.net\n"
	for _, tc := range []struct {
		name, script string
		stop         string // when the server ends, if it does
		after        time.Duration
	}{
		{"a silent client", "S: 220\nS: 421 4.4.2", "", commandTimeout},
		{"a client that is silent within a message", message + "S: 421 4.3.0", "", messageTimeout},
		{"the end of the server while it waits", opening + "S: 421 4.3.2", "later", time.Second},
		{"the end of the server while it answers", opening + "S: 421 4.3.2", "at EHLO", 0},
		{"the end of the server within a message", message + "S: 421 4.3.2", "later", time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newTestServer(t)
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				switch tc.stop {
				case "later":
					time.AfterFunc(time.Second, cancel)
				case "at EHLO":
					s.judge.Report = func(_ context.Context, event verdict.Event) {
						if event.Stage == envelope.Helo {
							cancel()
							synctest.Wait()
						}
					}
				}
				began := time.Now()
				play(t, s.pipe(ctx), tc.script, false)
				if after := time.Since(began); after != tc.after {
					t.Errorf("it ended after %v, want %v", after, tc.after)
				}
			})
			if messages := s.stored(t); len(messages) > 0 {
				t.Errorf("stored %q", messages)
			}
		})
	}
}

// The questions about the client, the sender and SPF are independent, so that the whole
// conversation waits for as many as SPF has in a row.
func TestWaitsForDNS(t *testing.T) {
	for _, tc := range []struct {
		sender string
		rounds time.Duration
	}{
		{"ann@example.net", 2},        // TXT and A
		{"ann@levels.example.net", 3}, // includes
	} {
		for _, pipelined := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/pipelined=%t", tc.sender, pipelined), func(t *testing.T) {
				s := newTestServer(t)
				s.judge.Resolver.(*zone.Zone).Delaying("*.", 20*time.Millisecond)
				synctest.Test(t, func(t *testing.T) {
					began := time.Now()
					play(t, s.pipe(t.Context()), opening+transaction(tc.sender)+letter+say(".", ok), pipelined)
					if waited := time.Since(began); waited != tc.rounds*20*time.Millisecond {
						t.Errorf("the client waited for DNS %v, want %d questions in a row", waited, tc.rounds)
					}
				})
			})
		}
	}
}

// pipe begins a conversation, and returns the connection of the client.
func (s *server) pipe(ctx context.Context) net.Conn {
	ours, theirs := net.Pipe()
	go s.converse(ctx, loopback{ours})
	return theirs
}

// loopback is a connection of a client at 127.0.0.1.
type loopback struct{ net.Conn }

func (loopback) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 25} }

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}
