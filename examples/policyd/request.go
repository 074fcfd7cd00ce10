package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// Bounds of a request, in octets. Postfix sends some 30 lines of at most a few hundred
// octets.
const (
	maxLine    = 8 << 10
	maxRequest = 64 << 10
)

// request has the attributes of a request (SMTPD_POLICY_README) that the policy is about.
type request struct {
	kind       string // request
	state      string // protocol_state
	client     string // client_address
	helo       string // helo_name
	sender     string
	recipient  string
	login      string // sasl_username
	encryption string // encryption_protocol
	instance   string
	queueID    string // queue_id
}

// attribute returns where the value of an attribute belongs, nil if nowhere.
func (r *request) attribute(name []byte) *string {
	switch string(name) {
	case "request":
		return &r.kind
	case "protocol_state":
		return &r.state
	case "client_address":
		return &r.client
	case "helo_name":
		return &r.helo
	case "sender":
		return &r.sender
	case "recipient":
		return &r.recipient
	case "sasl_username":
		return &r.login
	case "encryption_protocol":
		return &r.encryption
	case "instance":
		return &r.instance
	case "queue_id":
		return &r.queueID
	}
	return nil
}

// errRequest is the error of a request that is not one of a Postfix policy client.
var errRequest = errors.New("not a request of a policy client")

// readRequest reads the lines up to the empty one. The error is io.EOF if the client
// sends no more requests.
func readRequest(in *bufio.Reader) (*request, error) {
	r := new(request)
	text := make([]byte, 0, 512) // the values one after another
	found := make(places, 0, 16)
	for size := 0; ; {
		line, err := in.ReadSlice('\n')
		size += len(line)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) || size > maxRequest:
			return nil, fmt.Errorf("%w: it is too large", errRequest)
		case errors.Is(err, io.EOF) && size > 0:
			return nil, fmt.Errorf("%w: it has no end", errRequest)
		case err != nil:
			return nil, err
		case len(line) == 1:
			found.set(string(text))
			return r, r.check()
		}
		name, value, ok := bytes.Cut(line[:len(line)-1], []byte("="))
		if !ok {
			return nil, fmt.Errorf("%w: the line %q has no equals sign", errRequest, envelope.Excerpt(string(name)))
		}
		if attribute := r.attribute(name); attribute != nil {
			text = append(text, value...)
			found = append(found, place{attribute, len(text)})
		}
	}
}

// places are where the values of attributes end in a text that has them one after
// another. One string for all values takes less time than one for each.
type places []place

type place struct {
	attribute *string
	end       int
}

// set sets the attributes to their values in text.
func (found places) set(text string) {
	start := 0
	for _, p := range found {
		*p.attribute = text[start:p.end]
		start = p.end
	}
}

func (r *request) check() error {
	if r.kind != "smtpd_access_policy" {
		return fmt.Errorf("%w: the request is %q", errRequest, envelope.Excerpt(r.kind))
	}
	return nil
}

// stage returns how far the transaction has come. At RCPT everything is known that
// Postfix will ever tell, so the envelope is whole: it has no message. ok is false for
// requests that the policy has nothing to say about.
func (r *request) stage() (stage envelope.Stage, ok bool) {
	switch r.state {
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
func (r *request) envelope(stage envelope.Stage, recipients int) *envelope.Envelope {
	e := &envelope.Envelope{
		Stage: stage, Helo: r.helo, Login: r.login,
		MailFrom: path(r.sender), RcptTo: path(r.recipient), Recipients: recipients,
	}
	e.ClientIP, _ = netip.ParseAddr(r.client) // "unknown" has no address
	if r.encryption != "" {
		e.TLS = &tls.ConnectionState{HandshakeComplete: true}
	}
	e.SMTPUTF8 = !envelope.IsASCII(e.MailFrom) || !envelope.IsASCII(e.RcptTo)
	return e
}

// path returns the path of MAIL or RCPT for an address, which Postfix sends without the
// quotes of its local part: the sender <"a b"@example.net> as a b@example.net.
func path(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at <= 0 {
		return address
	}
	return envelope.Mailbox{Local: address[:at], Domain: envelope.Host(address[at+1:])}.String()
}
