package spf

import (
	"net/netip"
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

// maxRecord is the maximum length of an SPF record in octets: that of a TXT record.
const maxRecord = 64 << 10

// record is a valid SPF record (RFC 7208, section 12).
type record struct {
	domain      envelope.Host // the name of its TXT record
	via         *question     // the include or redirect that led to it, nil for the first
	directives  []term
	redirect    *term
	explanation *term
}

// mechanism is the name of a term in lower case: a mechanism or one of the two
// modifiers that are defined.
type mechanism string

const (
	all      mechanism = "all"
	include  mechanism = "include"
	a        mechanism = "a"
	mx       mechanism = "mx"
	ptr      mechanism = "ptr"
	ip4      mechanism = "ip4"
	ip6      mechanism = "ip6"
	exists   mechanism = "exists"
	redirect mechanism = "redirect"
	exp      mechanism = "exp"
)

// term is one term of a record.
type term struct {
	text      string // as published
	mechanism mechanism
	qualifier byte         // '+', '-', '~' or '?'; 0 of a modifier
	target    macroString  // "" is the domain of the record
	network   netip.Prefix // of ip4 and ip6
	bits      [2]int       // of a and mx: the lengths of IPv4 and IPv6 prefixes
}

// isRecord reports whether the text of a TXT record is an SPF record: the version,
// alone or followed by a blank (RFC 7208, section 4.5). Strings in ABNF are case
// insensitive (RFC 5234, section 2.3).
func isRecord(text string) bool {
	const version = "v=spf1"
	return len(text) >= len(version) && strings.EqualFold(text[:len(version)], version) &&
		(len(text) == len(version) || text[len(version)] == ' ')
}

// parseRecord parses an SPF record completely: an error anywhere makes the whole
// record invalid (RFC 7208, section 4.6). The error is an *[envelope.SyntaxError] that
// names the term.
func parseRecord(text string) (*record, error) {
	rec := &record{directives: make([]term, 0, strings.Count(text, " "))}
	_, terms, _ := strings.Cut(text, " ")
	for text := range strings.SplitSeq(terms, " ") {
		if text == "" { // one blank or more separate terms
			continue
		}
		t, reason := parseTerm(text)
		if reason == "" {
			reason = rec.add(t)
		}
		if reason != "" {
			return nil, &envelope.SyntaxError{Kind: "SPF term", Value: text, Reason: reason}
		}
	}
	return rec, nil
}

// add adds a term to the record. redirect and exp must not be repeated (RFC 7208,
// section 6).
func (rec *record) add(t term) (reason string) {
	switch {
	case t.qualifier != 0:
		rec.directives = append(rec.directives, t)
	case t.mechanism == redirect && rec.redirect == nil:
		rec.redirect = &term{text: t.text, mechanism: redirect, target: t.target}
	case t.mechanism == exp && rec.explanation == nil:
		rec.explanation = &term{text: t.text, mechanism: exp, target: t.target}
	case t.mechanism != "":
		return "is repeated"
	}
	return ""
}

// parseTerm parses one term. For an unknown modifier it returns the text only. The
// reason is why the term is invalid, "" if it is valid.
func parseTerm(text string) (t term, reason string) {
	t.text = text
	name := text
	if end := strings.IndexAny(text, ":/="); end >= 0 {
		name = text[:end]
	}
	if len(name) < len(text) && text[len(name)] == '=' {
		return t, t.parseModifier(name, text[len(name)+1:])
	}
	t.qualifier = '+' // RFC 7208, section 4.6.2
	if name != "" && strings.IndexByte("+-?~", name[0]) >= 0 {
		t.qualifier, name, text = name[0], name[1:], text[1:]
	}
	return t, t.parseMechanism(name, text[len(name):])
}

// parseModifier parses the text after the = (RFC 7208, section 6).
func (t *term) parseModifier(name, value string) (reason string) {
	switch {
	case strings.EqualFold(name, string(redirect)):
		t.mechanism = redirect
	case strings.EqualFold(name, string(exp)):
		t.mechanism = exp
	case !isModifierName(name):
		return "has an invalid name for a modifier"
	default: // ignored, except that its syntax must be valid
		return macroString(value).fault(true)
	}
	t.target = macroString(value)
	return t.target.domainFault()
}

// isModifierName reports whether name is a letter and then letters, digits, hyphens,
// underscores and dots.
func isModifierName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case isLetter(c):
		case i > 0 && (isDigit(c) || c == '-' || c == '_' || c == '.'):
		default:
			return false
		}
	}
	return name != ""
}

// parseMechanism parses the text after the name of a mechanism (RFC 7208, section 5):
// nothing, or a colon or slash and the rest.
func (t *term) parseMechanism(name, rest string) (reason string) {
	t.mechanism = mechanism(strings.ToLower(name))
	value, hasValue := strings.CutPrefix(rest, ":")
	switch t.mechanism {
	case all:
		if rest != "" {
			return `has text after "all"`
		}
		return ""
	case ip4, ip6:
		return t.parseNetwork(value)
	case a, mx:
		if rest, reason = t.cutPrefixLengths(rest); reason != "" {
			return reason
		}
		value, hasValue = strings.CutPrefix(rest, ":")
	case include, exists:
		if !hasValue {
			return "has no domain"
		}
	case ptr:
	default:
		return "is an unknown mechanism"
	}
	if hasValue {
		t.target = macroString(value)
		return t.target.domainFault()
	}
	if rest != "" {
		return "has text after its name"
	}
	return ""
}

// cutPrefixLengths cuts the prefix lengths from the end of the argument of a and mx:
// "/24", "//64" or "/24//64" (dual-cidr-length). Any other end belongs to the domain,
// which may contain a slash.
func (t *term) cutPrefixLengths(s string) (rest, reason string) {
	t.bits = [2]int{32, 128}
	if at := strings.LastIndex(s, "//"); at >= 0 && isNumber(s[at+2:]) {
		bits, ok := prefixLength(s[at+2:], 128)
		if !ok {
			return "", "has an invalid prefix length for IPv6"
		}
		t.bits[1], s = bits, s[:at]
	}
	if at := strings.LastIndexByte(s, '/'); at >= 0 && isNumber(s[at+1:]) {
		bits, ok := prefixLength(s[at+1:], 32)
		if !ok {
			return "", "has an invalid prefix length for IPv4"
		}
		t.bits[0], s = bits, s[:at]
	}
	return s, ""
}

// parseNetwork parses the network of ip4 and ip6 (RFC 7208, section 5.6).
func (t *term) parseNetwork(s string) (reason string) {
	address, length, hasLength := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(address)
	switch {
	case err != nil || addr.Zone() != "" || addr.Is4() != (t.mechanism == ip4):
		return "has no valid address of its family"
	case !hasLength:
		t.network = netip.PrefixFrom(addr, addr.BitLen())
		return ""
	}
	bits, ok := prefixLength(length, addr.BitLen())
	if !ok {
		return "has an invalid prefix length"
	}
	t.network = netip.PrefixFrom(addr, bits)
	return ""
}

// prefixLength parses a number from 0 to most without leading zeros.
func prefixLength(s string, most int) (int, bool) {
	bits, err := strconv.Atoi(s)
	return bits, err == nil && isNumber(s) && (s == "0" || s[0] != '0') && bits <= most
}

func isNumber(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
