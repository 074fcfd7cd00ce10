package gosmtp

import (
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
	verdicts := make([]verdict.Verdict, len(s.tx.recipients))
	for i, r := range s.tx.recipients {
		verdicts[i] = r.verdict
	}
	if v := verdict.Merge(verdicts...); v.Action != verdict.Accept {
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
	return nil
}

// errSpool says that this side failed and the client did not.
var errSpool = errors.New("the message could not be kept")

// receive reads the message to its end. It does not take the session: between
// two chunks of a BDAT go-smtp goes on with other commands, which would wait
// for the message while the message waits for them.
func (s *session) receive(r io.Reader) (*envelope.Message, error) {
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
	if errors.Is(err, errSpool) {
		return s.refuse(trouble(451))
	}
	if errors.Is(err, smtp.ErrDataReset) { // RSET between two BDAT: nobody waits for an answer
		return err
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
	s.hangUp(reply)
	return smtpError(reply)
}

// judgeMessage settles the recipients that are still open. A run of them is
// judged at once, so that they share their questions to DNS; those that were
// accepted before the message came stand between the runs.
func (s *session) judgeMessage(message *envelope.Message) {
	e := s.tx.envelope
	e.Stage, e.Message = envelope.Data, message
	for rest := s.tx.recipients; len(rest) > 0; {
		run := openRun(rest)
		s.judgeRun(e, run)
		passed := max(len(run), 1)
		e.Recipients += passed
		rest = rest[passed:]
	}
}

// openRun returns the recipients at the beginning that are open.
func openRun(recipients []recipient) []recipient {
	for i := range recipients {
		if !recipients[i].open() {
			return recipients[:i]
		}
	}
	return recipients
}

func (s *session) judgeRun(e envelope.Envelope, run []recipient) {
	paths := make([]string, len(run))
	for i := range run {
		paths[i] = run[i].path
	}
	for i, v := range s.guard.Policy.JudgeEach(s.ctx, s.guard.Resolver, &e, paths...) {
		run[i].verdict = v
		one := e
		one.RcptTo = paths[i]
		one.Recipients += i
		s.guard.report(s.ctx, &one, v)
	}
}

// content returns the message as the backend shall have it.
func (s *session) content(message *envelope.Message, recipients []recipient) (io.Reader, error) {
	if s.guard.Deliver == nil {
		return message.Open(), nil
	}
	e := s.tx.envelope
	e.Stage, e.Message = envelope.Data, message
	verdicts := make([]verdict.Verdict, len(recipients))
	for i, r := range recipients {
		verdicts[i] = r.verdict
	}
	return s.guard.Deliver(message, &e, verdicts...)
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
