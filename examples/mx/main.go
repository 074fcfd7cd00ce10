// Command mx is a mail server that receives: go-smtp speaks SMTP, a policy says
// which mail is taken, and what is taken goes to maildirs.
//
//	mx -demo
//	mx -listen :25 -hostname mx.example.org -our-nets 192.0.2.0/24 \
//	   -mailboxes alice@example.org,bob@example.org -maildir /srv/mail
//
// It shows how the pieces of a server come together around a
// [mxrules.example/verdict/gosmtp.Guard], and is short enough to be read: no TLS,
// no login, no queue. It delivers to its own mailboxes only, so that even clients
// in its own networks can't send mail on through it.
//
//   - The policy is Standard of [mxrules.example/examples/policies], or Strict
//     with -policy strict.
//   - DNS is asked through [mxrules.example/envelope/resolver], which has a cache:
//     the servers of the system, or those of -dns.
//   - Strangers for whom nothing speaks are asked to come back after
//     -greylist-delay, five minutes. Whoever is known is remembered in one file
//     beside the maildirs, which survives a crash; several machines share a Redis
//     server, with -greylist redis://192.0.2.1:6379 and a copy of the file of
//     -greylist-secret on each. A sender is known by his domain, if SPF or the
//     reverse name proves it, so that he may come back from another machine.
//   - DMARC says whether the domain in From stands behind a message. What its
//     owner asks to quarantine or to reject is only marked: forwarders and mailing
//     lists break SPF and DKIM of honest mail. With -dmarc reject it is rejected
//     where he asks for that.
//   - Every message is delivered with what was found, in the fields
//     Authentication-Results and Received-SPF under the name of -hostname, and
//     without any that are forged in that name. Marked messages go to the folder
//     .Junk of a maildir.
//
// With -demo it starts on a loopback port, talks to itself in the roles of good
// and bad clients, prints what was said and why, and the header of what was
// delivered, and exits with 0 if each got the reply that it deserves. Nobody
// waits there: who comes back later does so by a clock of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long conversations may go on after the signal to stop.
const grace = 30 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command, until the end of ctx. It returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, o.help())
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "mx: %s\nmx -help says what can be given\n", err)
		return 2
	case o.demo:
		err = demo(ctx, stdout, conversations)
	default:
		err = serve(ctx, o, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "mx: %s\n", err)
		return 1
	}
	return 0
}

// serve runs a server until ctx ends, and lets its conversations come to an end
// then.
func serve(ctx context.Context, o options, logs io.Writer) error {
	o.site.log = slog.New(slog.NewJSONHandler(logs, nil))
	if dns, ok := o.site.resolver.(io.Closer); ok { // a zone has nothing to close
		defer dns.Close()
	}
	var err error
	if o.site.lists, err = trusted(ctx, o.site.resolver, o.site.lists, o.site.log); err != nil {
		return err
	}
	if err := os.MkdirAll(o.site.maildir, 0o700); err != nil {
		return err
	}
	known, closeStore, err := o.greylist.open(o.site.maildir, o.site.log)
	if err != nil {
		return err
	}
	defer closeStore() // what it has answered is stored already
	o.site.greylist = known
	server, err := newServer(o.site)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return err
	}
	o.site.log.Info("listening", "address", listener.Addr().String())

	served := make(chan error, 1)
	go func() { served <- server.serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	o.site.log.Info("stopping")
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err = server.shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		// A client that is cut off before its reply comes again.
		o.site.log.Warn("conversations were cut off")
		return nil
	}
	return err
}
