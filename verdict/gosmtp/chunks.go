package gosmtp

import (
	"errors"
	"io"
	"reflect"
	"runtime"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
)

// receiveChunks reads a message that comes in chunks (BDAT, RFC 3030), for which
// go-smtp has a goroutine of its own.
func (s *session) receiveChunks(r *io.PipeReader) (*envelope.Message, error) {
	cutOff := s.cutOff
	s.connection.broken.Store(&cutOff)
	defer s.connection.broken.CompareAndSwap(&cutOff, nil)
	message, err := s.read(r)
	switch {
	case errors.Is(err, smtp.ErrDataReset):
		// RSET, or the like, between two chunks. Nothing waits for the result, but
		// go-smtp would hand it to the next message, as the reply to that one: it
		// knows the channel of the last message only. So it gets none.
		runtime.Goexit()
	case err == nil && message.Size() < announced(s.conn):
		message.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return message, err
}

// announced returns how many octets a message has by the sizes of its chunks.
// go-smtp takes the end of a connection for the end of the chunk, counts what
// was announced, and offers no method for it. The count is at rest when the
// message has ended. Without it nothing is known, which is 0.
func announced(c *smtp.Conn) int64 {
	count := reflect.ValueOf(c).Elem().FieldByName("bytesReceived")
	if !count.IsValid() || !count.CanInt() {
		return 0
	}
	return count.Int()
}

// cutOff answers a message in chunks whose connection fails, from within the
// read that failed. The answer of go-smtp would be a 554 with the error in its
// text, for which a client returns its mail.
func (s *session) cutOff() {
	if !s.begin() {
		return
	}
	defer s.end()
	s.brokenOff(io.ErrUnexpectedEOF)
}
