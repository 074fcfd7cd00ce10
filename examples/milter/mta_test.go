package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/d--j/go-milter"
)

// pipes is a listener in memory, so that synctest controls the time of its connections.
type pipes chan net.Conn

func newPipes() pipes { return make(pipes) }

// Accept implements [net.Listener].
func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

// Close implements [net.Listener]. It may be called once.
func (p pipes) Close() error { close(p); return nil }

// Addr implements [net.Listener].
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// Dial implements [milter.Dialer].
func (p pipes) Dial(string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p <- theirs
	return ours, nil
}

// mta is an MTA with one connection to the milter.
type mta struct {
	*milter.ClientSession
	t      testing.TB
	macros *milter.MacroBag
}

// connect connects an MTA to the milter for a client that says HELO.
func (p pipes) connect(t testing.TB, client string, options ...milter.Option) *mta {
	t.Helper()
	m := &mta{t: t, macros: milter.NewMacroBag()}
	var err error
	options = append(options, milter.WithDialer(p))
	if m.ClientSession, err = milter.NewClient("", "", options...).Session(m.macros); err != nil {
		t.Fatal(err)
	}
	m.want("", must(m.Conn("[unknown]", milter.FamilyInet, 25, client)))
	m.want("", must(m.Helo("mail.example.net")))
	return m
}

// want compares the reply of an action, which is "" if the MTA goes on.
func (m *mta) want(reply string, a *milter.Action) {
	m.t.Helper()
	if got := a.SMTPReply; a.Type != milter.ActionContinue && a.Type != milter.ActionAccept && !strings.HasPrefix(got, reply) ||
		a.StopProcessing() != (reply != "") {
		m.t.Errorf("got %v, want the reply %q", a, reply)
	}
}

// begin begins a transaction.
func (m *mta) begin(sender string, recipients ...string) {
	m.t.Helper()
	m.want("", must(m.Mail(sender, "")))
	for _, to := range recipients {
		m.want("", must(m.Rcpt(to, "")))
	}
	m.want("", must(m.DataStart()))
}

// end sends a message, whose fields have LF between their lines, and returns what is to be
// changed.
func (m *mta) end(reply string, fields []string, chunks ...string) []milter.ModifyAction {
	m.t.Helper()
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ":")
		m.want("", must(m.HeaderField(name, value, nil)))
	}
	m.want("", must(m.HeaderEnd()))
	m.want("", must(m.BodyChunk(nil)))
	for _, chunk := range chunks {
		m.want("", must(m.BodyChunk([]byte(chunk))))
	}
	changes, action, err := m.End()
	if err != nil {
		m.t.Fatal(err)
	}
	m.want(reply, action)
	return changes
}

// wellFormed are the fields of a message without violations.
var wellFormed = []string{"From: ann@example.net", "Date: Thu, 01 Jan 2026 12:00:00 +0000", "Message-ID: <1@example.net>"}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// start serves pipes until stop, and at the latest until the end of the test.
func (s *server) start(t testing.TB) (p pipes, stop func()) {
	t.Helper()
	p = newPipes()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.serve(ctx, p) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return p, stop
}

// logbook is the log of a server.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements [io.Writer].
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// entry is a line of the log.
type entry struct {
	Queue string
	Event struct {
		Stage string
		Reply string
	}
	Envelope struct {
		IP string `json:"client_ip"`
	}
	Size int `json:"message_size"`
}

// keepLog has the server write its log into a book.
func (s *server) keepLog() *logbook {
	book := new(logbook)
	s.log = slog.New(slog.NewJSONHandler(book, nil))
	return book
}

// at returns the lines about a stage.
func (l *logbook) at(t testing.TB, stage string) (lines []entry) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for text := range strings.Lines(l.text.String()) {
		var line entry
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.Event.Stage == stage {
			lines = append(lines, line)
		}
	}
	return lines
}
