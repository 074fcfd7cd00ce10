package dkim

import (
	"bytes"
	"crypto/sha256"
	"hash"
)

// bodyHash hashes a body in one of its canonical forms (RFC 6376, section 3.4),
// as it comes, in pieces of any size. It holds nothing of the body: line ends
// that may turn out to be the last are counted, and a run of blanks is one bit.
// A line ends with LF, with or without CR before it, and is hashed with both; a
// CR elsewhere is data.
type bodyHash struct {
	relaxed  bool
	sum      hash.Hash
	out      []byte // on its way to sum
	lineEnds int64  // met since the last octet of a line
	blanks   bool   // met since the last octet of a line: relaxed only
	cr       bool   // the last piece ended with CR
	written  bool   // the body has a line that is not empty
}

func newBodyHash(relaxed bool) *bodyHash {
	return &bodyHash{relaxed: relaxed, sum: sha256.New(), out: make([]byte, 0, 32<<10)}
}

// Write takes the next piece of the body. It implements [io.Writer] and never
// fails.
func (b *bodyHash) Write(piece []byte) (int, error) {
	length := len(piece)
	for len(piece) > 0 {
		end := bytes.IndexByte(piece, '\n')
		line, rest := piece, []byte(nil)
		if end >= 0 {
			line, rest = piece[:end], piece[end+1:]
		}
		if b.cr && (end < 0 || len(line) > 0) { // it ended no line
			b.text([]byte{'\r'})
		}
		line, b.cr = bytes.CutSuffix(line, []byte{'\r'})
		b.text(line)
		if end >= 0 {
			b.cr, b.blanks = false, false // blanks at the end of a line: ignored
			b.lineEnds++
		}
		piece = rest
	}
	return length, nil
}

// text takes octets of a line.
func (b *bodyHash) text(line []byte) {
	if !b.relaxed {
		b.put(line)
		return
	}
	for len(line) > 0 {
		end := 0
		for end < len(line) && line[end] != ' ' && line[end] != '\t' {
			end++
		}
		b.put(line[:end])
		if line = line[end:]; len(line) > 0 {
			b.blanks = true
			line = bytes.TrimLeft(line, " \t")
		}
	}
}

// put passes octets on, and before them what was held back.
func (b *bodyHash) put(octets []byte) {
	if len(octets) == 0 {
		return
	}
	for ; b.lineEnds > 0; b.lineEnds-- {
		b.hash("\r\n")
	}
	if b.blanks {
		b.hash(" ")
		b.blanks = false
	}
	b.written = true
	if len(b.out)+len(octets) > cap(b.out) {
		b.flush()
	}
	if len(octets) > cap(b.out) {
		b.sum.Write(octets)
		return
	}
	b.out = append(b.out, octets...)
}

func (b *bodyHash) hash(octets string) {
	if len(b.out)+len(octets) > cap(b.out) {
		b.flush()
	}
	b.out = append(b.out, octets...)
}

func (b *bodyHash) flush() {
	b.sum.Write(b.out)
	b.out = b.out[:0]
}

// Sum returns the hash of the whole body. Of the empty lines at the end none
// counts, and the last line has its end, whether it came with one or not. The
// simple form of an empty body is one line end (section 3.4.3), the relaxed one
// is nothing (section 3.4.4).
func (b *bodyHash) Sum() []byte {
	if b.cr {
		b.text([]byte{'\r'})
	}
	if b.written || !b.relaxed {
		b.hash("\r\n")
	}
	b.flush()
	return b.sum.Sum(nil)
}
