package envelope

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMailbox bounds a mailbox with its source route in octets. RFC 5321, section
// 4.5.3.1.3 lets a path have 256 with its angle brackets, which an Envelope does
// not keep.
const maxMailbox = 254

// Mailbox is a mail address, with its local part and its domain apart. Get one
// from [ParseMailbox].
type Mailbox struct {
	// Local is the local part without quotes and backslashes, in its original
	// letter case. It may have any printable character, even an @.
	Local string
	// Domain is the normalised domain, "" if the mailbox has a literal instead.
	Domain Host
	// Literal is the address literal in place of a domain.
	Literal Literal
	// Route is the source route before the mailbox, as it was sent without its
	// colon ("@a.example,@b.example"), "" if there is none. A server should ignore
	// it, and must not follow it for strangers (RFC 5321, appendix C).
	Route string
}

// ParseMailbox parses the path of a MAIL or RCPT command without its angle
// brackets (RFC 5321, section 4.1.2): a local part, plain or quoted, an @, and a
// domain or an address literal, after an optional source route. With smtputf8 the
// local part may be UTF-8 and the domain may have U-labels (RFC 6531, section 3.3).
// The error is a *[SyntaxError]. The empty path (the null sender) and a local part
// alone, such as postmaster, are errors.
//
// A path has at most 254 octets, even with its U-labels converted to A-labels. The
// local part has no separate limit: RFC 5321, section 4.5.3.1.1 limits it to 64
// octets, but section 4.5.3.1 asks receivers to avoid limits, and the variable
// return paths of large senders are longer.
//
// The grammar of the local part decides where it ends, not the number of @:
// "a@b"@c is a mailbox at c, and a@b@c is an error. U-labels may have any letter
// case, but a domain that the mapping of [ParseHost] changes otherwise, such as one
// with ideographic dots or soft hyphens, is an error: it is not valid in RFC 6531,
// and a program that maps it differently would deliver to another domain than the
// one that was judged.
func ParseMailbox(path string, smtputf8 bool) (Mailbox, error) {
	m, reason := parseMailbox(path, smtputf8)
	if reason != "" {
		return Mailbox{}, &SyntaxError{Kind: "mailbox", Value: path, Reason: reason}
	}
	return m, nil
}

func parseMailbox(path string, smtputf8 bool) (m Mailbox, reason string) {
	if path == "" {
		return m, "is empty"
	}
	if len(path) > maxMailbox {
		return m, "has more than 254 octets"
	}
	rest := path
	if path[0] == '@' {
		if m.Route, rest, reason = parseRoute(path, smtputf8); reason != "" {
			return m, reason
		}
	}
	var length int
	if strings.HasPrefix(rest, `"`) {
		m.Local, length, reason = parseQuoted(rest, smtputf8)
	} else {
		m.Local, length, reason = parseDotString(rest, smtputf8)
	}
	switch {
	case reason != "":
		return m, reason
	case length == len(rest):
		return m, "has no domain"
	}
	m.Domain, m.Literal, reason = parseDomainOrLiteral(rest[length+1:], smtputf8)
	if reason == "" && length+len("@")+len(m.Domain) > maxMailbox { // A-labels may be longer than U-labels
		reason = "has more than 254 octets with its domain in A-labels"
	}
	return m, reason
}

// parseRoute splits "@a,@b:user@host" at the colon (A-d-l, RFC 5321, section
// 4.1.2). A hop is a domain and never an address literal, so that the first colon
// ends the route.
func parseRoute(path string, smtputf8 bool) (route, rest, reason string) {
	route, rest, ok := strings.Cut(path, ":")
	if !ok {
		return "", "", "has no local part"
	}
	for hop := range strings.SplitSeq(route, ",") {
		name, ok := strings.CutPrefix(hop, "@")
		if !ok {
			return "", "", "has a source route with a hop that is not a domain"
		}
		if _, fault := parseDomain(name, smtputf8); fault != "" {
			return "", "", "has a source route with a hop that is not a domain"
		}
	}
	return route, rest, ""
}

