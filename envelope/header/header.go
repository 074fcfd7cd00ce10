// Package header splits the header section of a message into its fields (RFC 5322,
// section 2.2).
//
// If two programs split the same header in different ways, a message can show one
// author to the filter and another one to the reader. So all packages of this
// module split headers here: the checks of the form of a message, the search for
// its author, and the verification of its signatures.
//
// A field is a line and all following lines that begin with a space or a tab, even
// if such a line has nothing else. Lines end with LF or CRLF; a CR elsewhere is
// data. The name of a field is the text before the first colon of its first line,
// without the spaces and tabs at its end, which the obsolete syntax allows (RFC
// 5322, section 4.5.8). No other character is removed: "From" with a no-break space
// is another name, as it is for mail readers. A line without a colon is not a
// field, nor are lines at the start of the header that begin with a space or a tab.
// Fields yields them too, without a name.
//
// The package accepts any input and decodes nothing. Its time is proportional to
// the length of the header.
package header

import (
	"bytes"
	"iter"
	"strings"
)

// Field is one field of a header, or lines that are not a field.
type Field struct {
	// Raw is the unchanged text of the field with all its lines and line ends. It
	// is a part of the block given to Fields.
	Raw []byte
	// colon is the index of the first colon, -1 for lines that are not a field.
	colon int
}

// Fields returns the fields of a header block from the top, including lines that are
// not a field. It stops at the empty line that ends the header. The Raw texts
// together are the whole block before that line.
func Fields(block []byte) iter.Seq[Field] {
	return func(yield func(Field) bool) {
		for len(block) > 0 && !isEmptyLine(block) {
			end := lineEnd(block)
			colon := bytes.IndexByte(block[:end], ':')
			if isBlank(block[0]) {
				colon = -1 // a continuation line without a field
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

// Name returns the name of the field as written, "" for lines that are not a field.
func (f Field) Name() string {
	if f.colon < 0 {
		return ""
	}
	return string(bytes.TrimRight(f.Raw[:f.colon], " \t"))
}

// Is reports whether the field has a name, which must be ASCII. Letter case is
// ignored.
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

// Value returns the unchanged text after the colon, without the end of the last line.
// It is nil for lines that are not a field.
func (f Field) Value() []byte {
	if f.colon < 0 {
		return nil
	}
	return trimLineEnd(f.Raw[f.colon+1:])
}

// Unfold returns a value without its line ends (RFC 5322, section 2.2.3). The spaces
// and tabs after them remain.
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

// lineEnd returns the length of the first line of b with its line end.
func lineEnd(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return i + 1
	}
	return len(b)
}

// trimLineEnd removes a final LF or CRLF.
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
