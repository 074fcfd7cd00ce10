package verdict

import (
	"errors"

	"mxrules.example/envelope"
)

// transaction is what MAIL began.
type transaction struct {
	mail       envelope.Envelope
	recipients []recipient
	ahead      *judgement // by the header of the message, nil if there is none
}

// recipient is one that is not refused.
type recipient struct {
	envelope  envelope.Envelope
	known     *envelope.Envelope // at RCPT, as findings depend on it
	verdict   Verdict            // Accept, or Continue if it depends on the message
	judgement *judgement
}

// Mail begins a transaction (RFC 5321, section 3.3), by TLS, Login, MailFrom and
// SMTPUTF8 of e besides what was known before. If the policy lets it through, then
// is called; nil does nothing. During a transaction the reply is 503 (RFC 5321,
// section 4.1.4).
func (s *Session) Mail(e envelope.Envelope, then func() error) Reply {
	if s.transaction != nil {
		known := s.copy(envelope.Mail, &e)
		return s.refuse(Event{Stage: envelope.Mail, Envelope: &known}, outOfOrder("nested MAIL command, RSET must come first"))
	}
	s.during(e.Time()).now = e.Time()
	reply, judged := s.command(envelope.Mail, e, then)
	if reply.Status.Class() == 2 {
		s.transaction = &transaction{mail: judged}
	} else {
		s.endEpoch()
	}
	return reply
}

// Rcpt adds a recipient to the transaction, by RcptTo of e. If the policy lets it
// through, then is called; nil does nothing.
func (s *Session) Rcpt(e envelope.Envelope, then func() error) Reply {
	t := s.transaction
	if t == nil {
		return s.refuse(Event{Stage: envelope.Rcpt, Envelope: &e}, outOfOrder("MAIL must come before RCPT"))
	}
	known := t.mail
	known.Stage, known.RcptTo, known.Recipients = envelope.Rcpt, e.RcptTo, len(t.recipients)
	v, j := s.judge(&known, t.pending() && !s.LMTP)
	event := Event{Stage: envelope.Rcpt, Envelope: &known, Verdict: v}
	if v.Err() == nil && !s.LMTP && len(t.recipients) > 0 && t.pending() != (v.Action == Continue) {
		return s.refuse(event, separately())
	}
	reply := s.answer(event, then)
	if reply.Status.Class() == 2 {
		t.recipients = append(t.recipients, recipient{known, s.latest[envelope.Rcpt], v, j})
	}
	return reply
}

// Recipients returns how many recipients the transaction has: those that Rcpt did not
// refuse.
func (s *Session) Recipients() int {
	if s.transaction == nil {
		return 0
	}
	return len(s.transaction.recipients)
}

// pending reports whether a recipient depends on the message.
func (t *transaction) pending() bool {
	for i := range t.recipients {
		if t.recipients[i].verdict.Action == Continue {
			return true
		}
	}
	return false
}

// separately is the reply to a recipient who needs a transaction of its own (RFC
// 5321, section 4.5.3.1.10; RFC 3463, section 3.6).
func separately() Reply {
	return Reply{Status: envelope.Status{Code: 452, Subject: 5, Detail: 3},
		Lines: []string{"this recipient needs a transaction of its own, please send the message again"}}
}

// Header starts the lookups of the message by its header, while its body is still
// arriving, so that Data waits less. It does not wait for them. m is the message that
// [envelope.Spool.ReadMessage] announces:
//
//	message, err := envelope.Spool{Header: session.Header}.ReadMessage(reader)
//
// A server need not call Header: the verdicts are the same without it. It does nothing
// if no recipient depends on the message, and with Policy.Sequential.
func (s *Session) Header(m *envelope.Message) {
	if s.transaction == nil {
		return
	}
	for i := range s.transaction.recipients {
		r := &s.transaction.recipients[i]
		if r.verdict.Action == Continue { // what it needs, the others need too
			e := r.envelope
			e.Stage, e.Message = envelope.Data, m
			if s.behind(&e) != nil {
				return // Data says so
			}
			e.Stage = envelope.Rcpt
			s.latest[envelope.Rcpt] = r.known
			s.transaction.ahead = s.judgement(&e)
			r.known = s.latest[envelope.Rcpt]
			s.transaction.ahead.start()
			return
		}
	}
}

