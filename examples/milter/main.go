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

	"mxrules.example/examples/internal/site"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil))) // warnings of package milter go there
	os.Exit(run(ctx, os.Args[1:], os.Stderr, nil))
}

// run runs the command until ctx ends, and returns its exit status. It calls ready, if
// not nil, with the address when it accepts connections.
func run(ctx context.Context, args []string, out io.Writer, ready func(net.Addr)) int {
	o, err := parseOptions(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		io.WriteString(out, o.help())
		return 0
	case err != nil:
		fmt.Fprintf(out, "milter: %v\n", err)
		return 2
	}
	if err := o.run(ctx, slog.New(slog.NewJSONHandler(out, nil)), ready); err != nil {
		fmt.Fprintf(out, "milter: %v\n", err)
		return 1
	}
	return 0
}

// timeout bounds a judgement: Postfix waits 30 seconds for the response to a command
// (milter_command_timeout).
const timeout = 20 * time.Second

func (o *options) run(ctx context.Context, log *slog.Logger, ready func(net.Addr)) (err error) {
	here, err := o.site.Open(func(err error) { log.Error("mailboxes", "error", err.Error()) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, here.Close()) }()
	if err := site.KnowsMarks(here.Policy, o.hold...); err != nil {
		return fmt.Errorf("-quarantine: %w", err)
	}
	here.Policy.Timeout = timeout
	s := &server{
		connection: verdict.Connection{Policy: here.Policy, Resolver: here.Resolver},
		hold:       o.hold, size: o.size, log: log, now: time.Now,
	}
	if s.stamp, err = headers.For(o.hostname); err != nil {
		return fmt.Errorf("-hostname: %w", err)
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