// parseQuoted parses a Quoted-string at the beginning of s and returns its content
// without quotes, and its length with quotes.
func parseQuoted(s string, smtputf8 bool) (local string, length int, reason string) {
	escaped := false
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if i+1 < len(s) && s[i+1] != '@' {
				return "", 0, "has text between its quoted local part and the @"
			}
			if local = s[1:i]; escaped {
				local = unescape(local)
			}
			return local, i + 1, localFault(local, smtputf8)
		case c == '\\':
			escaped = true
			if i++; i == len(s) {
				return "", 0, "has a quoted local part without a closing quote"
			}
			if s[i] >= utf8.RuneSelf { // quoted-pairSMTP is ASCII, also in RFC 6531
				return "", 0, "has a backslash before a character that cannot be escaped"
			}
		}
	}
	return "", 0, "has a quoted local part without a closing quote"
}

func unescape(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}

// localFault checks the characters of an unquoted local part. Together qtextSMTP and
// quoted-pairSMTP allow all printable ASCII.
func localFault(local string, smtputf8 bool) string {
	for i := range len(local) {
		if c := local[i]; c < ' ' || c == 0x7f {
			return "has a control character"
		} else if c >= utf8.RuneSelf {
			return unicodeFault(local, smtputf8)
		}
	}
	return ""
}

// parseDotString parses a Dot-string at the beginning of s, up to an @ or the end.
func parseDotString(s string, smtputf8 bool) (local string, length int, reason string) {
	end, wide := len(s), false
	for i := range len(s) {
		c := s[i]
		if c == '@' {
			end = i
			break
		}
		wide = wide || c >= utf8.RuneSelf
		if c == '.' {
			if i == 0 || i+1 == len(s) || s[i+1] == '.' || s[i+1] == '@' {
				return "", 0, "has a dot at the beginning or end of its local part, or two in a row"
			}
		} else if c < ' ' || c == 0x7f {
			return "", 0, "has a control character"
		} else if !isAtext(c) {
			return "", 0, "has a character in its local part that needs quotes"
		}
	}
	if end == 0 {
		return "", 0, "has no local part"
	}
	if wide {
		return s[:end], end, unicodeFault(s[:end], smtputf8)
	}
	return s[:end], end, ""
}

func unicodeFault(local string, smtputf8 bool) string {
	if !smtputf8 {
		return "is not ASCII, which requires SMTPUTF8"
	}
	if !utf8.ValidString(local) {
		return "is not valid UTF-8"
	}
	for _, r := range local {
		if unicode.IsControl(r) {
			return "has a control character"
		}
	}
	return ""
}

// isAtext reports whether c is atext of RFC 5322, section 3.2.3, or part of a
// character of UTF8-non-ascii (RFC 6531, section 3.3).
func isAtext(c byte) bool {
	return isNameByte(c) || c >= utf8.RuneSelf || strings.IndexByte("!#$%&'*+/=?^`{|}~", c) >= 0
}

// parseDomainOrLiteral parses what follows the @.
func parseDomainOrLiteral(s string, smtputf8 bool) (h Host, l Literal, reason string) {
	if strings.HasPrefix(s, "[") {
		if l, reason = parseLiteral(s); reason != "" {
			reason = "has an address literal that " + reason
		}
	} else if h, reason = parseDomain(s, smtputf8); reason != "" {
		reason = "has a domain that " + reason
	}
	return h, l, reason
}

// parseDomain parses a Domain, which is the name of a host.
func parseDomain(s string, smtputf8 bool) (h Host, reason string) {
	ascii := IsASCII(s)
	if !smtputf8 && !ascii {
		return "", "is not ASCII, which requires SMTPUTF8"
	}
	name, reason := normalise(s)
	h = Host(name)
	switch {
	case reason != "":
		return "", reason
	case !ascii && !isULabels(s, h):
		return "", "is written neither in A-labels nor in U-labels (RFC 5890, section 2.3.2.1)"
	}
	return h, hostFault(name)
}

// String returns the mailbox in the form of RFC 5321, section 4.1.2, without the
// source route. The local part is unchanged if it is a Dot-string, and otherwise a
// Quoted-string. Characters that are invalid in a local part stay, and are an error
// of [ParseMailbox].
func (m Mailbox) String() string {
	domain := string(m.Domain)
	if domain == "" {
		domain = m.Literal.String()
	}
	return quoteLocalPart(m.Local) + "@" + domain
}

// quoteLocalPart returns an unquoted local part in the form that stands before an @.
func quoteLocalPart(local string) string {
	if !strings.Contains(local, "@") {
		if _, _, reason := parseDotString(local, true); reason == "" {
			return local
		}
	}
	var b strings.Builder
	b.Grow(len(local) + 2)
	b.WriteByte('"')
	for i := range len(local) {
		if c := local[i]; c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(local[i])
	}
	b.WriteByte('"')
	return b.String()
}
