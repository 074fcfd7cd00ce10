package dkim

import (
	"bytes"
	"crypto/sha256"
	"hash"
)

// bodyHash hashes a body in one of its canonical forms (RFC 6376, section 3.4). The
// body may be written in pieces of any size and is not kept: line ends that may be
// the last are counted, and a run of blanks is one bit. A line ends with LF or CRLF
// and is hashed with CRLF. Any other CR is data.
type bodyHash struct {
	relaxed  bool
	sum      hash.Hash
	out      []byte // a buffer before sum
	length   int64  // octets written to sum
	lineEnds int64  // since the last octet of a line
	blanks   bool   // since the last octet of a line; relaxed only
	cr       bool   // the last piece ended with CR
	written  bool   // the body has a line that is not empty
}

func newBodyHash(relaxed bool) *bodyHash {
	return &bodyHash{relaxed: relaxed, sum: sha256.New(), out: make([]byte, 0, 4<<10)}
}

// Write takes the next piece of the body. It implements [io.Writer] and never
// fails.
func (b *bodyHash) Write(piece []byte) (int, error) {
	length := len(piece)
	for len(piece) > 0 {
		if n := lineEndLength(piece); n > 0 && (n == 1 || !b.cr) {
			b.endLine() // if the last piece ended with CR, this LF belongs to it
			piece = piece[n:]
			continue
		}
		line, rest := piece, []byte(nil)
		if end := bytes.IndexByte(piece, '\n'); end > 0 {
			line, rest = piece[:end], piece[end:]
			if line[end-1] == '\r' {
				line, rest = piece[:end-1], piece[end-1:]
			}
		}
		if b.cr { // it did not end a line
			b.text([]byte{'\r'})
		}
		if len(rest) == 0 {
			line, b.cr = bytes.CutSuffix(line, []byte{'\r'})
		} else {
			b.cr = false
		}
		b.text(line)
		piece = rest
	}
	return length, nil
}

// lineEndLength returns the length of the line end at the beginning of piece, or 0.
func lineEndLength(piece []byte) int {
	switch {
	case piece[0] == '\n':
		return 1
	case piece[0] == '\r' && len(piece) > 1 && piece[1] == '\n':
		return 2
	}
	return 0
}

// endLine adds the end of a line. The relaxed form ignores blanks before it; in the
// simple form they are text.
func (b *bodyHash) endLine() {
	b.lineEnds++
	b.blanks, b.cr = false, false
}

// text adds octets of a line.
func (b *bodyHash) text(line []byte) {
	for len(line) > 0 {
		part := line[:min(len(line), cap(b.out)/2)]
		line = line[len(part):]
		if b.relaxed {
			b.relax(part)
		} else {
			b.begin()
			b.reserve(len(part))
			b.out = append(b.out, part...)
		}
	}
}

// relax adds octets of a line, with each run of blanks as one blank (section 3.4.4).
func (b *bodyHash) relax(part []byte) {
	if b.lineEnds > 0 {
		if len(bytes.TrimLeft(part, " \t")) == 0 {
			b.blanks = true
			return
		}
		b.begin()
	}
	b.reserve(len(part) + 1)
	if !b.blanks && isRelaxed(part) { // as most lines are, which need no loop over octets
		b.out, b.written = append(b.out, part...), true
		return
	}
	out, blanks := b.out, b.blanks
	for _, c := range part {
		if c == ' ' || c == '\t' {
			blanks = true
			continue
		}
		if blanks {
			out = append(out, ' ')
			blanks = false
		}
		out = append(out, c)
	}
	b.written = b.written || len(out) > len(b.out)
	b.out, b.blanks = out, blanks
}

// isRelaxed reports whether a part has neither a run of blanks nor a blank at its end.
func isRelaxed(part []byte) bool {
	return part[len(part)-1] != ' ' && bytes.IndexByte(part, '\t') < 0 && !bytes.Contains(part, []byte("  "))
}

// begin adds the line ends that were only counted, because a line follows.
func (b *bodyHash) begin() {
	for ; b.lineEnds > 0; b.lineEnds-- {
		b.reserve(len("\r\n"))
		b.out = append(b.out, "\r\n"...)
	}
	b.written = true
}

// reserve makes room in out for n octets. n must be at most its capacity.
func (b *bodyHash) reserve(n int) {
	if len(b.out)+n > cap(b.out) {
		b.flush()
	}
}

func (b *bodyHash) flush() {
	b.sum.Write(b.out)
	b.length += int64(len(b.out))
	b.out = b.out[:0]
}

// Sum returns the hash of the whole body. After it, length is the length of the
// canonical form. Empty lines at the end are ignored, and a last line without a line
// end gets one. The simple form of an empty body is one line end (section 3.4.3), and
// the relaxed form is empty (section 3.4.4).
func (b *bodyHash) Sum() []byte {
	if b.cr {
		b.text([]byte{'\r'})
	}
	if b.written || !b.relaxed {
		b.reserve(len("\r\n"))
		b.out = append(b.out, "\r\n"...)
	}
	b.flush()
	return b.sum.Sum(nil)
}
