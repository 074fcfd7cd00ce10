package message

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

const (
	// maxLine bounds a line without its end, in octets (RFC 5322, section
	// 2.1.1).
	maxLine = 998
	// chunk is how much of a message is read at a time, in octets.
	chunk = 64 << 10
)

// headerFault returns what is wrong with the header, "" if nothing is.
func headerFault(m *envelope.Message, smtputf8 bool) string {
	if m.HeaderCut() {
		return "has a header of more than 1 MiB"
	}
	if fault := lineFault(m.Header(), smtputf8); fault != "" {
		return fault
	}
	from, date := 0, 0
	for field := range header.Fields(m.Header()) {
		switch {
		case !isPrintable(field.Name()):
			return "has a header field whose name is not printable ASCII"
		case field.Is("From"):
			from++
		case field.Is("Date"):
			date++
		}
	}
	switch {
	case from != 1:
		return numberFault(from, "From")
	case date != 1:
		return numberFault(date, "Date")
	}
	return ""
}

func numberFault(n int, name string) string {
	if n == 0 {
		return "has no " + name + " field"
	}
	return fmt.Sprintf("has %d %s fields, only one is allowed", n, name)
}

// lineFault returns what is wrong with the lines of a header.
func lineFault(block []byte, smtputf8 bool) string {
	for number := 1; len(block) > 0; number++ {
		line, rest, _ := bytes.Cut(block, []byte{'\n'})
		line = bytes.TrimSuffix(line, []byte{'\r'})
		switch {
		case len(line) > maxLine:
			return fmt.Sprintf("has a line of %d octets in its header (line %d), at most %d are allowed", len(line), number, maxLine)
		case envelope.IsASCII(line):
		case !smtputf8:
			return fmt.Sprintf("has characters beyond ASCII in its header, line %d, which requires SMTPUTF8", number)
		case !utf8.Valid(line):
			return fmt.Sprintf("has invalid UTF-8 in its header (line %d)", number)
		}
		block = rest
	}
	return ""
}

// isPrintable reports whether a field name has valid characters only (RFC 5322,
// section 2.2; RFC 6532 adds none). With an invisible character in it, "From" is
// another name here and may be From to a mail reader. Blanks are allowed: senders
// write them by mistake.
func isPrintable(name string) bool {
	for i := range len(name) {
		if c := name[i]; c < ' ' && c != '\t' || c > '~' {
			return false
		}
	}
	return true
}

// octetFault reads a whole message and returns which octet is not allowed, "" if all
// are.
func octetFault(ctx context.Context, r io.Reader) (fault string, err error) {
	var s octets
	buffer := make([]byte, chunk)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := r.Read(buffer)
		if fault := s.scan(buffer[:n]); fault != "" {
			return fault, nil
		}
		switch {
		case errors.Is(err, io.EOF):
			return s.end(), nil
		case err != nil:
			return "", err
		}
	}
}

// octets finds NUL and line ends other than CRLF, in pieces of any size.
type octets struct {
	lines int  // that have ended
	cr    bool // the last piece ended with CR
}

// scan takes the next piece.
func (s *octets) scan(piece []byte) string {
	if i := bytes.IndexByte(piece, 0); i >= 0 {
		s.lines += bytes.Count(piece[:i], []byte{'\n'})
		return s.fault("a NUL")
	}
	for len(piece) > 0 {
		line, rest, ended := bytes.Cut(piece, []byte{'\n'})
		if s.cr && len(line) > 0 {
			return s.fault("a CR without LF")
		}
		if len(line) > 0 {
			line, s.cr = bytes.CutSuffix(line, []byte{'\r'})
		}
		if bytes.IndexByte(line, '\r') >= 0 {
			return s.fault("a CR without LF")
		}
		if ended {
			if !s.cr {
				return s.fault("an LF without CR")
			}
			s.cr = false
			s.lines++
		}
		piece = rest
	}
	return ""
}

// end returns the fault that only the end of the message shows.
func (s *octets) end() string {
	if s.cr {
		return s.fault("a CR without LF")
	}
	return ""
}

func (s *octets) fault(what string) string {
	return fmt.Sprintf("has %s, in line %d", what, s.lines+1)
}
