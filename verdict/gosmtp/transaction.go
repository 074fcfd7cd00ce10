package gosmtp

import (
	"strings"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// transaction is a mail transaction (RFC 5321, section 3.3), from a MAIL that
// was accepted to Reset.
type transaction struct {
	from       string // as go-smtp gave it, with its options
	options    *smtp.MailOptions
	envelope   envelope.Envelope // at Mail
	verdict    verdict.Verdict   // of MAIL
	recipients []recipient
}

// recipient is a recipient whose RCPT was accepted.
type recipient struct {
	to       string // as go-smtp gave it, with its options
	options  *smtp.RcptOptions
	envelope envelope.Envelope // at Rcpt, and later at Data
	verdict  verdict.Verdict
}

// open reports whether the recipient still depends on the message.
func (r *recipient) open() bool { return r.verdict.Action == verdict.Continue }

func verdictsOf(recipients []recipient) []verdict.Verdict {
	verdicts := make([]verdict.Verdict, len(recipients))
	for i, r := range recipients {
		verdicts[i] = r.verdict
	}
	return verdicts
}

// Mail judges the sender.
func (s *session) Mail(from string, options *smtp.MailOptions) error {
	if !s.begin() {
		return s.over()
	}
	defer s.end()
	e := s.describe(from, options)
	s.expect(verdict.Event{Stage: envelope.Mail, Envelope: &e})
	if s.tx != nil {
		// RFC 5321, section 4.1.4. go-smtp would let the new sender have the
		// recipients of the old one, who were judged for that.
		return s.refuse(outOfOrder("there is a sender already, RSET comes first"))
	}
	tx := &transaction{from: from, options: options, envelope: e, verdict: s.connection.greeting}
	if tx.verdict.Action != verdict.Accept {
		tx.verdict = s.guard.judge(s.ctx, &e)
	}
	s.about.Verdict = tx.verdict
	switch {
	case s.isOver():
		return s.over()
	case tx.verdict.Err() != nil:
		return s.refuse(tx.verdict.Reply())
	}
	if err := s.inner.Mail(from, options); err != nil {
		return s.refuse(s.explain("MAIL", err, tx.envelope.SMTPUTF8))
	}
	s.tx = tx
	return s.accept()
}

// describe returns the envelope at MAIL. The HELO name is read here because an
// EHLO may bring another one to the same session, and the clock because it
// stands still for a transaction.
func (s *session) describe(from string, options *smtp.MailOptions) envelope.Envelope {
	e := envelope.Envelope{
		Stage:      envelope.Mail,
		ClientIP:   clientIP(s.wire),
		SpokeEarly: s.connection.spokeEarly,
		Helo:       s.conn.Hostname(),
		MailFrom:   quoted(from),
		SMTPUTF8:   options != nil && options.UTF8,
	}
	if state, ok := s.conn.TLSConnectionState(); ok {
		e.TLS = &state
	}
	if user, ok := s.inner.(interface{ Login() string }); ok {
		e.Login = user.Login()
	}
	s.guard.fill(s.wire, &e)
	e.Now = e.Time()
	return e
}

// quoted returns an address in the form of RFC 5321, section 4.1.2. go-smtp
// has undone the quotes of its local part, so that this may hold any number of
// @; a domain has none.
func quoted(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 { // the null sender
		return address
	}
	return envelope.QuoteLocalPart(address[:at]) + address[at:]
}

// Rcpt judges one recipient, unless MAIL has settled it for all.
func (s *session) Rcpt(to string, options *smtp.RcptOptions) error {
	if !s.begin() {
		return s.over()
	}
	defer s.end()
	if s.tx == nil {
		return s.refuse(outOfOrder("there is no sender yet"))
	}
	r := recipient{to: to, options: options, envelope: s.tx.envelope, verdict: s.tx.verdict}
	r.envelope.Stage, r.envelope.RcptTo, r.envelope.Recipients = envelope.Rcpt, quoted(to), len(s.tx.recipients)
	if r.open() {
		r.verdict = s.guard.judge(s.ctx, &r.envelope)
	}
	s.expect(verdict.Event{Stage: envelope.Rcpt, Envelope: &r.envelope, Verdict: r.verdict})
	switch {
	case s.isOver():
		return s.over()
	case r.verdict.Err() != nil:
		return s.refuse(r.verdict.Reply())
	case s.clashes(&r):
		return s.refuse(ownReply(envelope.Status{Code: 452, Subject: 5, Detail: 3},
			"this recipient needs a transaction of its own, please send it again"))
	}
	if err := s.inner.Rcpt(to, options); err != nil {
		return s.refuse(s.explain("RCPT", err, s.tx.envelope.SMTPUTF8))
	}
	s.tx.recipients = append(s.tx.recipients, r)
	return s.accept()
}

// clashes reports whether the one reply to DATA could be right for those
// before r and wrong for r: one is accepted for good, the other depends on the
// message. The recipients before it never clash, so that one speaks for all.
func (s *session) clashes(r *recipient) bool {
	if s.conn.Server().LMTP || len(s.tx.recipients) == 0 {
		return false
	}
	return s.tx.recipients[0].open() != r.open()
}
