// Command policyd is a policy server for Postfix: smtpd asks it about each recipient, and
// it answers by a policy of package policies.
//
//	policyd -listen 127.0.0.1:10040 -our-domains example.org -our-nets 192.0.2.0/24
//	policyd -listen unix:/var/spool/postfix/private/mxrules -policy strict ...
//
// It speaks the protocol of SMTPD_POLICY_README. Postfix asks with
//
//	smtpd_recipient_restrictions =
//	    reject_unauth_destination,
//	    check_policy_service { inet:127.0.0.1:10040, default_action=DUNNO }
//
// The README has the whole of it.
//
//   - The envelope has client_address, helo_name, sender, recipient, sasl_username, and
//     encryption_protocol. Use it in smtpd_recipient_restrictions, where all of these are
//     known; with smtpd_delay_reject, the default, that is also where the other
//     restrictions are evaluated.
//   - The message is not known to a policy server, so that a rule that depends on it does
//     nothing, also one that the message could satisfy. A verdict at RCPT is therefore
//     final, and greylisting learns there. Use examples/milter for rules about messages.
//   - A refusal has the code and the text of the verdict. An accepted recipient gets
//     DUNNO, so that the next restriction of Postfix decides; with -hostname the first
//     one of a message adds Authentication-Results with the results for SPF and the
//     reverse name. With -mark, a mark becomes an action, such as
//     -mark 'generic=HOLD generic client' or -mark 'generic=FILTER scan:[127.0.0.1]:10025'.
//   - The log is JSON, with a line for each recipient. Its envelope is in the form that
//     examples/judge reads, so that judge explains the verdict.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"mxrules.example/examples/internal/site"
	"mxrules.example/verdict/headers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if os.Getenv("GOGC") == "" {
		collectSeldom()
	}
	os.Exit(run(ctx, os.Args[1:], os.Stderr, nil))
}

// collectSeldom has garbage collected when the heap is five times as large as what is in
// use, not twice, and returns the setting before. A policy server uses a few megabytes. A
// collection looks through the stacks of all connections, and returns what of them is
// not in use, so that each grows again with its next request: by default that takes a
// quarter of the time of all requests.
func collectSeldom() (before int) { return debug.SetGCPercent(400) }

// run runs the command until ctx ends, and returns its exit status. It calls ready, if
// not nil, with the address when it accepts connections.
func run(ctx context.Context, args []string, out io.Writer, ready func(net.Addr)) int {
	o, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		io.WriteString(out, o.help())
		return 0
	case err != nil:
		fmt.Fprintf(out, "policyd: %v\n", err)
		return 2
	}
	if err := o.run(ctx, slog.New(slog.NewJSONHandler(out, nil)), ready); err != nil {
		fmt.Fprintf(out, "policyd: %v\n", err)
		return 1
	}
	return 0
}

func (o *options) run(ctx context.Context, log *slog.Logger, ready func(net.Addr)) (err error) {
	opened, err := o.site.Open(func(err error) { log.Error("mailboxes", "error", err.Error()) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	// A rule about the message may stay for what its conditions report, and sets no mark.
	if err := site.KnowsMarks(withoutMessage(opened.Policy, false), slices.Sorted(maps.Keys(o.marks))...); err != nil {
		return fmt.Errorf("-mark: %w", err)
	}
	s := &server{actions: actions{marks: o.marks}, log: log, now: time.Now, resolver: opened.Resolver, policy: withoutMessage(opened.Policy, o.hostname != "")}
	if o.hostname != "" {
		if s.actions.stamp, err = headers.For(o.hostname); err != nil {
			return fmt.Errorf("-hostname: %w", err)
		}
	}
	listener, err := site.Listen(o.listen)
	if err != nil {
		return err
	}
	log.Info("listening", "address", listener.Addr().String())
	if ready != nil {
		ready(listener.Addr())
	}
	return s.serve(ctx, listener)
}
