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

func (a authentication) AuthMechanisms() []string {
	if !a.session.begin() {
		return nil
	}
	defer a.session.end()
	return a.inner.AuthMechanisms()
}

func (a authentication) Auth(mechanism string) (sasl.Server, error) {
	if !a.session.begin() {
		return nil, a.session.over()
	}
	defer a.session.end()
	if a.session.transaction != nil { // RFC 4954, section 4
		return nil, a.session.refuse(outOfOrder("AUTH is not permitted during a mail transaction, RSET comes first"))
	}
	server, err := a.inner.Auth(mechanism)
	if err != nil {
		return nil, a.refuse(err)
	}
	return exchange{a, server}, nil
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

func (x exchange) Next(response []byte) ([]byte, bool, error) {
	if !x.session.begin() {
		return nil, false, x.session.over()
	}
	defer x.session.end()
	challenge, done, err := x.server.Next(response)
	if err != nil {
		return nil, false, x.refuse(err)
	}
	return challenge, done, nil
}
