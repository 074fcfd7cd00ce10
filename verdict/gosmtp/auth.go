package gosmtp

import (
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
)

// authentication is the part of a session that offers AUTH (RFC 4954). The policy
// does not judge it.
type authentication struct {
	session *session
	inner   smtp.AuthSession
}

func (a authentication) AuthMechanisms() (mechanisms []string) {
	a.session.call(func() error {
		mechanisms = a.inner.AuthMechanisms()
		return nil
	})
	return mechanisms
}

func (a authentication) Auth(mechanism string) (server sasl.Server, err error) {
	err = a.session.call(func() error {
		if a.session.transaction != nil { // RFC 4954, section 4
			return a.session.refuse(outOfOrder("AUTH is not permitted during a mail transaction, RSET comes first"))
		}
		inner, err := a.inner.Auth(mechanism)
		if err != nil {
			return a.refuse(err)
		}
		server = exchange{a, inner}
		return nil
	})
	return server, err
}

// refuse answers an error of the backend. One without a reply of its own is the
// temporary failure of RFC 4954, section 6.
func (a authentication) refuse(err error) error {
	if reply, ok := replyOf(err, false); ok {
		return a.session.refuse(reply)
	}
	a.session.log("AUTH", err)
	return a.session.refuse(ownReply(envelope.Status{Code: 454, Subject: 7}, "the login failed for now"))
}

// exchange is one SASL exchange.
type exchange struct {
	authentication
	server sasl.Server
}

func (x exchange) Next(response []byte) (challenge []byte, done bool, err error) {
	err = x.session.call(func() (err error) {
		if challenge, done, err = x.server.Next(response); err != nil {
			return x.refuse(err)
		}
		return nil
	})
	return challenge, done, err
}
