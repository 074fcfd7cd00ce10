// Package header splits the header block of a message into its fields (RFC
// 5322, section 2.2).
//
// Two programs that read one header in two ways are how a message shows one
// author to the filter and another to the reader. So whoever asks about the
// header asks here: the checks on the form of a message, the search for its
// author, the verifier of its signatures. They may judge a field differently,
// but they see the same fields.
//
// A field is a line and the lines behind it that begin with a blank or a tab,
// be there anything else on them or not. Lines end with LF, with or without CR
// before it; a CR elsewhere is data. The name is what stands before the first
// colon of the first line, without the blanks and tabs behind it (the obsolete
// syntax of RFC 5322, section 4.5.8). Nothing else is trimmed: a no-break space
// behind "From" makes it another name, as it does for the programs that show
// mail. A line without a colon, and lines at the beginning that continue
// nothing, are no field and are passed on as such.
//
// The package changes, decodes and refuses nothing: any octets are a header.
// Time grows with the length of the block.
package header

import (
	"bytes"
	"iter"
	"strings"
)

// Field is one field of a header block, or a piece of it that is no field. It
// points into the block.
type Field struct {
	// Raw is the field as it came, with all its lines and line ends. The last
	// line of a block may have none.
	Raw []byte
	// colon is where the name ends in Raw, -1 if there is no name.
	colon int
}

// Fields returns the fields of a header block, from the top, and with them the
// pieces that are no field, so that every octet up to the empty line is in one
// of them. The empty line, and what follows it, is in none.
func Fields(block []byte) iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for len(block) > 0 && !isEmptyLine(block) {
			end := lineEnd(block)
			colon := bytes.IndexByte(block[:end], ':')
			if isBlank(block[0]) {
				colon = -1 // it continues nothing
			}
			for end < len(block) && isBlank(block[end]) {
				end += lineEnd(block[end:])
			}
			if !yield(Field{Raw: block[:end:end], colon: colon}) {
				return
			}
			block = block[end:]
		}
	}
}

// Name returns the name of the field as it was written, "" for what is no
// field.
func (f Field) Name() string {
	if f.colon < 0 {
		return ""
	}
	return string(bytes.TrimRight(f.Raw[:f.colon], " \t"))
}

// Is reports whether the field has this name, which must be ASCII; letter case
// makes no difference.
func (f Field) Is(name string) bool {
	if f.colon < len(name) || name == "" {
		return false
	}
	for i := range len(name) {
		if lower(f.Raw[i]) != lower(name[i]) {
			return false
		}
	}
	return len(bytes.TrimLeft(f.Raw[len(name):f.colon], " \t")) == 0
}

// Value returns what stands behind the colon, as it came, with its folds and
// without the end of the last line. It is nil for what is no field.
func (f Field) Value() []byte {
	if f.colon < 0 {
		return nil
	}
	return trimLineEnd(f.Raw[f.colon+1:])
}

// Unfold returns a value without the ends of its lines (RFC 5322, section
// 2.2.3). The blanks at the folds stay.
func Unfold(value []byte) string {
	var b strings.Builder
	b.Grow(len(value))
	for len(value) > 0 {
		end := lineEnd(value)
		b.Write(trimLineEnd(value[:end]))
		value = value[end:]
	}
	return b.String()
}

// lineEnd returns where the next line begins.
func lineEnd(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// trimLineEnd takes the LF from the end of b, and the CR before it.
func trimLineEnd(b []byte) []byte {
	line, found := bytes.CutSuffix(b, []byte{'\n'})
	if found {
		line = bytes.TrimSuffix(line, []byte{'\r'})
	}
	return line
}

func isEmptyLine(b []byte) bool {
	return b[0] == '\n' || b[0] == '\r' && len(b) > 1 && b[1] == '\n'
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
