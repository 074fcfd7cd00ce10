package postmaster

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/explain"
)

// Links makes and reads the links of refusals. A link carries what its page needs: the
// check, what it found, the codes of the refusal, the address and the HELO name of the
// client, and the domain of the sender. It has no address of a person: local parts and
// logins are left out. It is signed for this Base, so that a page shows only what the site
// has said, and not what another site with the same key has said.
//
// Whoever has a link may open it until it expires, and as often as they like: it is in the
// report that the sender gets, and goes on to the provider. It shows the same to all of
// them.
type Links struct {
	// Base is the address of the pages, such as https://postmaster.example.org.
	Base string
	// Key signs the links. All servers of a site use the same, of 16 octets or more. With a
	// shorter one there are no links, because they could be forged.
	Key []byte
	// Life is how long a link is valid. 0 means 30 days.
	Life time.Duration
	// Now is the clock. nil is time.Now.
	Now func() time.Time
}

// refusal is what a link carries.
type refusal struct {
	check   string
	outcome envelope.Outcome
	action  verdict.Action
	status  envelope.Status
	client  netip.Addr
	helo    string
	domain  string // of the sender
	seen    string
}

// Errors of a link.
var (
	errForged  = errors.New("this link is not one of this site, or it is not complete")
	errExpired = errors.New("this link has expired")
)

// A token has a header of fixed size, then parts of at most 255 octets with their length
// before them, then the signature. With the longest parts a link of a Base of 60 octets
// fits into a line of a reply (RFC 5321, section 4.5.3.1.5).
const (
	version  = 2
	fixed    = 14
	macSize  = 16
	minKey   = 16
	maxName  = 64  // octets of the HELO name, and of the domain
	maxSeen  = 100 // octets of what was found
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
	if len(l.Key) < minKey {
		return ""
	}
	x := explain.Book{}.Finding(v.Finding, e)
	r := refusal{
		check: x.Check, outcome: v.Finding.Outcome, action: v.Action, status: v.Status,
		client: e.Client(), helo: short(e.Helo), seen: cut(withoutPeople(x.Seen, e)),
	}
	if mailbox, err := envelope.ParseMailbox(e.MailFrom, e.SMTPUTF8); err == nil {
		r.domain = short(string(mailbox.Domain))
	}
	return strings.TrimSuffix(l.Base, "/") + "/r/" + l.token(r)
}

// short returns a name without what a link need not carry: it is cleaned, and "" if it is
// too long.
func short(name string) string {
	if name = envelope.CleanText(name, true); len(name) > maxName {
		return ""
	}
	return name
}

// quotedLocal matches a local part in quotes, which may have blanks.
var quotedLocal = regexp.MustCompile(`"(?:[^"\\]|\\.)*"@`)

// withoutPeople returns a text with an ellipsis in place of local parts and of the login.
func withoutPeople(text string, e *envelope.Envelope) string {
	words := strings.Fields(quotedLocal.ReplaceAllLiteralString(text, "…@"))
	for i, word := range words {
		switch bare := strings.Trim(word, `.,:;()<>"`); {
		case strings.Contains(word, "@"):
			opening := word[:len(word)-len(strings.TrimLeft(word, `<("`))]
			words[i] = opening + "…" + word[strings.LastIndexByte(word, '@'):]
		case e.Login != "" && bare == e.Login:
			words[i] = strings.Replace(word, bare, "…", 1)
		}
	}
	return strings.Join(words, " ")
}

// cut returns the beginning of a text that is too long.
func cut(text string) string {
	if len(text) <= maxSeen {
		return text
	}
	end := maxSeen - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// token returns the signed form of a refusal.
func (l *Links) token(r refusal) string {
	b := []byte{version, byte(r.action), byte(r.outcome), 0}
	b = binary.BigEndian.AppendUint32(b, uint32(l.now().Add(l.life()).Unix()/60))
	for _, n := range []uint16{r.status.Code, r.status.Subject, r.status.Detail} {
		b = binary.BigEndian.AppendUint16(b, n)
	}
	for _, part := range []string{r.check, string(r.client.AsSlice()), r.helo, r.domain, r.seen} {
		part = part[:min(len(part), 255)]
		b = append(append(b, byte(len(part))), part...)
	}
	return base64.RawURLEncoding.EncodeToString(append(b, l.mac(b)...))
}

// mac signs what a token has, for this Base.
func (l *Links) mac(b []byte) []byte {
	h := hmac.New(sha256.New, l.Key)
	h.Write([]byte(strings.TrimSuffix(l.Base, "/") + "\n"))
	h.Write(b)
	return h.Sum(nil)[:macSize]
}

// read reads a token.
func (l *Links) read(token string) (r refusal, err error) {
	if len(l.Key) < minKey || len(token) > maxToken {
		return r, errForged
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) < fixed+macSize || base64.RawURLEncoding.EncodeToString(raw) != token { // one form only
		return r, errForged
	}
	b, mac := raw[:len(raw)-macSize], raw[len(raw)-macSize:]
	if !hmac.Equal(mac, l.mac(b)) || b[0] != version {
		return r, errForged
	}
	if expires := int64(binary.BigEndian.Uint32(b[4:])) * 60; l.now().Unix() > expires {
		return r, errExpired
	}
	r.action, r.outcome = verdict.Action(b[1]), envelope.Outcome(b[2])
	r.status = envelope.Status{Code: binary.BigEndian.Uint16(b[8:]), Subject: binary.BigEndian.Uint16(b[10:]), Detail: binary.BigEndian.Uint16(b[12:])}
	var client string
	rest := b[fixed:]
	for _, part := range []*string{&r.check, &client, &r.helo, &r.domain, &r.seen} {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return r, errForged
		}
		*part, rest = string(rest[1:1+rest[0]]), rest[1+rest[0]:]
	}
	r.client, _ = netip.AddrFromSlice([]byte(client))
	return r, nil
}

// finding returns the finding of a refusal, and what is known of its envelope.
func (r refusal) finding() (envelope.Finding, *envelope.Envelope) {
	e := &envelope.Envelope{ClientIP: r.client, Helo: r.helo}
	if r.domain != "" {
		e.MailFrom = "postmaster@" + r.domain
	}
	return envelope.Finding{Check: r.check, Outcome: r.outcome, Status: r.status, Text: r.seen}, e
}
