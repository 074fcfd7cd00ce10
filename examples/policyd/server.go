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
	"mxrules.example/examples/internal/logged"
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
	reading, writing := deadline{set: conn.SetReadDeadline}, deadline{set: conn.SetWriteDeadline}
	answering := context.WithoutCancel(ctx) // an answer that has begun is given, though the server stops
	var mail transaction
	var out []byte
	for ctx.Err() == nil {
		reading.leave(idle)
		if ctx.Err() != nil {
			return nil
		}
		r, err := readRequest(in)
		switch {
		case errors.Is(err, io.EOF) || isTimeout(err):
			return nil
		case err != nil:
			return err
		}
		out = append(out[:0], "action="...)
		out = append(out, s.answer(answering, r, &mail)...)
		out = append(out, "\n\n"...)
		writing.leave(time.Minute)
		if _, err := conn.Write(out); err != nil {
			return err
		}
	}
	return nil
}

func isTimeout(err error) bool {
	var timeout net.Error
	return err != nil && errors.As(err, &timeout) && timeout.Timeout()
}

// deadline is a deadline of a connection. Each move takes the time of a timer, so that it
// does not move with every request.
type deadline struct {
	set func(time.Time) error
	at  time.Time
}

// leave leaves at least d until the deadline, and at most a minute more.
func (l *deadline) leave(d time.Duration) {
	if now := time.Now(); l.at.Sub(now) < d {
		l.at = now.Add(d + time.Minute)
		l.set(l.at)
	}
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
	if stage == envelope.Whole && s.log.Enabled(ctx, slog.LevelInfo) {
		s.log.LogAttrs(ctx, slog.LevelInfo, "recipient", slog.String("queue_id", envelope.Excerpt(r.queueID)),
			slog.Attr{Key: "verdict", Value: v.LogValue()}, // slog.Any would copy the verdict
			slog.Any("envelope", logged.Envelope(e)))
	}
	action := s.actions.of(e, v)
	if stage == envelope.Whole && v.Action == verdict.Accept {
		mail.recipients++
	}
	return action
}
