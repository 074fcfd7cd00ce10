package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// idle is how long a connection may be idle. Postfix closes it after five minutes
// (smtpd_policy_service_max_idle).
const idle = 15 * time.Minute

// server answers the policy clients of Postfix.
type server struct {
	policy   verdict.Policy
	resolver envelope.Resolver
	actions  actions
	log      *slog.Logger
	now      func() time.Time

	running sync.WaitGroup
}

// serve accepts connections until ctx ends, and waits for those that are open. One that
// waits for a request is closed, one that is being answered gets its answer.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	defer s.running.Wait()
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return err
		}
		s.running.Go(func() {
			if err := s.converse(ctx, conn); err != nil {
				s.log.Warn("connection", "error", envelope.Excerpt(err.Error()))
			}
		})
	}
}

// converse answers the requests of a connection, which a process of Postfix keeps for the
// clients that it serves one after another.
func (s *server) converse(ctx context.Context, conn net.Conn) error {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Now()) })()
	in := bufio.NewReaderSize(conn, maxLine)
	var mail transaction
	for ctx.Err() == nil {
		conn.SetReadDeadline(time.Now().Add(idle))
		if ctx.Err() != nil {
			return nil
		}
		r, err := readRequest(in)
		var timeout net.Error
		switch {
		case errors.Is(err, io.EOF) || errors.As(err, &timeout) && timeout.Timeout():
			return nil
		case err != nil:
			return err
		}
		// An answer that has begun is given, though the server stops.
		action := s.answer(context.WithoutCancel(ctx), r, &mail)
		conn.SetWriteDeadline(time.Now().Add(time.Minute))
		if _, err := io.WriteString(conn, "action="+action+"\n\n"); err != nil {
			return err
		}
	}
	return nil
}

// transaction is the message that a connection asks about. Postfix names it with the
// attribute instance, and asks once for each recipient.
type transaction struct {
	instance   string
	recipients int // that were let through
}

// answer returns the action for a request.
func (s *server) answer(ctx context.Context, r *request, mail *transaction) string {
	stage, ok := r.stage()
	if !ok {
		return dunno
	}
	if r.instance != mail.instance {
		*mail = transaction{instance: r.instance}
	}
	e := r.envelope(stage, mail.recipients)
	e.Now = s.now()
	v := s.policy.Judge(ctx, s.resolver, e)
	if stage == envelope.Whole {
		s.log.LogAttrs(ctx, slog.LevelInfo, "recipient", slog.String("queue_id", envelope.Excerpt(r.queueID)), slog.Any("verdict", v), slog.Any("envelope", e))
	}
	action := s.actions.of(e, v)
	if stage == envelope.Whole && v.Action == verdict.Accept {
		mail.recipients++
	}
	return action
}
