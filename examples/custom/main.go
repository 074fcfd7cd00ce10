// Command custom is a mail server without an SMTP package: a [verdict.Session] judges
// the commands that it reads from a [net.Conn], and [envelope.NewDataReader] reads the
// messages. Accepted messages are stored in a folder, one file each.
//
//	custom -listen :25 -hostname mx.example.org -domains example.org,example.net -folder /srv/mail
//
// It is an example of how to add the library to a server that speaks SMTP itself. Read
// conversation.go first: it is the whole server side of SMTP. command.go reads and
// parses the commands, and this file has the policy and the listener.
//
// It has the commands that RFC 5321, section 4.5.1 requires, and the extensions
// PIPELINING (RFC 2920), SIZE (RFC 1870), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531) and
// ENHANCEDSTATUSCODES (RFC 2034). To stay short it has no STARTTLS, no AUTH, no
// CHUNKING and no queue: it does not relay. It does not add a Received field.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// policyFor returns the policy for a server of these domains. Mail to postmaster and
// other role addresses is accepted from every client, so that a rejected sender can ask
// for help.
func policyFor(domains []string) (verdict.Policy, error) {
	policy := verdict.Policy{Timeout: 30 * time.Second, Rules: verdict.Rules{
		verdict.RejectUnless(sender.Syntax),
		verdict.RejectUnless(recipient.Syntax),
		verdict.RejectUnless(recipient.Ours(domains...)),
		verdict.AcceptIf(recipient.Role(domains)),
		verdict.RejectUnless(helo.FQDN),
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(spf.NotFail),
		verdict.RejectUnless(message.WellFormed),
	}}
	return policy, policy.Validate()
}

func main() {
	listen := flag.String("listen", "127.0.0.1:2525", "`address` to listen on")
	hostname := flag.String("hostname", "mx.example.org", "`name` of this server")
	domains := flag.String("domains", "example.org", "`domains` to accept mail for, separated by commas")
	zoneFile := flag.String("zone", "", "`file` with DNS records to use instead of DNS")
	folder := flag.String("folder", "mail", "`folder` for accepted messages")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := newServer(*hostname, strings.Split(*domains, ","), *zoneFile)
	if err == nil {
		s.folder = *folder
		err = s.listen(ctx, *listen)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "custom:", err)
		os.Exit(1)
	}
}

// server is what all conversations share.
type server struct {
	hostname string
	folder   string // for accepted messages
	size     int64  // of the largest message, in octets
	stamp    *headers.Stamp
	judge    verdict.Connection
}

// newServer returns a server without a folder.
func newServer(hostname string, domains []string, zoneFile string) (*server, error) {
	stamp, err := headers.For(hostname)
	if err != nil {
		return nil, err
	}
	policy, err := policyFor(domains)
	if err != nil {
		return nil, err
	}
	dns, err := newResolver(zoneFile)
	if err != nil {
		return nil, err
	}
	return &server{
		hostname: hostname,
		size:     25 << 20,
		stamp:    stamp,
		judge:    verdict.Connection{Policy: policy, Resolver: dns, Report: report},
	}, nil
}

// newResolver returns the records of a zone file, or the resolver of the system if
// there is no file.
func newResolver(zoneFile string) (envelope.Resolver, error) {
	if zoneFile == "" {
		return resolver.New(resolver.Config{})
	}
	text, err := os.ReadFile(zoneFile)
	if err != nil {
		return nil, err
	}
	dns, err := zone.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", zoneFile, err)
	}
	return dns, nil
}

// report logs each reply of a session.
func report(ctx context.Context, event verdict.Event) {
	slog.InfoContext(ctx, "reply", "stage", event.Stage, "reply", event.Reply.Status, "verdict", event.Verdict, "error", event.Err)
}

// maxConversations bounds the conversations at one time. More clients wait.
const maxConversations = 200

// listen serves an address until ctx ends.
func (s *server) listen(ctx context.Context, address string) error {
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	slog.Info("listening", "address", listener.Addr().String())
	return s.serve(ctx, listener)
}

// serve accepts connections until ctx ends, and returns when all conversations have
// ended.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	slots := make(chan struct{}, maxConversations)
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil && err == nil:
			return conn.Close()
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			s.converse(ctx, conn)
		})
	}
}
