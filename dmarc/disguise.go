package dmarc

import (
	"bytes"
	"errors"
	"strings"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
)

// disguise returns an error if some programs show another From field, or another local
// part, than the evaluated ones.
func disguise(m *envelope.Message, authors author.Authors) error {
	if readersSee(m.Header(), "From") > 1 {
		return errors.New("to some programs the message has more than one From field")
	}
	for _, mailbox := range authors {
		switch {
		case strings.Contains(mailbox.Local, "=?") && strings.Contains(mailbox.Local, "?="):
			// RFC 2047, section 5 forbids it. Programs that decode it anyway show the
			// address that it hides.
			return errors.New("an address in the From field has an encoded word")
		case envelope.CleanText(mailbox.Local, true) != mailbox.Local:
			return errors.New("an address in the From field has a character that is not shown, or turns text around")
		}
	}
	return nil
}

// readersSee counts the fields that any program may read as fields with this name. Some
// programs end a line at a CR, ignore invisible characters in a name, read a field
// from a first line that begins with a blank, or unfold the header before they look
// for a colon.
func readersSee(block []byte, name string) int {
	count := 0
	lines := bytes.FieldsFunc(block, func(r rune) bool { return r == '\r' || r == '\n' })
	for i, line := range lines {
		if i > 0 && (line[0] == ' ' || line[0] == '\t') {
			continue
		}
		shown, _, _ := bytes.Cut(line, []byte{':'})
		if strings.EqualFold(visible(shown), name) {
			count++
		}
	}
	return count
}

// visible returns the printable ASCII of a text, without blanks.
func visible(text []byte) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, string(text))
}
