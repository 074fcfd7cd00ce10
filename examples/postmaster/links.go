package postmaster

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// Links makes and reads the links of refusals. A link carries what its page needs: the
// check and the codes of the refusal, the address and the HELO name of the client, and the
// domain of the sender. It has no address of a person. It is signed, so that a page shows
// only what the site has said.
type Links struct {
	// Base is the address of the pages, such as https://postmaster.example.org.
	Base string
	// Key signs the links. All servers of a site use the same, of 16 octets or more.
	Key []byte
	// Life is how long a link is valid. 0 means 30 days.
	Life time.Duration
	// Now is the clock. nil is time.Now.
	Now func() time.Time
}

// refusal is what a link carries.
type refusal struct {
	check     string
	status    envelope.Status
	temporary bool
	client    netip.Addr
	helo      string
	domain    string // of the sender
}

// Errors of a link.
var (
	errForged  = errors.New("this link is not one of this site, or it is not complete")
	errExpired = errors.New("this link has expired")
)

const (
	version  = 1
	macSize  = 16
	maxName  = 64  // octets of the HELO name, and of the domain
	maxToken = 600 // characters
)

func (l *Links) now() time.Time {
	if l.Now != nil {
		return l.Now()
	}
	return time.Now()
}

func (l *Links) life() time.Duration {
	if l.Life > 0 {
		return l.Life
	}
	return 30 * 24 * time.Hour
}

// Of returns the link for a refusal: the Link of a verdict.Policy.
func (l *Links) Of(v verdict.Verdict, e *envelope.Envelope) string {
	r := refusal{
		check: decisive(v.Finding).Check, status: v.Status, temporary: v.Action == verdict.TempFail,
		client: e.Client(), helo: short(e.Helo),
	}
	if mailbox, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8); err == nil {
		r.domain = short(string(mailbox.Domain))
	}
	return strings.TrimSuffix(l.Base, "/") + "/r/" + l.token(r)
}

// decisive returns the finding of a combination that decided it.
func decisive(f envelope.Finding) envelope.Finding {
	operands, _ := f.Detail.([]envelope.Finding)
	for _, operand := range operands {
		if operand.Outcome == f.Outcome && operand.Text == f.Text {
			return decisive(operand)
		}
	}
	return f
}

// short returns a name without what a link need not carry: it is cleaned, and "" if it is
// too long.
func short(name string) string {
	if name = envelope.CleanText(name, true); len(name) > maxName {
		return ""
	}
	return name
}

// token returns the signed form of a refusal.
func (l *Links) token(r refusal) string {
	flags := byte(0)
	if r.temporary {
		flags = 1
	}
	b := []byte{version, flags}
	b = binary.BigEndian.AppendUint32(b, uint32(l.now().Add(l.life()).Unix()/60))
	for _, n := range []uint16{r.status.Code, r.status.Subject, r.status.Detail} {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	for _, part := range []string{r.check, string(r.client.AsSlice()), r.helo, r.domain} {
		b = append(append(b, byte(len(part))), part...)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, l.mac(b)...))
}

func (l *Links) mac(b []byte) []byte {
	h := hmac.New(sha256.New, l.Key)
	h.Write(b)
	return h.Sum(nil)[:macSize]
}

// read reads a token.
func (l *Links) read(token string) (r refusal, err error) {
	if len(token) > maxToken {
		return r, errForged
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < macSize || base64.RawURLEncoding.EncodeToString(raw) != token { // one form only
		return r, errForged
	}
	b, mac := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	const fixed = 12
	if !hmac.Equal(mac, l.mac(b)) || len(b) < fixed || b[0] != version {
		return r, errForged
	}
	if expires := int64(binary.BigEndian.Uint32(b[2:])) * 60; l.now().Unix() > expires {
		return r, errExpired
	}
	r.temporary = b[1]&1 == 1
	r.status = envelope.Status{Code: binary.BigEndian.Uint16(b[6:]), Subject: binary.BigEndian.Uint16(b[8:]), Detail: binary.BigEndian.Uint16(b[10:])}
	var client string
	rest := b[fixed:]
	for _, part := range []*string{&r.check, &client, &r.helo, &r.domain} {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return r, errForged
		}
		*part, rest = string(rest[1:1+rest[0]]), rest[1+rest[0]:]
	}
	r.client, _ = netip.AddrFromSlice([]byte(client))
	return r, nil
}

// verdict returns the refusal as a verdict, and what is known of the envelope.
func (r refusal) verdict() (verdict.Verdict, *envelope.Envelope) {
	action, outcome := verdict.Reject, envelope.Fail
	if r.temporary {
		action = verdict.TempFail
	}
	v := verdict.Verdict{
		Action: action, Status: r.status, Rule: r.check, Text: "the mail was refused",
		Finding: envelope.Finding{Check: r.check, Outcome: outcome, Status: r.status},
	}
	e := &envelope.Envelope{ClientIP: r.client, Helo: r.helo}
	if r.domain != "" {
		e.MailFrom = "postmaster@" + r.domain
	}
	return v, e
}
