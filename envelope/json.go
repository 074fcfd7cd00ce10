package envelope

import (
	"crypto/tls"
	"encoding/base64"
	"net/netip"
	"time"
	"unicode/utf8"
)

// JSON is an Envelope in JSON, with all recipients of its transaction. Decode into
// it with [encoding/json], or embed it in a struct with more fields.
//
//	{"stage": "rcpt", "client_ip": "192.0.2.1", "helo": "mail.example.org",
//	 "mail_from": "a@example.org", "rcpt_to": ["b@example.net"]}
type JSON struct {
	Stage         string   `json:"stage,omitempty"`          // as Stage.String writes it
	ClientIP      string   `json:"client_ip,omitempty"`      // "" is an unknown address
	SpokeEarly    bool     `json:"spoke_early,omitempty"`    //
	Helo          string   `json:"helo,omitempty"`           //
	MailFrom      string   `json:"mail_from,omitempty"`      // without angle brackets; "" is the null sender
	RcptTo        []string `json:"rcpt_to,omitempty"`        // each is judged
	Login         string   `json:"login,omitempty"`          //
	TLS           bool     `json:"tls,omitempty"`            //
	SMTPUTF8      bool     `json:"smtputf8,omitempty"`       //
	Message       string   `json:"message,omitempty"`        // unchanged, with its line ends
	MessageBase64 string   `json:"message_base64,omitempty"` // in place of Message, if that is not UTF-8
	Now           string   `json:"now,omitempty"`            // RFC 3339
}

// Envelope returns the envelope that j describes, and its recipients. RcptTo of the
// envelope is the first of them, if there is one. The error is a *[SyntaxError] with
// the field and the value.
func (j JSON) Envelope() (e Envelope, recipients []string, err error) {
	e = Envelope{
		SpokeEarly: j.SpokeEarly,
		Login:      j.Login,
		Helo:       j.Helo,
		MailFrom:   j.MailFrom,
		SMTPUTF8:   j.SMTPUTF8,
	}
	if err := e.Stage.UnmarshalText([]byte(j.Stage)); err != nil {
		return Envelope{}, nil, err
	}
	if j.ClientIP != "" {
		addr, err := netip.ParseAddr(j.ClientIP)
		if err != nil {
			return Envelope{}, nil, &SyntaxError{Kind: "client_ip", Value: j.ClientIP, Reason: "is not an IP address"}
		}
		e.ClientIP = addr.Unmap().WithZone("")
	}
	if j.TLS {
		e.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	if len(j.RcptTo) > 0 {
		e.RcptTo = j.RcptTo[0]
	}
	if e.Message, err = j.message(); err != nil {
		return Envelope{}, nil, err
	}
	if j.Now != "" {
		if e.Now, err = time.Parse(time.RFC3339, j.Now); err != nil {
			return Envelope{}, nil, &SyntaxError{Kind: "now", Value: j.Now, Reason: "is not a time such as 2006-01-02T15:04:05Z"}
		}
	}
	return e, j.RcptTo, nil
}

func (j JSON) message() (*Message, error) {
	switch {
	case j.Message != "" && j.MessageBase64 != "":
		return nil, &SyntaxError{Kind: "message_base64", Value: j.MessageBase64, Reason: "is given together with message"}
	case j.Message != "":
		return NewMessage([]byte(j.Message)), nil
	case j.MessageBase64 != "":
		raw, err := base64.StdEncoding.DecodeString(j.MessageBase64)
		if err != nil {
			return nil, &SyntaxError{Kind: "message_base64", Value: j.MessageBase64, Reason: "is not valid base64 (RFC 4648, section 4)"}
		}
		return NewMessage(raw), nil
	}
	return nil, nil
}

// JSON returns e in JSON with recipients, or with RcptTo if there are none. It does
// not keep Recipients, the details of TLS, and an empty message. The error is that of
// reading the message.
func (e *Envelope) JSON(recipients ...string) (JSON, error) {
	j := JSON{
		SpokeEarly: e.SpokeEarly,
		Login:      e.Login,
		Helo:       e.Helo,
		MailFrom:   e.MailFrom,
		RcptTo:     recipients,
		TLS:        e.TLS != nil,
		SMTPUTF8:   e.SMTPUTF8,
	}
	if e.Stage != Whole {
		j.Stage = e.Stage.String()
	}
	if client := e.Client(); client.IsValid() {
		j.ClientIP = client.String()
	}
	if len(recipients) == 0 && e.RcptTo != "" {
		j.RcptTo = []string{e.RcptTo}
	}
	if !e.Now.IsZero() {
		j.Now = e.Now.Format(time.RFC3339Nano)
	}
	if e.Message == nil {
		return j, nil
	}
	raw := make([]byte, e.Message.Size())
	if _, err := e.Message.Open().ReadAt(raw, 0); err != nil && len(raw) > 0 {
		return JSON{}, err
	}
	if utf8.Valid(raw) {
		j.Message = string(raw)
	} else {
		j.MessageBase64 = base64.StdEncoding.EncodeToString(raw)
	}
	return j, nil
}
