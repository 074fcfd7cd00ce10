package message

import (
	"bytes"
	"context"
	"fmt"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// maxLine bounds a line without its end, in octets (RFC 5322, section 2.1.1).
const maxLine = 998

var malformed = envelope.Status{Code: 550, Subject: 6}

// WellFormed passes when SingleFields, Dated, ASCIIHeader, LineLength and LinesEnded
// do. Its text is that of the first that fails.
//
// Status: 550 5.6.0.
func WellFormed(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	// LinesEnded is last because it alone reads the body.
	f := envelope.All(SingleFields, Dated, ASCIIHeader, LineLength, LinesEnded)(ctx, r, e)
	f.Check, f.Detail = "message.wellformed", nil
	return f
}

// LinesEnded passes when every line of the header and of the body ends with CRLF, and
// no other CR, LF or NUL is in the message (RFC 5321, section 2.3.8). The last line
// needs no end. If the message can't be read from its spool, LinesEnded is a
// TempError.
//
// Status: 550 5.6.0.
func LinesEnded(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return form(ctx, "message.linesended", e, func(m *envelope.Message) (string, error) {
		return octetFault(ctx, m.Open())
	})
}

// SingleFields passes when no field that RFC 5322, section 3.6 allows once occurs more
// than once: Date, From, Sender, Reply-To, To, Cc, Bcc, Message-ID, In-Reply-To,
// References, Subject. It also fails if it cannot know that: a field name has other
// characters than printable ASCII, so that "From" with an invisible character may be
// From to a mail reader, or the header is longer than 1 MiB, the limit of
// [envelope.Message].
//
// Status: 550 5.6.0.
func SingleFields(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return form(ctx, "message.singlefields", e, func(m *envelope.Message) (string, error) {
		return repetition(m), nil
	})
}

// Dated passes when the message has a Date field (RFC 5322, section 3.6). Feedback
// reports and mail of some devices lack it.
//
// Status: 550 5.6.0.
func Dated(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return form(ctx, "message.dated", e, func(m *envelope.Message) (string, error) {
		if len(valuesOf(m, "Date")) == 0 {
			return "has no Date field", nil
		}
		return "", nil
	})
}

// ASCIIHeader passes when the header is ASCII, or UTF-8 if the client asked for
// SMTPUTF8 (RFC 5322, section 2.2; RFC 6532, section 3).
//
// Status: 550 5.6.0.
func ASCIIHeader(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return form(ctx, "message.asciiheader", e, func(m *envelope.Message) (string, error) {
		return firstLine(m, func(line []byte) string {
			switch {
			case envelope.IsASCII(line):
				return ""
			case !e.SMTPUTF8:
				return "has characters beyond ASCII in its header, line %d, which requires SMTPUTF8"
			case !utf8.Valid(line):
				return "has invalid UTF-8 in its header (line %d)"
			}
			return ""
		}), nil
	})
}

// LineLength passes when no line of the header is longer than 998 octets without its
// end (RFC 5322, section 2.1.1).
//
// Status: 550 5.6.0.
func LineLength(ctx context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
	return form(ctx, "message.linelength", e, func(m *envelope.Message) (string, error) {
		return firstLine(m, func(line []byte) string {
			if len(line) <= maxLine {
				return ""
			}
			return fmt.Sprintf("has a line of %d octets in its header (line %%d), at most %d are allowed", len(line), maxLine)
		}), nil
	})
}

// form is a check that fails when fault returns a text.
func form(ctx context.Context, check string, e *envelope.Envelope, fault func(*envelope.Message) (string, error)) envelope.Finding {
	text, f, ok := once(ctx, check, e, fault)
	switch {
	case !ok:
		return f
	case text != "":
		return envelope.Failed(check, malformed, "the message %s", text)
	}
	return envelope.Passed(check)
}

// repetition says which field occurs too often, "" if none does.
func repetition(m *envelope.Message) string {
	if m.HeaderCut() {
		return "has a header of more than 1 MiB"
	}
	once := [...]string{"From", "Date", "Sender", "Reply-To", "To", "Cc", "Bcc", "Message-ID", "In-Reply-To", "References", "Subject"}
	var counts [len(once)]int
	for field := range header.Fields(m.Header()) {
		if !isPrintable(field.Name()) {
			return "has a header field whose name is not printable ASCII"
		}
		for i, name := range once {
			if field.Is(name) {
				counts[i]++
			}
		}
	}
	for i, n := range counts {
		if n > 1 {
			return fmt.Sprintf("has %d %s fields, only one is allowed", n, once[i])
		}
	}
	return ""
}

// isPrintable reports whether a field name has valid characters only (RFC 5322,
// section 2.2; RFC 6532 adds none). Blanks are allowed: senders write them by mistake.
func isPrintable(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' && c != '\t' || c > '~' {
			return false
		}
	}
	return true
}

// firstLine returns the text of the first header line that has a fault, with the
// number of the line in place of %d.
func firstLine(m *envelope.Message, fault func(line []byte) string) string {
	block := m.Header()
	for number := 1; len(block) > 0; number++ {
		line, rest, _ := bytes.Cut(block, []byte{'\n'})
		if text := fault(bytes.TrimSuffix(line, []byte{'\r'})); text != "" {
			return fmt.Sprintf(text, number)
		}
		block = rest
	}
	return ""
}

// valuesOf returns the unfolded values of all fields with a name.
func valuesOf(m *envelope.Message, name string) []string {
	var values []string
	for field := range header.Fields(m.Header()) {
		if field.Is(name) {
			values = append(values, header.Unfold(field.Value()))
		}
	}
	return values
}
