package verdict

import (
	"strings"
	"unicode/utf8"

	"mxrules.example/envelope"
)

// Bounds of a reply. A line has at most 512 octets with its codes and CRLF (RFC
// 5321, section 4.5.3.1.5): 480 leaves room for "550-5.999.999 " and more. A
// text of more than four such lines helps nobody.
const (
	maxReplyText = 480
	maxTextLines = 4
)

// Reply is an SMTP reply: RFC 5321, section 4.2, with enhanced status codes on
// every line (RFC 2034, section 4).
type Reply struct {
	Status envelope.Status
	// Lines are the texts of its lines without codes: clean, within bounds, and
	// at least one.
	Lines []string
}

// String returns the reply as it goes over the wire, every line with its codes
// and its CRLF.
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

// Reply returns the reply to send. For Accept and Continue it is a 250; at
// other places than MAIL, RCPT and DATA an accepting server has replies of its
// own. For the zero Verdict it is a 451. Its text is printable, and ASCII
// unless the client asked for SMTPUTF8.
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
	lines := fold(envelope.CleanText(text, v.smtputf8), maxTextLines)
	for _, help := range v.Help {
		lines = append(lines, fold(envelope.CleanText(help, v.smtputf8), 1)...)
	}
	return Reply{Status: status, Lines: lines}
}

// fold breaks a clean text into lines that fit, at blanks where there are any,
// and drops what is over the limit of lines.
func fold(text string, limit int) []string {
	var lines []string
	for len(text) > maxReplyText && len(lines) < limit-1 {
		cut := strings.LastIndexByte(text[:maxReplyText], ' ')
		if cut <= 0 {
			cut = boundary(text, maxReplyText)
		}
		lines = append(lines, text[:cut])
		text = strings.TrimPrefix(text[cut:], " ")
	}
	return append(lines, text[:boundary(text, maxReplyText)])
}

// boundary returns the longest length up to limit that cuts no character.
func boundary(text string, limit int) int {
	if len(text) <= limit {
		return len(text)
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return limit
}
