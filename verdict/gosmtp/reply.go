package gosmtp

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// maxText bounds the text of one line of a reply: with its codes and CRLF a
// line has at most 512 octets (RFC 5321, section 4.5.3.1.5).
const maxText = 480

// Error returns v as the error that a session of go-smtp returns: nil for Accept
// and Continue, otherwise an *smtp.SMTPError that is not wrapped, because go-smtp
// does not unwrap. It is for programs that judge in their own session.
//
// Every line of the reply has the enhanced status code (RFC 2034, section 4), which
// go-smtp by itself puts on the last one only. go-smtp does not close the
// connection after a 421: call Close of smtp.Conn.
func Error(v verdict.Verdict) error {
	if v.Action == verdict.Accept || v.Action == verdict.Continue {
		return nil
	}
	return smtpError(v.Reply())
}

func smtpError(reply verdict.Reply) error {
	status := reply.Status
	var message strings.Builder
	for i, line := range reply.Lines {
		if i < len(reply.Lines)-1 {
			line = status.Enhanced() + " " + line + "\n"
		}
		message.WriteString(line)
	}
	return &smtp.SMTPError{
		Code:         int(status.Code),
		EnhancedCode: smtp.EnhancedCode{status.Class(), int(status.Subject), int(status.Detail)},
		Message:      message.String(),
	}
}

// ownReply returns a reply of this package.
func ownReply(status envelope.Status, text string) verdict.Reply {
	return verdict.Reply{Status: status, Lines: []string{text}}
}

// because returns err with a reply of this package.
func because(err error, reply verdict.Reply) error {
	return fmt.Errorf("%w (%w)", err, verdict.Refuse(reply.Status, reply.Lines[0]))
}

// trouble is the reply to a failure of the server: 451, or 421 if the connection is
// closed. It does not tell the reason.
func trouble(code uint16) verdict.Reply {
	return ownReply(envelope.Status{Code: code, Subject: 3}, "the server has an internal error, please try again later")
}

// outOfOrder is the reply to a command that is not permitted in the state of the
// session (RFC 5321, section 4.1.4).
func outOfOrder(text string) verdict.Reply {
	return ownReply(envelope.Status{Code: 503, Subject: 5, Detail: 1}, text)
}

func tooManyRefusals() verdict.Reply {
	return ownReply(envelope.Status{Code: 421, Subject: 7}, "too many commands were refused, closing the connection")
}

func connectionLost() verdict.Reply {
	return ownReply(envelope.Status{Code: 421, Subject: 4, Detail: 2}, "the connection broke inside the message, closing it")
}

// replyOf returns the reply in an error of a backend. It reports false if there is
// none, or none that refuses.
func replyOf(err error, smtputf8 bool) (verdict.Reply, bool) {
	var refused *verdict.Error
	if errors.As(err, &refused) && refused != nil && refused.Verdict.Err() != nil {
		return refused.Verdict.Reply(), true
	}
	var own *smtp.SMTPError
	if !errors.As(err, &own) || own == nil || own.Code < 400 || own.Code > 599 {
		return verdict.Reply{}, false
	}
	status := envelope.Status{
		Code:    uint16(own.Code),
		Subject: enhancedPart(own.EnhancedCode[1]),
		Detail:  enhancedPart(own.EnhancedCode[2]),
	}
	return verdict.Reply{Status: status, Lines: textLines(own.Message, status, smtputf8)}, true
}

// enhancedPart returns 0, "other or undefined" (RFC 3463, section 3.1), for an
// invalid part of an enhanced status code, such as the -1 of smtp.NoEnhancedCode.
func enhancedPart(n int) uint16 {
	if n < 0 || n > 999 {
		return 0
	}
	return uint16(n)
}

// textLines returns the clean lines of a message that are not empty. It removes
// enhanced codes at their beginning, which the lines of Error have.
func textLines(message string, status envelope.Status, smtputf8 bool) []string {
	var lines []string
	for line := range strings.SplitSeq(message, "\n") {
		line = envelope.CleanText(line, smtputf8) + " "
		line = strings.TrimSuffix(strings.TrimPrefix(line, status.Enhanced()+" "), " ")
		if line != "" {
			lines = append(lines, cut(line, maxText))
		}
	}
	if lines == nil {
		return []string{"refused"}
	}
	return lines
}

// cut shortens clean text to a number of octets, without a partial character or a
// blank at its end.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.TrimRight(strings.ToValidUTF8(text[:limit], ""), " ")
}
