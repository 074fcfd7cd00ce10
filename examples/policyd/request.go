package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// Bounds of a request. Postfix sends some 30 attributes of a few hundred octets.
const (
	maxRequest    = 64 << 10 // octets
	maxAttributes = 200
)

// request has the attributes of a request (SMTPD_POLICY_README) by name.
type request map[string]string

// errRequest is the error of a request that is not one of a Postfix policy client.
var errRequest = errors.New("not a request of a policy client")

// readRequest reads the lines up to the empty one. The error is io.EOF if the client
// sends no more requests.
func readRequest(in *bufio.Reader) (request, error) {
	r := request{}
	for size := 0; ; {
		line, err := in.ReadSlice('\n')
		size += len(line)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) || size > maxRequest || len(r) > maxAttributes:
			return nil, fmt.Errorf("%w: it is too large", errRequest)
		case errors.Is(err, io.EOF) && size > 0:
			return nil, fmt.Errorf("%w: it has no end", errRequest)
		case err != nil:
			return nil, err
		case len(line) == 1:
			return r, r.check()
		}
		name, value, found := strings.Cut(string(line[:len(line)-1]), "=")
		if !found {
			return nil, fmt.Errorf("%w: the line %q has no equals sign", errRequest, envelope.Excerpt(name))
		}
		r[name] = value
	}
}

func (r request) check() error {
	if kind := r["request"]; kind != "smtpd_access_policy" {
		return fmt.Errorf("%w: the request is %q", errRequest, envelope.Excerpt(kind))
	}
	return nil
}

// stage returns how far the transaction has come. At RCPT everything is known that
// Postfix will ever tell, so the envelope is whole: it has no message. ok is false for
// requests that the policy has nothing to say about.
func (r request) stage() (stage envelope.Stage, ok bool) {
	switch r["protocol_state"] {
	case "CONNECT":
		return envelope.Connect, true
	case "HELO", "EHLO":
		return envelope.Helo, true
	case "MAIL":
		return envelope.Mail, true
	case "RCPT":
		return envelope.Whole, true
	}
	return envelope.Start, false // DATA, END-OF-MESSAGE, VRFY, ETRN
}

// envelope returns the envelope of the request for a recipient who comes after others.
func (r request) envelope(stage envelope.Stage, recipients int) *envelope.Envelope {
	e := &envelope.Envelope{
		Stage: stage, Helo: r["helo_name"], Login: r["sasl_username"],
		MailFrom: r["sender"], RcptTo: r["recipient"], Recipients: recipients,
	}
	e.ClientIP, _ = netip.ParseAddr(r["client_address"]) // "unknown" has no address
	if r["encryption_protocol"] != "" {
		e.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	e.SMTPUTF8 = !envelope.IsASCII(e.MailFrom) || !envelope.IsASCII(e.RcptTo)
	return e
}
