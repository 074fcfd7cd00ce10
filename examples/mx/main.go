// Command mx is a mail server that receives mail for a few mailboxes: go-smtp speaks
// SMTP, a policy decides which mail to accept, and maildirs store it.
//
//	mx -demo
//	mx -listen :25 -hostname mx.example.org -our-nets 192.0.2.0/24 \
//	   -mailboxes alice@example.org,bob@example.org -maildir /srv/mail
//
// It shows how a server uses [mxrules.example/verdict/gosmtp.Guard]. To stay short, it
// has no TLS, no login, no queue and no PROXY protocol (see package gosmtp). It
// does not relay, even for clients in its own networks.
//
//   - The policy is Standard of [mxrules.example/examples/policies], or the one that
//     -policy names. -mailing-lists and -forwarders name the domains whose mail need
//     not pass DMARC. The file of -choices has what owners of mailboxes want: no
//     greylisting, or only authenticated mail.
//   - The DNS resolver is [mxrules.example/envelope/resolver], which has a cache. It
//     uses the servers of the system, or those of -dns.
//   - Mail from a client with a generic name is greylisted, with -policy strict mail
//     without an SPF pass. The store is a file beside
//     the maildirs, which survives a crash. Several machines share a Redis server,
//     with -greylist redis://192.0.2.1:6379 and a copy of the file of
//     -greylist-secret. A sender is identified by its domain, if SPF or the reverse
//     name proves it, so that a retry may come from another machine.
//   - Mail that another server of the site relays, such as a filter or a backup MX, is
//     judged about the client that sent it there, with -gateways and -gateway-names.
//   - Each message is delivered with the fields Authentication-Results and
//     Received-SPF in the name of -hostname, and without forged fields in that name.
//     Marked messages go to the folder .Junk of a maildir.
//   - With -web, a refusal links to a page that explains it, of package
//     [mxrules.example/examples/postmaster], which also has the rules in words and a form
//     that tests a server. A proxy before the pages adds TLS; name its network with
//     -web-proxies, so that the form knows the address of the visitor.
//   - The log is JSON. Each refusal and each delivered message has a line with the
//     reply, the verdict, and the envelope in the form that examples/judge reads.
//
// With -demo it starts on a loopback port, plays conversations with itself, and prints
// them with the verdicts and the headers of the delivered messages. It exits with 0 if
// each conversation has the expected reply. Retries use a clock of their own, so the
// demonstration does not wait. Signatures are those of go-msgauth, with a key that
// everyone knows. Logins are pretended.
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

// grace bounds how long a conversation may last after the signal to stop.
const grace = 30 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs the command until ctx ends, and returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, o.help())
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "mx: %s\nRun mx -help for usage.\n", err)
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

// serve runs a server until ctx ends, and then waits until its conversations end.
func serve(ctx context.Context, o options, logs io.Writer) error {
	o.site.log = slog.New(slog.NewJSONHandler(logs, nil))
	if dns, ok := o.site.resolver.(io.Closer); ok { // a zone has nothing to close
		defer dns.Close()
	}
	var err error
	if o.site.lists, err = trusted(ctx, o.site.resolver, o.site.lists, o.site.log); err != nil {
		return err
	}
	if o.choices != "" {
		if o.site.choices, err = newChoices(o.choices, o.site.log); err != nil {
			return fmt.Errorf("-choices: %w", err)
		}
	}
	if err := os.MkdirAll(o.site.maildir, 0o700); err != nil {
		return err
	}
	known, closeStore, err := o.greylist.open(o.site.maildir, o.site.log)
	if err != nil {
		return err
	}
	defer closeStore() // its answers are stored already
	o.site.greylist = known
	links, err := o.web.links(o.site.maildir)
	if err != nil {
		return err
	}
	if links != nil {
		o.site.link = links.Of
	}
	server, err := newServer(o.site)
	if err != nil {
		return err
	}
	if links != nil {
		address, err := o.web.serve(ctx, o.site, server, links)
		if err != nil {
			return err
		}
		o.site.log.Info("serving pages", "address", address.String())
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
		// A client without a reply tries again.
		o.site.log.Warn("conversations were cut off")
		return nil
	}
	return err
}
