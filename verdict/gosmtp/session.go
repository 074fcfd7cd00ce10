package gosmtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// session stands between go-smtp and a session of the backend.
//
// go-smtp calls its methods one after another, except two: Logout comes at any
// time when the server closes, and Reset while the goroutine of a BDAT still reads
// its message. Neither may wait, because go-smtp holds a lock that the running call
// may need in order to return. They leave a note, which the running call obeys
// before it returns, or they themselves if no call is running.
type session struct {
	guard      *Guard
	conn       *smtp.Conn
	wire       net.Conn // of conn; STARTTLS brings another, and another session
	connection *connection
	inner      smtp.Session
	ctx        context.Context // until Logout
	cancel     context.CancelFunc

	mu          sync.Mutex   // held by the running call; guards what follows
	transaction *transaction // nil if there is none
	closing     bool         // the next Reset, which comes after a reply, closes the connection
	ended       bool         // inner is logged out

	reset, logout atomic.Bool // the notes
}

func (g *Guard) newSession(c *smtp.Conn, backend smtp.Backend) (smtp.Session, error) {
	s := &session{guard: g, conn: c, wire: c.Conn()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.connection = g.connection(s.ctx, s.wire)
	if s.connection.gone.Load() {
		return nil, smtpError(tooManyRefusals())
	}
	if s.connection.session != nil {
		s.connection.verdicts.StartTLS()
	}
	inner, err := backend.NewSession(c)
	if err == nil && inner == nil {
		err = errors.New("the backend made no session")
	}
	if err != nil {
		return nil, s.refuse(s.explain("EHLO", err, false))
	}
	s.inner = inner
	s.connection.session = s
	s.connection.verdicts.LMTP = c.Server().LMTP
	if auth, ok := inner.(smtp.AuthSession); ok { // go-smtp looks for AUTH by type
		return struct {
			*session
			authentication
		}{s, authentication{s, auth}}, nil
	}
	return s, nil
}

// begin locks the session for a call. It reports false if the session is over.
func (s *session) begin() bool {
	s.mu.Lock()
	s.heedNotes()
	if s.ended || s.connection.gone.Load() {
		s.mu.Unlock()
		return false
	}
	s.connection.replies = s.connection.replies[:0]
	return true
}

// call calls f while the session is locked, unless the session is over.
func (s *session) call(f func() error) error {
	if !s.begin() {
		return s.over()
	}
	defer s.end()
	return f()
}

// end unlocks the session. It is deferred, because go-smtp recovers from a panic of
// the call and goes on to Logout.
func (s *session) end() {
	defer s.catchUp()
	s.mu.Unlock()
}

// isOver reports whether Logout came. From then on the backend is not called,
// because the client may get no reply, and sends its mail again.
func (s *session) isOver() bool { return s.ctx.Err() != nil }

// catchUp obeys the notes, unless a call is running.
func (s *session) catchUp() (err error) {
	for (s.reset.Load() || s.logout.Load()) && s.mu.TryLock() {
		err = s.heedAndUnlock()
	}
	return err
}

func (s *session) heedAndUnlock() error {
	defer s.mu.Unlock()
	return s.heedNotes()
}

// heedNotes obeys the notes. The session is locked.
func (s *session) heedNotes() error {
	if s.reset.Swap(false) && !s.ended {
		s.transaction = nil
		s.connection.verdicts.Reset()
		if s.closing {
			s.connection.gone.Store(true)
			s.wire.Close()
		}
		s.inner.Reset()
	}
	if s.logout.Swap(false) && !s.ended {
		s.ended = true
		return s.inner.Logout()
	}
	return nil
}

// Reset ends the transaction, if there is one. go-smtp calls it after the reply to
// DATA too.
func (s *session) Reset() {
	s.reset.Store(true)
	s.catchUp()
}

// Logout ends the session. STARTTLS comes between two calls. If a call is running
// the server is closing: the judgement is cancelled, and the backend is logged out
// at the end of the call.
func (s *session) Logout() error {
	s.cancel()
	s.logout.Store(true)
	err := s.catchUp()
	if s.logout.Load() {
		s.connection.verdicts.Close()
	}
	return err
}

// answer returns the last reply as an error for go-smtp, nil for a success.
func (s *session) answer() error {
	reply := s.connection.replies[len(s.connection.replies)-1]
	switch {
	case reply.Status.Class() == 2:
		return nil
	case s.isOver():
		return s.over()
	}
	return s.send(reply)
}

// refuse answers a command that the policy does not judge.
func (s *session) refuse(reply verdict.Reply) error { return s.send(s.connection.counted(reply)) }

// send returns a refusal as an error for go-smtp. A 421 closes the connection.
func (s *session) send(reply verdict.Reply) error {
	if reply.Status.Code == 421 {
		s.hangUp(reply)
	}
	return smtpError(reply)
}

// hangUp does not call Close of smtp.Conn: that removes the session, and commands
// that go-smtp has read already would panic. go-smtp calls it itself when the next
// read fails.
func (s *session) hangUp(reply verdict.Reply) {
	s.connection.gone.Store(true)
	hangUp(s.wire, reply)
}

// over is the answer to a command that go-smtp had read before the session ended.
func (s *session) over() error {
	return smtpError(ownReply(envelope.Status{Code: 421, Subject: 4, Detail: 2}, "the connection is closed"))
}

// explain returns the reply that stands for an error of the backend.
func (s *session) explain(command string, err error, smtputf8 bool) verdict.Reply {
	if reply, ok := replyOf(err, smtputf8); ok {
		return reply
	}
	s.log(command, err)
	return trouble(451)
}

// log writes an error that the client must not see to the log of the server.
func (s *session) log(command string, err error) {
	if log := s.conn.Server().ErrorLog; log != nil {
		// Sprint, because Error of a nil pointer panics.
		text := envelope.CleanText(fmt.Sprint(err), true)
		log.Printf("gosmtp: %s of %v: %s", command, s.wire.RemoteAddr(), text)
	}
}
