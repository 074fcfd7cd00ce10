package gosmtp

import (
	"strings"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
)

// transaction is what the backend was told, as go-smtp gave it: from a MAIL that
// was accepted to Reset.
type transaction struct {
	from       string
	options    *smtp.MailOptions
	recipients []recipient // that were accepted
}

type recipient struct {
	to      string
	options *smtp.RcptOptions
}

// Mail judges the sender.
func (s *session) Mail(from string, options *smtp.MailOptions) error {
	return s.call(func() error {
		s.connection.verdicts.Mail(s.describe(from, options), func() error {
			if err := s.inner.Mail(from, options); err != nil {
				return err
			}
			s.transaction = &transaction{from: from, options: options}
			return nil
		})
		return s.answer()
	})
}

// describe returns the envelope at MAIL. It reads the HELO name, which another EHLO
// in the same session may have changed, and the time of the transaction.
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

// quoted returns an address in the form of RFC 5321, section 4.1.2. go-smtp removes
// the quotes of a local part, which may contain @. A domain does not, and is written
// unchanged.
func quoted(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 { // the null sender
		return address
	}
	return envelope.Mailbox{Local: address[:at], Domain: envelope.Host(address[at+1:])}.String()
}

// Rcpt judges one recipient.
func (s *session) Rcpt(to string, options *smtp.RcptOptions) error {
	return s.call(func() error {
		s.connection.verdicts.Rcpt(envelope.Envelope{RcptTo: quoted(to)}, func() error {
			if err := s.inner.Rcpt(to, options); err != nil {
				return err
			}
			s.transaction.recipients = append(s.transaction.recipients, recipient{to, options})
			return nil
		})
		return s.answer()
	})
}
