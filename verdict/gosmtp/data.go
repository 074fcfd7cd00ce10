package gosmtp

import (
	"context"
	"errors"
	"io"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Data judges the message for all recipients, and hands it on if all may have
// it.
func (s *session) Data(r io.Reader) error {
	message, err := s.receive(r)
	if message != nil {
		defer message.Close()
	}
	if !s.begin() {
		return s.over()
	}
	defer s.end()
	switch {
	case err != nil:
		return s.brokenOff(err)
	case s.tx == nil:
		return s.refuse(outOfOrder("there is no recipient yet"))
	}
	s.judgeMessage(message)
	s.expect(s.tx.event(message, s.tx.recipients...))
	switch v := s.about.Verdict; {
	case s.isOver():
		return s.over()
	case v.Action != verdict.Accept:
		return s.refuse(v.Reply())
	}
	content, err := s.content(message, s.tx.recipients)
	if err != nil {
		return s.refuse(s.explain("DATA", err, s.tx.envelope.SMTPUTF8))
	}
	s.announce(s.tx.recipients)
	if err := s.inner.Data(content); err != nil {
		return s.refuse(s.explain("DATA", err, s.tx.envelope.SMTPUTF8))
	}
	return s.accept()
}

// errSpool says that this side failed and the client did not.
var errSpool = errors.New("the message could not be kept")

// receive reads the message to its end, in whichever way it comes.
func (s *session) receive(r io.Reader) (*envelope.Message, error) {
	if chunks, ok := r.(*io.PipeReader); ok {
		return s.receiveChunks(chunks)
	}
	return s.read(r)
}

// read reads the message to its end. It does not take the session: between
// two chunks of a BDAT go-smtp goes on with other commands, which would wait
// for the message while the message waits for them.
func (s *session) read(r io.Reader) (*envelope.Message, error) {
	body := &watchedReader{inner: r}
	message, err := envelope.ReadMessage(body, s.guard.Spool)
	if err == nil {
		return message, nil
	}
	if body.err == nil {
		// What is left of the message is read here and not by go-smtp, which
		// does not care whether it comes to the end.
		s.log("DATA", err)
		io.Copy(io.Discard, body)
	}
	if body.err == nil {
		return nil, errSpool
	}
	return nil, body.err
}

// watchedReader keeps the error with which reading ended, so that it can't be
// mistaken for an error of the spool.
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

// brokenOff answers a message that could not be received. If it was not read
// to its end the connection is closed: the rest may be anywhere in the stream,
// and must never be read as commands.
func (s *session) brokenOff(err error) error {
	if s.tx != nil {
		s.expect(s.tx.event(nil, s.tx.recipients...))
		s.about.Err = err
	}
	if errors.Is(err, errSpool) {
		return s.refuse(trouble(451))
	}
	if reply, ok := replyOf(err, false); ok {
		// The message is too large. go-smtp reads its rest away before it
		// sends the reply, and does not say whether it came to the end.
		s.closing = true
		return s.refuse(reply)
	}
	reply := connectionLost()
	if errors.Is(err, smtp.ErrTooLongLine) { // it will be as long when it is sent again
		reply = ownReply(envelope.Status{Code: 554, Subject: 6}, "the message has a line that is too long")
	}
	s.tell(reply)
	s.hangUp(reply)
	return smtpError(reply)
}

// judgeMessage settles the recipients that are still open, all in one judgement,
// so that they share what it asks. Those that were accepted before the message
// came are not judged again.
func (s *session) judgeMessage(message *envelope.Message) {
	var open []*recipient
	var envelopes []*envelope.Envelope
	for i := range s.tx.recipients {
		if r := &s.tx.recipients[i]; r.open() {
			r.envelope.Stage, r.envelope.Message = envelope.Data, message
			open, envelopes = append(open, r), append(envelopes, &r.envelope)
		}
	}
	for i, v := range s.guard.Policy.JudgeAll(s.ctx, s.guard.Resolver, envelopes...) {
		open[i].verdict = v
	}
}

// content returns the message as the backend shall have it for these recipients.
func (s *session) content(message *envelope.Message, recipients []recipient) (io.Reader, error) {
	if s.guard.Deliver == nil {
		return untilEnd{s.ctx, message.Open()}, nil
	}
	e := s.tx.envelope
	e.Stage, e.Message = envelope.Data, message
	content, err := s.guard.Deliver(message, &e, verdictsOf(recipients)...)
	if err != nil {
		return nil, err
	}
	return untilEnd{s.ctx, content}, nil
}

// untilEnd reads a message, as long as the session lasts: a backend that is
// reading when the server closes must not take what it has for the whole.
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

// announce tells the session of the backend with which verdicts its message
// comes, if it wants to know.
func (s *session) announce(recipients []recipient) {
	inner, ok := s.inner.(interface {
		Verdict(to string, v verdict.Verdict)
	})
	if !ok {
		return
	}
	for _, r := range recipients {
		inner.Verdict(r.to, r.verdict)
	}
}
