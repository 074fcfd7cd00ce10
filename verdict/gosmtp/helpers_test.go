package gosmtp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

// backend is a backend that writes down what it is told, and does what its
// functions say, if it has them.
type backend struct {
	newSession func(c *smtp.Conn) error
	mail       func(from string) error
	rcpt       func(to string) error
	data       func(body []byte) error
	logout     func() error
	login      string

	mu     sync.Mutex
	events []string
	bodies []string
}

func (b *backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	if b.newSession != nil {
		if err := b.newSession(c); err != nil {
			return nil, err
		}
	}
	b.note("session")
	return &mailSession{b}, nil
}

func (b *backend) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, fmt.Sprintf(format, args...))
}

// told returns what the backend was told, without resets and the like.
func (b *backend) told() []string {
	return slices.DeleteFunc(b.all(), func(event string) bool {
		return event == "session" || event == "reset" || event == "logout"
	})
}

func (b *backend) all() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.events)
}

func (b *backend) messages() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.bodies)
}

func (b *backend) receive(r io.Reader) error {
	body, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	b.note("data")
	b.mu.Lock()
	b.bodies = append(b.bodies, string(body))
	b.mu.Unlock()
	if b.data != nil {
		return b.data(body)
	}
	return nil
}

type mailSession struct{ *backend }

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if s.mail != nil {
		if err := s.mail(from); err != nil {
			return err
		}
	}
	s.note("mail %s", from)
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.rcpt != nil {
		if err := s.rcpt(to); err != nil {
			return err
		}
	}
	s.note("rcpt %s", to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error { return s.receive(r) }
func (s *mailSession) Reset()                 { s.note("reset") }
func (s *mailSession) Login() string          { return s.login }

func (s *mailSession) Logout() error {
	s.note("logout")
	if s.backend.logout != nil {
		return s.backend.logout()
	}
	return nil
}

func (s *mailSession) Verdict(to string, v verdict.Verdict) {
	s.note("verdict %s %s %s", to, v.Action, strings.Join(v.Marks, ","))
}

// logbook is the ErrorLog of a server.
type logbook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logbook) Printf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(&l.text, format+"\n", args...)
}
func (l *logbook) Println(args ...any) { l.Printf("%s", fmt.Sprintln(args...)) }

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// site is a running server.
type site struct {
	*smtp.Server
	addr string
	log  *logbook
}

// serve runs a server behind a guard, with its listener, until the test ends.
func serve(t *testing.T, g *gosmtp.Guard, b smtp.Backend, settings ...func(*smtp.Server)) *site {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, g.Listener(l), g, b, settings...)
}

// serveOn is serve with a listener of the test's own.
func serveOn(t *testing.T, l net.Listener, g *gosmtp.Guard, b smtp.Backend, settings ...func(*smtp.Server)) *site {
	t.Helper()
	s := &site{Server: smtp.NewServer(g.Backend(b)), addr: l.Addr().String(), log: &logbook{}}
	s.Domain = "mx.example.org"
	s.ErrorLog = s.log
	for _, set := range settings {
		set(s.Server)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// finish waits until all connections have come to their end by themselves.
func (s *site) finish(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Fatalf("Shutdown: %v", err)
	}
}

// peer is the other end of a connection.
type peer struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func (s *site) dial(t *testing.T) *peer {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	return newClient(t, conn)
}

func newClient(t *testing.T, conn net.Conn) *peer {
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute)) // a test that hangs shall say where
	return &peer{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// play plays a dialogue, a line for each line of text. "C:" is sent, "S:" is
// what the server must say, up to "..." if that stands at the end; "S: closed"
// is the end of the connection.
func (c *peer) play(dialogue string) *peer {
	c.t.Helper()
	for line := range strings.SplitSeq(strings.TrimSpace(dialogue), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		who, text, _ := strings.Cut(line, ":")
		switch text = strings.TrimPrefix(text, " "); who {
		case "C":
			c.send(text + "\r\n")
		case "S":
			c.expect(text)
		default:
			c.t.Fatalf("%q is no line of a dialogue", line)
		}
	}
	return c
}

func (c *peer) send(text string) *peer {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, text); err != nil {
		c.t.Fatalf("sending %q: %v", text, err)
	}
	return c
}

func (c *peer) expect(want string) {
	c.t.Helper()
	got, err := c.in.ReadString('\n')
	if want == "closed" {
		if got != "" || !errors.Is(err, io.EOF) {
			c.t.Fatalf("got %q, %v, want the connection closed", got, err)
		}
		c.conn.Close()
		return
	}
	if err != nil {
		c.t.Fatalf("got %q, %v, want %q", got, err, want)
	}
	line, ok := strings.CutSuffix(got, "\r\n")
	prefix, open := strings.CutSuffix(want, "...")
	if !ok || line != want && !(open && strings.HasPrefix(line, prefix)) {
		c.t.Fatalf("got  %q\nwant %q", got, want)
	}
}

// talk opens a connection and plays a dialogue on it.
func (s *site) talk(t *testing.T, dialogue string) *peer {
	t.Helper()
	return s.dial(t).play(dialogue)
}

// hello begins a session.
const hello = `
	S: 220 mx.example.org ESMTP Service Ready
	C: HELO client.example.net
	S: 250 2.0.0 Hello client.example.net
`

// say is a command and its reply in a dialogue.
func say(command, reply string) string { return "C: " + command + "\nS: " + reply + "\n" }

// rcptTo begins a session and a transaction with these recipients.
func rcptTo(recipients ...string) string {
	dialogue := hello + say("MAIL FROM:<a@a.example>", "250 ...")
	for _, r := range recipients {
		dialogue += say("RCPT TO:<"+r+">", "250 ...")
	}
	return dialogue
}

// dataTo is rcptTo up to the message.
func dataTo(recipients ...string) string { return rcptTo(recipients...) + say("DATA", "354 ...") }

// toData is dataTo for one recipient.
var toData = dataTo("b@b.example")

var refused = envelope.Status{Code: 550, Subject: 7, Detail: 1}

// when makes a check that fails from a stage on if the envelope is bad.
func when(name string, stage envelope.Stage, bad func(e *envelope.Envelope) bool) envelope.Check {
	return envelope.At(name, stage, func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		if bad(e) {
			return envelope.Failed("", refused, "%s says no to %s", name, e.RcptTo)
		}
		return envelope.Passed("")
	})
}

func rejecting(name string, stage envelope.Stage, bad func(e *envelope.Envelope) bool) verdict.Rule {
	return verdict.RejectUnless(when(name, stage, bad))
}

func policyOf(rules ...verdict.Rule) verdict.Policy { return verdict.Policy{Rules: rules} }

func always(*envelope.Envelope) bool { return true }

func holds(text string) func(e *envelope.Envelope) bool {
	return func(e *envelope.Envelope) bool { return strings.Contains(string(e.Message.Header()), text) }
}

func to(local string) func(e *envelope.Envelope) bool {
	return func(e *envelope.Envelope) bool { return strings.HasPrefix(e.RcptTo, local+"@") }
}

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}
