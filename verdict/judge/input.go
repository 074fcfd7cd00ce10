package judge

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine bounds a line of input, in octets. A message of 25 MB, the limit of many
// servers, has 150 MB if each octet is written as \u00xx.
const maxLine = 256 << 20

var errTooLong = errors.New("the line is too long")

// lines reads an input line by line.
type lines struct {
	source *bufio.Reader
	limit  int // octets
	number int // of the last line, from 1
}

func newLines(r io.Reader) *lines {
	return &lines{source: bufio.NewReaderSize(r, 64<<10), limit: maxLine}
}

// next returns the next line that is not blank. The error is
//
//   - io.EOF at the end;
//   - errTooLong for a line over the limit: the next call returns the line after it;
//   - otherwise the error of the input.
func (l *lines) next() ([]byte, error) {
	for {
		text, err := l.read()
		if text = bytes.Trim(text, " \t\r\n"); len(text) > 0 && (err == nil || err == io.EOF) {
			return text, nil // the next call returns io.EOF again
		}
		if err != nil {
			return nil, err
		}
	}
}

func (l *lines) read() ([]byte, error) {
	l.number++
	var text []byte
	tooLong := false
	for {
		part, err := l.source.ReadSlice('\n')
		if tooLong = tooLong || len(text)+len(part) > l.limit; tooLong {
			text = nil
		} else {
			text = append(text, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case tooLong && (err == nil || err == io.EOF):
			return nil, errTooLong
		}
		return text, err
	}
}
