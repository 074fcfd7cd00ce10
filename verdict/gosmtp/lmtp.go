package gosmtp

import (
	"fmt"
	"io"
	"sync"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// delivery is the part of a session that answers each recipient (RFC 2033,
// section 4.2).
type delivery struct{ session *session }

// LMTPData judges the message for each recipient and hands it on for those that
// may have it. Its own error is the answer to all.
func (d delivery) LMTPData(r io.Reader, status smtp.StatusCollector) error {
	s := d.session
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
	if s.isOver() {
		return s.over()
	}
	answers := newAnswers(s, message)
	defer answers.give(status)
	accepted := s.reopen(answers)
	if len(accepted) == 0 {
		return nil
	}
	content, err := s.content(message, accepted)
	if err == nil {
		s.announce(accepted)
		if each, ok := s.inner.(smtp.LMTPSession); ok {
			err = each.LMTPData(content, answers)
		} else {
			err = s.inner.Data(content)
		}
	}
	answers.fill(err)
	return nil
}

// reopen returns the recipients that the policy accepts, and answers the
// others. If there are both, the session of the backend begins the transaction
// again, so that it holds the accepted alone.
func (s *session) reopen(answers *answers) []recipient {
	all := s.tx.recipients
	var accepted []recipient
	for i, r := range all {
		if r.verdict.Action != verdict.Accept {
			answers.refuse(i, r.verdict.Reply())
		} else {
			accepted = append(accepted, r)
		}
	}
	if len(accepted) == 0 || len(accepted) == len(all) {
		return accepted
	}
	s.inner.Reset()
	if err := s.inner.Mail(s.tx.from, s.tx.options); err != nil {
		answers.fill(err)
		return nil
	}
	accepted = accepted[:0]
	for i, r := range all {
		if r.verdict.Action != verdict.Accept {
			continue
		}
		if err := s.inner.Rcpt(r.to, r.options); err != nil {
			answers.settle(i, err)
		} else {
			accepted = append(accepted, r)
		}
	}
	return accepted
}

// answers are the replies to the recipients of a message, in the order of
// RCPT. They are kept until all are there: go-smtp tells recipients apart by
// their address, and of one that was named twice it takes the first answer for
// the first.
type answers struct {
	session *session

	mu      sync.Mutex // a backend may answer from several goroutines
	answers []answer
}

type answer struct {
	verdict.Event
	to    string // as go-smtp gave it
	known bool
}

func newAnswers(s *session, message *envelope.Message) *answers {
	a := &answers{session: s}
	for _, r := range s.tx.recipients {
		a.answers = append(a.answers, answer{Event: s.tx.event(message, r), to: r.to})
	}
	return a
}

// refuse answers a recipient with a refusal. It does not hang up: the other
// replies must be sent first.
func (a *answers) refuse(i int, reply verdict.Reply) {
	reply = a.session.counted(reply)
	if reply.Status.Code == 421 {
		a.session.closing = true
	}
	a.answers[i].known, a.answers[i].Reply = true, oneLine(reply, a.answers[i].to)
}

func (a *answers) settle(i int, err error) {
	if err != nil {
		a.answers[i].Err = err
		a.refuse(i, a.session.explain("LMTP DATA", err, a.session.tx.envelope.SMTPUTF8))
		return
	}
	a.answers[i].known, a.answers[i].Reply = true, taken
}

// SetStatus takes the answer of a backend to one recipient. Like that of
// go-smtp it panics for a recipient that it was not given, or not as often.
func (a *answers) SetStatus(to string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.answers {
		if a.answers[i].to == to && !a.answers[i].known {
			a.settle(i, err)
			return
		}
	}
	panic(fmt.Sprintf("gosmtp: SetStatus for %q, which is no recipient of the message that has no answer yet", to))
}

// fill answers all that have no answer yet.
func (a *answers) fill(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.answers {
		if !a.answers[i].known {
			a.settle(i, err)
		}
	}
}

// give hands the answers to go-smtp. If a backend panicked before it had given
// all, those that are missing are asked to come again.
func (a *answers) give(status smtp.StatusCollector) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.answers {
		if !a.answers[i].known {
			a.refuse(i, trouble(421))
		}
		status.SetStatus(a.answers[i].to, a.answers[i].tell(a.session))
	}
}

// tell reports the answer, and returns it as an error, nil for a success.
func (a *answer) tell(s *session) error {
	s.guard.tell(s.ctx, a.Event)
	if a.Reply.Status == taken.Status {
		return nil
	}
	return smtpError(a.Reply)
}

// oneLine makes a single line of a reply. go-smtp puts the recipient in front
// of the first, where the enhanced status code of a reply with several would
// have to stand.
func oneLine(reply verdict.Reply, to string) verdict.Reply {
	const codes = len("550 5.999.999 <> \r\n")
	text := ""
	for _, line := range reply.Lines {
		text += line + " "
	}
	text = envelope.CleanText(text, true)
	return ownReply(reply.Status, cut(text, max(512-codes-len(to), 0)))
}
