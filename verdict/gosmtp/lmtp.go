package gosmtp

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// LMTPData judges the message for each recipient, and delivers it to those that
// accept it (RFC 2033, section 4.2). Its own error is the answer to all. go-smtp calls
// it on an LMTP server only.
func (s *session) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	return s.receive(r, func(m *envelope.Message) error { return s.judgeEach(m, status) })
}

func (s *session) judgeEach(m *envelope.Message, status smtp.StatusCollector) error {
	s.connection.verdicts.DataEach(m, s.deliver)
	if s.transaction == nil {
		return s.answer()
	}
	for i, r := range s.transaction.recipients {
		status.SetStatus(r.to, s.answerTo(r.to, s.connection.replies[i]))
	}
	return nil
}

// answerTo returns the reply to a recipient as an error for go-smtp, nil for a
// success. A 421 does not hang up: the other replies must be sent first.
func (s *session) answerTo(to string, reply verdict.Reply) error {
	switch {
	case reply.Status.Class() == 2:
		return nil
	case reply.Status.Code == 421:
		s.closing = true
	}
	return smtpError(oneLine(reply, to))
}

// deliver delivers a message to the recipients that accept it, and returns their
// errors. If the backend panics, the recipients without an answer get a 421.
func (s *session) deliver(accepted verdict.Event) (errs []error) {
	count := len(accepted.Recipients)
	answers := &answers{errs: make([]error, count), known: make([]bool, count)}
	for _, r := range accepted.Recipients {
		answers.to = append(answers.to, s.transaction.recipients[r.Index].to)
	}
	defer func() {
		if v := recover(); v != nil {
			err := fmt.Errorf("panic: %v", v)
			s.log("DATA", fmt.Errorf("%w\n%s", err, debug.Stack()))
			answers.fill(because(err, trouble(421)))
			errs = answers.errs
		}
	}()
	answers.fill(s.deliverEach(accepted, answers))
	return answers.errs
}

// deliverEach returns the error for the recipients without an answer.
func (s *session) deliverEach(accepted verdict.Event, answers *answers) (err error) {
	accepted.Recipients, err = s.reopen(accepted.Recipients, answers)
	if err != nil || len(accepted.Recipients) == 0 {
		return err
	}
	content, err := s.content(accepted)
	if err != nil {
		return err
	}
	if each, ok := s.inner.(smtp.LMTPSession); ok {
		return each.LMTPData(content, answers)
	}
	return s.inner.Data(content)
}

// reopen begins the transaction of the backend again if it has others than the
// accepted recipients. It returns those that the backend takes again.
func (s *session) reopen(accepted []verdict.Recipient, answers *answers) ([]verdict.Recipient, error) {
	tx := s.transaction
	if len(accepted) == len(tx.recipients) {
		return accepted, nil
	}
	s.inner.Reset()
	if err := s.inner.Mail(tx.from, tx.options); err != nil {
		return nil, err
	}
	var taken []verdict.Recipient
	for i, r := range accepted {
		if err := s.inner.Rcpt(tx.recipients[r.Index].to, tx.recipients[r.Index].options); err != nil {
			answers.set(i, err)
		} else {
			taken = append(taken, r)
		}
	}
	return taken, nil
}

// answers are the errors of a backend for the recipients of a message, in the
// order of RCPT. go-smtp tells recipients apart by their address: the first
// answer for an address is that of the first recipient who has it.
type answers struct {
	to []string // as go-smtp gave it

	mu    sync.Mutex // a backend may answer concurrently
	errs  []error
	known []bool
}

func (a *answers) set(i int, err error) { a.errs[i], a.known[i] = err, true }

// SetStatus takes the answer of a backend to one recipient. Like that of
// go-smtp it panics for a recipient that it was not given, or not as often.
func (a *answers) SetStatus(to string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.to {
		if a.to[i] == to && !a.known[i] {
			a.set(i, err)
			return
		}
	}
	panic(fmt.Sprintf("gosmtp: SetStatus for %q, which is not a recipient of the message or has its answer already", to))
}

// fill answers all that have no answer yet.
func (a *answers) fill(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.to {
		if !a.known[i] {
			a.set(i, err)
		}
	}
}

// oneLine joins the lines of a reply. go-smtp puts the recipient before the text,
// where the enhanced status codes of several lines would have to be.
func oneLine(reply verdict.Reply, to string) verdict.Reply {
	const codes = len("550 5.999.999 <> \r\n")
	text := envelope.CleanText(strings.Join(reply.Lines, " "), true)
	return ownReply(reply.Status, cut(text, max(512-codes-len(to), 0)))
}
