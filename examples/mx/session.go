package main

import (
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// session delivers the mail of one client. The guard in front of it has judged
// everything that it hears of.
type session struct {
	boxes   *mailboxes
	from    string
	folders []string // where the message goes
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt refuses what the policy allows to clients in our networks: mail for
// others, which this server has no queue for.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if m, ok := mailboxOf(to); !ok || !s.boxes.has(m) {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "this server sends no mail on"}
	}
	return nil
}

// Verdict learns from the guard, before Data, which recipients get the message
// and whether it is marked. Where a failure left a mark undecided, the message
// goes to the inbox: good mail must not be hidden because of a lookup.
func (s *session) Verdict(to string, v verdict.Verdict) {
	m, _ := mailboxOf(to) // Rcpt has seen it
	folder := s.boxes.folder(m, len(v.Marks) > 0)
	if !slices.Contains(s.folders, folder) { // one recipient twice is one delivery
		s.folders = append(s.folders, folder)
	}
}

func (s *session) Data(message io.Reader) error {
	if err := s.boxes.deliver(message, s.folders...); err != nil {
		return err // the guard makes a tempfail of it, and logs it
	}
	s.boxes.log.Info("delivered", slog.String("from", envelope.Excerpt(s.from)), slog.Any("folders", s.folders))
	return nil
}

func (s *session) Reset() { s.from, s.folders = "", nil }

func (s *session) Logout() error { return nil }

// mailboxOf reads a recipient as go-smtp gives it, with the quotes of the local
// part undone: the last @ is the one before the domain.
func mailboxOf(to string) (envelope.Mailbox, bool) {
	at := strings.LastIndexByte(to, '@')
	if at < 0 {
		return envelope.Mailbox{}, false
	}
	domain, err := envelope.ParseHost(to[at+1:])
	return envelope.Mailbox{Local: to[:at], Domain: domain}, err == nil
}
