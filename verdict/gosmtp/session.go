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
// go-smtp calls its methods one after another, but for two: Logout comes at any
// time when the server closes, and Reset while the goroutine of a BDAT still
// reads its message. Both must not wait, because go-smtp holds a lock around
// them that a running call may need to come to its end. So they leave a note,
// and whoever has the session, or had it last, does what it says.
type session struct {
	guard      *Guard
	conn       *smtp.Conn
	wire       net.Conn // of conn; another one comes with another session
	connection *connection
	inner      smtp.Session
	ctx        context.Context // until Logout
	cancel     context.CancelFunc

	mu      sync.Mutex // held by the call that is running, and for what follows
	tx      *transaction
	about   *verdict.Event // what the command that is running is about, until it is answered
	closing bool           // the connection ends with the next Reset, which comes behind a reply
	ended   bool           // inner is logged out

	reset, logout atomic.Bool // the notes
}

func (g *Guard) newSession(c *smtp.Conn, backend smtp.Backend) (smtp.Session, error) {
	s := &session{guard: g, conn: c, wire: c.Conn(), connection: g.connection(c.Conn())}
	if s.connection.gone.Load() {
		return nil, smtpError(tooManyRefusals())
	}
	inner, err := backend.NewSession(c)
	if err == nil && inner == nil {
		err = errors.New("the backend made no session")
	}
	if err != nil {
		return nil, s.refuse(s.explain("EHLO", err, false))
	}
	s.inner = inner
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s.offering(), nil
}

// offering returns the session with the optional interfaces of go-smtp that it
// shall have, and no others: go-smtp finds out by asking for them.
func (s *session) offering() smtp.Session {
	auth, offersAuth := s.inner.(smtp.AuthSession)
	_, deliversEach := s.inner.(smtp.LMTPSession)
	deliversEach = deliversEach || s.conn.Server().LMTP
	switch {
	case offersAuth && deliversEach:
		return struct {
			*session
			authentication
			delivery
		}{s, authentication{s, auth}, delivery{s}}
	case offersAuth:
		return struct {
			*session
			authentication
		}{s, authentication{s, auth}}
	case deliversEach:
		return struct {
			*session
			delivery
		}{s, delivery{s}}
	}
	return s
}

// begin takes the session for a call, or reports that it is over.
func (s *session) begin() bool {
	s.mu.Lock()
	s.heedNotes()
	if s.ended || s.connection.gone.Load() {
		s.mu.Unlock()
		return false
	}
	return true
}

// end gives the session back, also when a call panics: go-smtp answers then, and
// closes the connection.
func (s *session) end() {
	defer s.catchUp()
	defer s.mu.Unlock()
	if s.about != nil {
		s.tell(ownReply(envelope.Status{Code: 421}, "internal server error"))
	}
}

// isOver reports whether the session ended during the call that is running.
// From then on the backend hears of nothing, whatever the policy says: the
// client may get no reply, and sends its mail again.
func (s *session) isOver() bool { return s.ctx.Err() != nil }

// catchUp does what notes say, unless a call is running: that one will.
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

// heedNotes is called with the session taken.
func (s *session) heedNotes() error {
	if s.reset.Swap(false) && !s.ended {
		s.tx = nil
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

// Reset ends the transaction, if there is one. go-smtp calls it behind the
// reply to DATA too.
func (s *session) Reset() {
	s.reset.Store(true)
	s.catchUp()
}

// Logout cancels what is running, and ends the session as soon as that has
// come to its end.
func (s *session) Logout() error {
	s.cancel()
	s.logout.Store(true)
	return s.catchUp()
}

// accept is what every success goes through on its way to go-smtp.
func (s *session) accept() error {
	s.tell(taken)
	return nil
}

// refuse is what every refusal goes through on its way to go-smtp. It counts
// those for good, and sees to it that a 421 closes the connection.
func (s *session) refuse(reply verdict.Reply) error {
	reply = s.counted(reply)
	s.tell(reply)
	if reply.Status.Code == 421 {
		s.hangUp(reply)
	}
	return smtpError(reply)
}

// counted returns the reply, or what is said in its place.
func (s *session) counted(reply verdict.Reply) verdict.Reply {
	limit := s.guard.MaxRejections
	switch reply.Status.Class() {
	case 4:
		return reply
	case 5:
		if s.connection.rejections.Add(1) > int64(limit) && limit > 0 {
			return tooManyRefusals()
		}
		return reply
	}
	return trouble(451) // no refusal may look like a success
}

// hangUp does not call Close of smtp.Conn: that ends the session under the
// commands that go-smtp has read already, which then panic. go-smtp closes it
// when it finds that it can't read any more.
func (s *session) hangUp(reply verdict.Reply) {
	s.connection.gone.Store(true)
	hangUp(s.wire, reply)
}

// over is the answer to commands that go-smtp still had when the session came
// to its end. Nobody is there to read it.
func (s *session) over() error {
	return smtpError(ownReply(envelope.Status{Code: 421, Subject: 4, Detail: 2}, "the connection is closed"))
}

// explain returns the reply that stands for an error of the backend.
func (s *session) explain(command string, err error, smtputf8 bool) verdict.Reply {
	if s.about != nil {
		s.about.Err = err
	}
	if reply, ok := replyOf(err, smtputf8); ok {
		return reply
	}
	s.log(command, err)
	return trouble(451)
}

// log tells the owner of the server what the client is not told.
func (s *session) log(command string, err error) {
	if log := s.conn.Server().ErrorLog; log != nil {
		// Sprint, because an error that is a nil pointer panics when it is asked.
		text := envelope.CleanText(fmt.Sprint(err), true)
		log.Printf("gosmtp: %s of %v: %s", command, s.wire.RemoteAddr(), text)
	}
}
