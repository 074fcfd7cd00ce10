package verdict

import (
	"context"
	"fmt"

	"mxrules.example/envelope"
)

// behind makes e say who the client behind a gateway is, as Connection.Behind does.
func (s *Session) behind(e *envelope.Envelope) (err error) {
	if s.connection.Behind == nil {
		return nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("Connection.Behind panicked: %v", v)
		}
	}()
	found, err := s.connection.Behind(*e)
	if err != nil {
		return err
	}
	e.ClientIP, e.SpokeEarly, e.Helo, e.TLS, e.Login = found.Client(), found.SpokeEarly, found.Helo, found.TLS, found.Login
	e.Relayed = found.Relayed && e.Stage < envelope.Data
	return nil
}

// identify is behind. If it fails, the verdict is a tempfail with its error.
func (s *Session) identify(e *envelope.Envelope) (v Verdict, ok bool) {
	err := s.behind(e)
	if err == nil {
		return Verdict{}, true
	}
	f := envelope.Unavailable("client.behind", err)
	f.Text = "the client behind the gateway cannot be identified"
	unidentified := func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding { return f }
	return Policy{Rules: Rules{RejectUnless(unidentified)}}.Judge(s.ctx, nil, e), false
}