// Data judges the message for all recipients, and ends the transaction. The reply
// is the least favourable of theirs. If all accept, deliver is called with the event
// that will be reported, except for its reply: it has the envelope with the message,
// and the recipients in the order of RCPT.
func (s *Session) Data(m *envelope.Message, deliver func(Event) error) Reply {
	if s.Recipients() == 0 {
		return s.withoutRecipient(m)
	}
	defer s.Reset()
	judged := s.judgeMessage(m)
	event := s.messageEvent(m, judged...)
	if event.Verdict.Action == Accept {
		for i := range judged {
			s.write(&judged[i])
		}
		event = s.messageEvent(m, judged...)
	}
	return s.answer(event, func() error {
		if deliver == nil {
			return nil
		}
		return deliver(event)
	})
}

// DataEach judges the message for each recipient, and ends the transaction: the
// replies of LMTP (RFC 2033, section 4.2), one for each recipient in the order of
// RCPT. Deliver is called as by Data, with those that accept, if there are any. It
// returns an error for each of them, or nil if all is well.
func (s *Session) DataEach(m *envelope.Message, deliver func(Event) []error) []Reply {
	if s.Recipients() == 0 {
		return []Reply{s.withoutRecipient(m)}
	}
	defer s.Reset()
	judged := s.judgeMessage(m)
	var accepted []recipient
	for i := range judged {
		s.write(&judged[i])
		if judged[i].verdict.Action == Accept {
			accepted = append(accepted, judged[i])
		}
	}
	var errs []error
	if deliver != nil && len(accepted) > 0 && s.ctx.Err() == nil {
		errs = deliver(s.messageEvent(m, accepted...))
	}
	replies := make([]Reply, len(judged))
	delivered := 0
	for i := range judged {
		var err error
		if judged[i].verdict.Action == Accept {
			if delivered < len(errs) {
				err = errs[delivered]
			}
			delivered++
		}
		replies[i] = s.answer(s.messageEvent(m, judged[i]), func() error { return err })
	}
	return replies
}

// Abort answers a message that the server could not receive, for example because
// it is too large, and ends the transaction. err becomes the reply, as that of
// deliver does.
func (s *Session) Abort(err error) Reply {
	if s.Recipients() == 0 {
		return s.withoutRecipient(nil)
	}
	defer s.Reset()
	if err == nil {
		err = errors.New("Abort was called without an error")
	}
	return s.answer(s.messageEvent(nil, s.transaction.recipients...), func() error { return err })
}

func (s *Session) withoutRecipient(m *envelope.Message) Reply {
	var e envelope.Envelope
	if s.transaction != nil {
		e = s.transaction.mail
	}
	e.Stage, e.Message = envelope.Data, m
	return s.refuse(Event{Stage: envelope.Data, Envelope: &e}, outOfOrder("there is no recipient"))
}

func (r *recipient) recipient() Recipient {
	return Recipient{To: r.envelope.RcptTo, Index: r.envelope.Recipients, Verdict: r.verdict}
}

// judgeMessage judges the message for those recipients that depend on it. What
// their acceptance must write is not written yet. If the client behind a gateway is
// not known by then, no recipient is accepted.
func (s *Session) judgeMessage(m *envelope.Message) []recipient {
	t := s.transaction
	t.mail.Stage, t.mail.Message = envelope.Data, m
	unidentified, ok := s.identify(&t.mail)
	judged := make([]recipient, len(t.recipients))
	for i, r := range t.recipients {
		e := t.mail
		e.RcptTo, e.Recipients = r.envelope.RcptTo, r.envelope.Recipients
		r.envelope, r.judgement = e, nil
		switch {
		case !ok:
			r.verdict = unidentified
		case r.verdict.Action == Continue:
			s.latest[envelope.Rcpt] = r.known
			r.verdict, r.judgement = s.judge(&r.envelope, true)
		}
		judged[i] = r
	}
	return judged
}

// write writes what the acceptance of a recipient must write.
func (s *Session) write(r *recipient) {
	if r.judgement == nil || r.verdict.Action != Accept {
		return
	}
	r.judgement.held = false
	r.verdict = s.conclude(r.judgement)
}

// messageEvent is the event of one reply to a message for these recipients.
func (s *Session) messageEvent(m *envelope.Message, judged ...recipient) Event {
	e := s.transaction.mail
	e.Stage, e.Message = envelope.Data, m
	event := Event{Stage: envelope.Data, Envelope: &e}
	for i := range judged {
		event.Recipients = append(event.Recipients, judged[i].recipient())
	}
	event.Verdict = Merge(event.Verdicts()...)
	return event
}
