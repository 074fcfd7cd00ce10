// Command mx is a mail server that receives: go-smtp speaks SMTP, a policy says
// which mail is taken, and what is taken goes to maildirs.
//
//	mx -demo
//	mx -listen :25 -hostname mx.example.org -our-nets 192.0.2.0/24 \
//	   -mailboxes alice@example.org,bob@example.org -maildir /srv/mail
//
// It runs the policy Standard of [mxrules.example/examples/policies], or Strict
// with -policy strict. It shows how the pieces of a server come together around
// a [mxrules.example/verdict/gosmtp.Guard], and is short enough to be read: no
// TLS, no login, no queue. It delivers to its own mailboxes only, so that even
// clients in its own networks can't send mail on through it. Marked messages go
// to the folder .Junk of a maildir; no header is added to any.
//
// With -demo it starts on a loopback port, talks to itself in the roles of good
// and bad clients, prints what was said and why, and exits with 0 if each got
// the reply that it deserves.
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
	var err error
	if o.site.lists, err = trusted(ctx, o.site.resolver, o.site.lists, o.site.log); err != nil {
		return err
	}
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
