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

// session delivers the mail of one client. It sees only what the guard lets through.
type session struct {
	boxes   *mailboxes
	from    string
	folders []string // where the message goes
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt rejects recipients of other domains. The policy lets clients in our networks
// relay, but this server has no queue.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if m, ok := mailboxOf(to); !ok || !s.boxes.has(m) {
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Relay access denied"}
	}
	return nil
}

// Verdict is called by the guard before Data, for each recipient. A message with an
// undecided mark goes to the inbox: a failed lookup must not hide good mail.
func (s *session) Verdict(to string, v verdict.Verdict) {
	m, _ := mailboxOf(to) // Rcpt has checked it
	folder := s.boxes.folder(m, len(v.Marks) > 0)
	if !slices.Contains(s.folders, folder) { // a repeated recipient gets one copy
		s.folders = append(s.folders, folder)
	}
}

func (s *session) Data(message io.Reader) error {
	if err := s.boxes.deliver(message, s.folders...); err != nil {
		return err // the guard replies with a tempfail, and logs it
	}
	s.boxes.log.Info("delivered", slog.String("from", envelope.Excerpt(s.from)), slog.Any("folders", s.folders))
	return nil
}

func (s *session) Reset() { s.from, s.folders = "", nil }

func (s *session) Logout() error { return nil }

// mailboxOf parses a recipient as go-smtp passes it, without the quotes of the local
// part: the domain follows the last @.
func mailboxOf(to string) (envelope.Mailbox, bool) {
	at := strings.LastIndexByte(to, '@')
	if at < 0 {
		return envelope.Mailbox{}, false
	}
	domain, err := envelope.ParseHost(to[at+1:])
	return envelope.Mailbox{Local: to[:at], Domain: domain}, err == nil
}
