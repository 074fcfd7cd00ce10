package envelope

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// ErrTooLarge is the error for a message that exceeds the limit of [NewDataReader].
// The usual reply is 552 5.3.4 (RFC 3463, section 3.4).
var ErrTooLarge = errors.New("the message is larger than the limit")

// NewDataReader returns a reader of a message as a client sends it after DATA (RFC
// 5321, section 4.5.2). The message ends only at CRLF "." CRLF. The reader removes the
// dot that the client put before a line that begins with one, and changes nothing else:
// a bare CR or LF stays, so that checks can see it. What follows the message remains
// in r.
//
//	message, err := envelope.Spool{}.ReadMessage(envelope.NewDataReader(conn, limit))
//
// A message may have at most limit octets; 0 or less means no limit. Read returns
//
//   - [io.EOF] at the end of the message,
//   - [io.ErrUnexpectedEOF] if the connection ends before that,
//   - [ErrTooLarge] for a message over the limit, after it has read the whole
//     message, so that the connection can continue.
//
// After any other error the server must close the connection: what follows may be the
// rest of the message. The reader has no timeout: set a deadline on the connection.
func NewDataReader(r *bufio.Reader, limit int64) io.Reader {
	if limit <= 0 {
		limit = 1<<63 - 1
	}
	return &dataReader{from: r, left: limit, state: afterCRLF}
}

// dataReader is the reader of NewDataReader.
type dataReader struct {
	from  *bufio.Reader
	left  int64
	state lineState
	err   error
}

// lineState is what the last octets of the message were.
type lineState uint8

const (
	inLine lineState = iota
	afterCR
	afterCRLF
)

// Read implements [io.Reader].
func (d *dataReader) Read(p []byte) (int, error) {
	if len(p) == 0 && d.err == nil {
		return 0, nil
	}
	for d.err == nil {
		chunk, err := d.next(len(p))
		if err != nil {
			d.err = err
			break
		}
		if int64(len(chunk)) > d.left {
			d.err = d.overrun(len(chunk))
			break
		}
		if n := copy(p, chunk); n > 0 {
			d.from.Discard(n)
			d.left -= int64(n)
			return n, nil
		}
	}
	return 0, d.err
}

// overrun reads the rest of a message that is too large.
func (d *dataReader) overrun(length int) error {
	for {
		d.from.Discard(length)
		chunk, err := d.next(d.from.Size())
		switch {
		case err == io.EOF:
			return ErrTooLarge
		case err != nil:
			return err
		}
		length = len(chunk)
	}
}

// next returns at most limit octets of the message from the buffer of the underlying
// reader, without discarding them there. It may return none before the end.
func (d *dataReader) next(limit int) ([]byte, error) {
	if d.state == afterCRLF {
		if err := d.dot(); err != nil {
			return nil, err
		}
	}
	if _, err := d.from.Peek(1); err != nil {
		return nil, unexpected(err)
	}
	chunk, _ := d.from.Peek(min(d.from.Buffered(), limit))
	if d.state == afterCR && chunk[0] == '\n' {
		d.state = afterCRLF
		return chunk[:1], nil
	}
	if i := bytes.Index(chunk, []byte("\r\n.")); i >= 0 {
		d.state = afterCRLF
		return chunk[:i+2], nil
	}
	switch {
	case bytes.HasSuffix(chunk, []byte("\r\n")):
		d.state = afterCRLF
	case chunk[len(chunk)-1] == '\r':
		d.state = afterCR
	default:
		d.state = inLine
	}
	return chunk, nil
}

// dot removes the dot at the beginning of a line, if there is one. It returns io.EOF
// if the line is that dot alone, which ends the message.
func (d *dataReader) dot() error {
	first, err := d.from.Peek(1)
	if err != nil {
		return unexpected(err)
	}
	d.state = inLine
	if first[0] != '.' {
		return nil
	}
	end := []byte(".\r\n")
	for n := 2; n <= len(end); n++ {
		line, err := d.from.Peek(n)
		if err != nil {
			return unexpected(err)
		}
		if line[n-1] != end[n-1] {
			d.from.Discard(1)
			return nil
		}
	}
	d.from.Discard(len(end))
	return io.EOF
}

// unexpected returns err, or io.ErrUnexpectedEOF for io.EOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
