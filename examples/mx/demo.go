package main

import (
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/greylist/identity"
	"mxrules.example/greylist/quota"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
)

//go:embed demo.zone
var demoZone string

// stage is what the servers of the demonstration share.
type stage struct {
	maildir string
	known   envelope.Check // of greylisting
	quota   envelope.Check // of a login
	began   time.Time      // the time of the first conversation
	zone    string         // the DNS
	link    func(verdict.Verdict, *envelope.Envelope) string
	out     io.Writer
}

// newStage returns a stage with empty stores, and with an empty folder for the maildirs.
func newStage(maildir string, out io.Writer) stage {
	return stage{
		maildir: maildir,
		known:   greylist.Known(new(greylist.Memory), greylist.Options{Identity: identity.Of}),
		quota:   quota.Within(new(greylist.Memory), quota.Key{Of: quota.Login}, 1, 24*time.Hour),
		began:   time.Now(), // signatures are dated too
		zone:    demoZone,
		out:     out,
	}
}

// demo plays conversations, each over TCP with a new server, and prints them. The error
// has the number of conversations with an unexpected end.
func demo(ctx context.Context, out io.Writer, conversations []conversation) error {
	maildir, err := os.MkdirTemp("", "mx-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(maildir)

	s := newStage(maildir, out)
	differing := 0
	for i, c := range conversations {
		fmt.Fprintf(out, "%d. %s\n\n", i+1, c.title)
		got, err := s.play(ctx, c)
		if err != nil {
			return fmt.Errorf("conversation %d: %w", i+1, err)
		}
		if got != c.want {
			differing++
			fmt.Fprintf(out, "   Unexpected: it ended with %q, want %q.\n", got, c.want)
		}
		fmt.Fprintln(out)
	}
	if differing > 0 {
		return fmt.Errorf("%d of %d conversations ended unexpectedly", differing, len(conversations))
	}
	fmt.Fprintf(out, "All %d conversations ended as expected.\n", len(conversations))
	for _, folder := range []string{"new", junk + "/new"} {
		messages, err := os.ReadDir(filepath.Join(maildir, "alice@example.org", folder))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Messages in Alice's folder %s: %d\n", folder, len(messages))
	}
	return nil
}

// play plays one conversation with a new server, and returns its end in the form of
// conversation.want.
func (s stage) play(ctx context.Context, c conversation) (ended string, err error) {
	dns := zone.MustParse(s.zone)
	if c.outage != "" {
		dns.Failing(c.outage, zone.SERVFAIL)
	}
	before, err := delivered(s.maildir)
	if err != nil {
		return "", err
	}
	var last verdict.Verdict
	server, err := newServer(site{
		hostname:     "mx.example.org",
		mailboxes:    []envelope.Mailbox{{Local: "alice", Domain: "example.org"}},
		maildir:      s.maildir,
		networks:     []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		blocked:      []netip.Prefix{netip.MustParsePrefix("203.0.113.128/25")},
		choose:       c.policy,
		lists:        []dnsbl.List{{Zone: "list.example"}},
		greylist:     s.known,
		quota:        s.quota,
		owners:       ownAddress,
		mailingLists: []string{"lists.example"},
		bannerDelay:  c.bannerDelay,
		resolver:     dns,
		link:         s.link,
		log:          slog.New(slog.DiscardHandler),
		pretend: func(_ net.Conn, e *envelope.Envelope) {
			e.ClientIP, e.Now = netip.MustParseAddr(c.client), s.began.Add(c.later)
			if e.Login = c.login; c.login != "" {
				e.TLS = &tls.ConnectionState{HandshakeComplete: true}
			}
		},
		told: func(event verdict.Event) { last = event.Verdict },
	})
	if err != nil {
		return "", err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	served := make(chan error, 1)
	go func() { served <- server.serve(listener) }()
	fmt.Fprintf(s.out, "   (a connection from %s)\n", c.client)
	ended, err = c.speak(ctx, listener.Addr().String(), s.out)
	// After the shutdown no goroutine of the server writes last.
	if err := errors.Join(err, server.shutdown(ctx), <-served); err != nil {
		return "", err
	}
	printWhy(s.out, last)
	return ended, s.showNew(before)
}

// ownAddress is a directory.Owners: each user owns the address with the name of the login.
func ownAddress(_ context.Context, m envelope.Mailbox) ([]string, error) {
	return []string{m.Local}, nil
}

// showNew prints the header of each delivered message that is not in before.
func (s stage) showNew(before []string) error {
	now, err := delivered(s.maildir)
	for _, file := range now {
		if slices.Contains(before, file) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fmt.Fprint(s.out, "\n   Delivered with this header:\n")
		header := envelope.NewMessage(text).Header()
		for line := range strings.Lines(strings.TrimRight(string(header), "\r\n")) {
			fmt.Fprintf(s.out, "     %s\n", strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "  "))
		}
	}
	return err
}

// delivered returns the files of all delivered messages.
func delivered(maildir string) ([]string, error) {
	inboxes, err := filepath.Glob(filepath.Join(maildir, "*", "new", "*"))
	if err != nil {
		return nil, err
	}
	marked, err := filepath.Glob(filepath.Join(maildir, "*", junk, "new", "*"))
	return append(inboxes, marked...), err
}

// printWhy prints a verdict and its trace.
func printWhy(out io.Writer, v verdict.Verdict) {
	fmt.Fprintf(out, "\n   Why: %v\n%v", v, v.Trace)
}
