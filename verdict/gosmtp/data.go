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
	message, err := s.receive(r)
	if message != nil {
		defer message.Close()
	}
	if !s.begin() {
		return s.over()
	}
	defer s.end()
	if err != nil {
		return s.brokenOff(err)
	}
	s.connection.verdicts.Data(message, func(recipients []verdict.Recipient) error {
		content, err := s.content(message, recipients)
		if err != nil {
			return err
		}
		return s.inner.Data(content)
	})
	return s.answer()
}

// errSpool says that the server could not keep the message. The client did nothing
// wrong.
var errSpool = errors.New("the message could not be kept")

// receive reads the message to its end, from DATA or BDAT.
func (s *session) receive(r io.Reader) (*envelope.Message, error) {
	if chunks, ok := r.(*io.PipeReader); ok {
		return s.receiveChunks(chunks)
	}
	return s.read(r)
}

// read reads the message to its end. It does not lock the session: between two
// chunks of a BDAT go-smtp calls other commands, which would wait for the message
// while the message waits for them.
func (s *session) read(r io.Reader) (*envelope.Message, error) {
	body := &watchedReader{inner: r}
	spool := s.guard.Spool
	spool.Header = s.header
	message, err := spool.ReadMessage(body)
	if err == nil {
		return message, nil
	}
	if body.err == nil {
		// The rest of the message is read here, because go-smtp does not check
		// whether it reaches the end.
		s.log("DATA", err)
		io.Copy(io.Discard, body)
	}
	if body.err == nil {
		return nil, errSpool
	}
	return nil, body.err
}

// header starts the lookups of the message by its header.
func (s *session) header(m *envelope.Message) {
	if s.begin() {
		defer s.end()
		s.connection.verdicts.Header(m)
	}
}

// watchedReader keeps the error with which reading ended, to tell it from an error
// of the spool.
type watchedReader struct {
	inner io.Reader
	err   error
}

func (r *watchedReader) Read(p []byte) (int, error) {
	n, err := r.inner.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// brokenOff answers a message that could not be received. If it was not read to its
// end, the connection is closed, so that the rest is not read as commands.
func (s *session) brokenOff(err error) error {
	lost := false
	reply, ok := replyOf(err, false)
	switch {
	case errors.Is(err, errSpool):
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
	s.connection.verdicts.Abort(&ownError{err, reply})
	if lost {
		s.hangUp(reply)
	}
	return s.answer()
}

// content tells the backend the verdicts of these recipients, and returns the
// message to deliver to them.
func (s *session) content(message *envelope.Message, recipients []verdict.Recipient) (io.Reader, error) {
	content := io.Reader(message.Open())
	if s.guard.Deliver != nil {
		e := s.transaction.envelope
		e.Stage, e.Message = envelope.Data, message
		verdicts := make([]verdict.Verdict, len(recipients))
		for i, r := range recipients {
			verdicts[i] = r.Verdict
		}
		var err error
		if content, err = s.guard.Deliver(message, &e, verdicts...); err != nil {
			return nil, err
		}
	}
	if inner, ok := s.inner.(interface {
		Verdict(to string, v verdict.Verdict)
	}); ok {
		for _, r := range recipients {
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
