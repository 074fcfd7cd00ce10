package gosmtp

import (
	"errors"
	"io"
	"reflect"
	"runtime"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
)

// readChunks reads a message that comes in chunks (BDAT, RFC 3030). go-smtp calls it in
// another goroutine.
func (s *session) readChunks(r *io.PipeReader, spool envelope.Spool) (*envelope.Message, error) {
	cutOff := s.cutOff
	s.connection.broken.Store(&cutOff)
	defer s.connection.broken.CompareAndSwap(&cutOff, nil)
	message, err := spool.ReadMessage(r)
	switch {
	case errors.Is(err, smtp.ErrDataReset):
		// RSET, or the like, between two chunks. Nothing waits for the result, and
		// go-smtp would take it for the reply to the next message, because it has
		// one channel for both. So this goroutine ends without a result.
		runtime.Goexit()
	case err == nil && message.Size() < announced(s.conn):
		message.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return message, err
}

// announced returns the size of a message by its chunks, 0 if it is unknown.
// go-smtp takes the end of a connection for the end of the chunk. It counts what
// was announced, but has no method for it. The count does not change once the
// message has ended.
func announced(c *smtp.Conn) int64 {
	count := reflect.ValueOf(c).Elem().FieldByName("bytesReceived")
	if !count.IsValid() || !count.CanInt() {
		return 0
	}
	return count.Int()
}

// cutOff answers a message in chunks whose connection fails, from within the
// read that failed. go-smtp would answer 554 with the error in its text, and the
// client would return its mail.
func (s *session) cutOff() {
	s.call(func() error { return s.brokenOff(io.ErrUnexpectedEOF) })
}
