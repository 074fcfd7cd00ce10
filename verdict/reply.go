package verdict

import (
	"strings"
	"unicode/utf8"

	"mxrules.example/envelope"
)

// Limits of a reply. A line has at most 512 octets with its codes and CRLF (RFC 5321,
// section 4.5.3.1.5); 480 leaves enough room for "550-5.999.999 ".
const (
	maxReplyText = 480
	maxTextLines = 4
)

// Reply is an SMTP reply (RFC 5321, section 4.2) with an enhanced status code on
// every line (RFC 2034, section 4).
type Reply struct {
	Status envelope.Status
	// Lines are the texts of the lines, without codes. There is at least one; all are
	// clean and within the limit of a line.
	Lines []string
}

// String returns the reply as it is sent, every line with its codes and CRLF.
func (r Reply) String() string {
	var b strings.Builder
	status := r.Status.String()
	code, enhanced, _ := strings.Cut(status, " ")
	for i, line := range r.Lines {
		b.WriteString(code)
		if i < len(r.Lines)-1 {
			b.WriteByte('-')
		} else {
			b.WriteByte(' ')
		}
		b.WriteString(enhanced)
		b.WriteByte(' ')
		b.WriteString(line)
		b.WriteString("\r\n")
	}
	return b.String()
}

// Reply returns the reply to send to MAIL, RCPT and DATA. For Accept and Continue it
// is 250; to other commands an accepting server sends its own replies. For the zero
// Verdict it is 451. The text is printable, and ASCII unless the client used
// SMTPUTF8.
func (v Verdict) Reply() Reply {
	status, text := v.Status, v.Text
	switch v.Action {
	case Accept, Continue:
		return Reply{Status: envelope.Status{Code: 250}, Lines: []string{"OK"}}
	case Reject:
		if !status.IsFailure() {
			status = refusal(status)
		}
		if text == "" {
			text = "access denied"
		}
	case TempFail:
		status = status.Deferral()
		if text == "" {
			text = "temporarily deferred, please try again later"
		}
	default:
		status = envelope.Status{Code: 451, Subject: 3}
		text = "internal server error, please try again later"
	}
	lines := make([]string, 0, 1+len(v.Help))
	lines = fold(lines, envelope.CleanText(text, v.smtputf8), maxTextLines)
	for _, help := range v.Help {
		lines = fold(lines, envelope.CleanText(help, v.smtputf8), 1)
	}
	return Reply{Status: status, Lines: lines}
}

// fold breaks a clean text into lines of at most maxReplyText octets, at blanks if
// possible, and drops what is left after limit lines. It appends the lines to lines.
func fold(lines []string, text string, limit int) []string {
	for ; len(text) > maxReplyText && limit > 1; limit-- {
		cut := strings.LastIndexByte(text[:maxReplyText], ' ')
		if cut <= 0 {
			cut = boundary(text, maxReplyText)
		}
		lines = append(lines, text[:cut])
		text = strings.TrimPrefix(text[cut:], " ")
	}
	return append(lines, text[:boundary(text, maxReplyText)])
}

// boundary returns the largest length up to limit that does not split a character.
func boundary(text string, limit int) int {
	if len(text) <= limit {
		return len(text)
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return limit
}
