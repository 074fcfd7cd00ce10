package gosmtp

import (
	"context"
	"errors"
	"io"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Data judges the message for all recipients, and hands it on if all accept it.
func (s *session) Data(r io.Reader) error {
	return s.receive(r, func(m *envelope.Message) error {
		s.connection.verdicts.Data(m, func(accepted verdict.Event) error {
			content, err := s.content(accepted)
			if err != nil {
				return err
			}
			return s.inner.Data(content)
		})
		return s.answer()
	})
}

// receive reads a message to its end, from DATA or BDAT, and calls judge. The session
// is not locked before: between two chunks of a BDAT go-smtp calls other commands,
// which would wait for the message while the message waits for them.
func (s *session) receive(r io.Reader, judge func(*envelope.Message) error) error {
	spool := s.guard.Spool
	spool.Header = s.header
	message, err := s.read(r, spool)
	if err == nil {
		defer message.Close()
	}
	return s.call(func() error {
		if err != nil {
			return s.brokenOff(err)
		}
		return judge(message)
	})
}

func (s *session) read(r io.Reader, spool envelope.Spool) (*envelope.Message, error) {
	if chunks, ok := r.(*io.PipeReader); ok {
		return s.readChunks(chunks, spool)
	}
	return spool.ReadMessage(r)
}

// header starts the lookups of the message by its header.
func (s *session) header(m *envelope.Message) {
	if s.begin() {
		defer s.end()
		s.connection.verdicts.Header(m)
	}
}

// brokenOff answers a message that could not be received. If it was not read to its
// end, the connection is closed, so that the rest is not read as commands.
func (s *session) brokenOff(err error) error {
	lost := false
	reply, ok := replyOf(err, false)
	switch {
	case errors.Is(err, envelope.ErrSpool):
		s.log("DATA", err)
		reply = trouble(451)
	case ok:
		// The message is too large. go-smtp discards the rest before it sends
		// the reply, and does not check whether it reached the end.
		s.closing = true
	case errors.Is(err, smtp.ErrTooLongLine):
		lost, reply = true, ownReply(envelope.Status{Code: 554, Subject: 6}, "the message has a line that is too long")
	default:
		lost, reply = true, connectionLost()
	}
	s.connection.verdicts.Abort(because(err, reply))
	if lost {
		s.hangUp(reply)
	}
	return s.answer()
}

// content tells the backend the verdicts of these recipients, and returns the
// message to deliver to them.
func (s *session) content(accepted verdict.Event) (io.Reader, error) {
	message := accepted.Envelope.Message
	content := io.Reader(message.Open())
	if s.guard.Deliver != nil {
		var err error
		if content, err = s.guard.Deliver(message, accepted.Envelope, accepted.Verdicts()...); err != nil {
			return nil, err
		}
	}
	if inner, ok := s.inner.(interface {
		Verdict(to string, v verdict.Verdict)
	}); ok {
		for _, r := range accepted.Recipients {
			inner.Verdict(s.transaction.recipients[r.Index].to, r.Verdict)
		}
	}
	return untilEnd{s.ctx, content}, nil
}

// untilEnd reads a message until the session ends. A backend that is reading when
// the server closes gets an error, and does not deliver a part as the whole.
type untilEnd struct {
	session context.Context
	io.Reader
}

func (r untilEnd) Read(p []byte) (int, error) {
	if err := r.session.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
