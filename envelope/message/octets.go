package message

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// chunk is how much of a message is read at a time, in octets.
const chunk = 64 << 10

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
