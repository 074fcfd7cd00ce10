package dkim

import (
	"bytes"
	"crypto/sha256"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

const (
	// maxNames is how many names h= may have. Signers that list each name twice reach
	// about 60.
	maxNames = 1000
	// clockSkew is how much the clocks of signer and verifier may differ.
	clockSkew = 5 * time.Minute
	// noLimit is the limit of a signature without l=, which covers the whole body.
	noLimit = -1
	// prefixLength is the minimum length of Signature.Prefix (RFC 6008, section 4).
	prefixLength = 8
)

// signature is a parsed DKIM-Signature field.
type signature struct {
	Signature
	field                      header.Field
	identityDomain             envelope.Host // of i=
	data                       []byte        // b=
	text                       string        // b= as written, without blanks
	bodyHash                   []byte        // bh=
	limit                      int64         // l=, the length of the signed body, or noLimit
	relaxedHeader, relaxedBody bool          // c=
	dataStart, dataEnd         int           // where the value of b= stands in field.Raw
	number                     int           // from the top of the header
	nearness                   int           // to the authors, see weigh
	settled                    bool          // the result is final
}

// settle stores the result of the signature.
func (s *signature) settle(word, reason string) {
	s.Word, s.Reason, s.settled = word, reason, true
}

func (s *signature) isSettled() bool { return s.settled }

// The numbers of the canonical forms of a body.
const simpleForm, relaxedForm = 0, 1

// bodyForm returns the number of the canonical form in which the body is hashed.
func (s *signature) bodyForm() int {
	if s.relaxedBody {
		return relaxedForm
	}
	return simpleForm
}

// parseSignature parses a DKIM-Signature field (RFC 6376, section 3.5). It settles a
// signature that is invalid at any time, and also stores the valid tags of that one.
func parseSignature(field header.Field) *signature {
	s := &signature{field: field, limit: noLimit}
	value := string(field.Value())
	tags, fault := parseTagList(value)
	if fault != "" {
		s.settle(permError, "the signature "+fault)
		return s
	}
	s.text = readableData(tags)
	s.Algorithm = lowerASCII(tags.value("a", ""))
	for _, read := range []func(tagList) string{
		s.readRequired, s.readDomain, s.readIdentity, s.readAlgorithm, s.readHeaders,
		s.readCanonicalization, s.readData, s.readLimit, s.readTimes,
	} {
		if fault := read(tags); fault != "" && !s.settled {
			s.settle(permError, fault)
		}
	}
	if data, found := tags.find("b"); found {
		start := bytes.IndexByte(field.Raw, ':') + 1
		s.dataStart, s.dataEnd = start+data.start, start+data.end
	}
	return s
}

// readableData returns the value of b= without blanks, or "" if it has characters
// that base64 does not have.
func readableData(tags tagList) string {
	data := withoutBlanks(tags.value("b", ""))
	for i := range len(data) {
		switch c := data[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/' || c == '=':
		default:
			return ""
		}
	}
	return data
}

func (s *signature) readRequired(tags tagList) string {
	if tags.value("v", "") != "1" {
		return "the signature is not of version 1 (v=)"
	}
	for _, name := range []string{"a", "b", "bh", "d", "h", "s"} {
		if tags.value(name, "") == "" {
			return "the signature has no tag " + name + "="
		}
	}
	if methods := words(tags.value("q", "dns/txt")); !slices.Contains(methods, "dns/txt") {
		return "the key of the signature is not in DNS (q=)"
	}
	return ""
}

// readDomain reads d= and s=.
func (s *signature) readDomain(tags tagList) string {
	domain, err := envelope.ParseHost(tags.value("d", ""))
	if err != nil {
		return "the domain of the signature (d=) " + err.(*envelope.SyntaxError).Reason
	}
	selector := lowerASCII(tags.value("s", ""))
	if !isSelector(selector) {
		return "the selector of the signature (s=) is invalid"
	}
	s.Domain, s.Selector = domain, selector
	return ""
}

// isSelector reports whether s has the form of labels of a name. The lookup checks
// whether the complete name is valid.
func isSelector(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c >= utf8.RuneSelf:
		case c == '.' && i > 0 && i < len(s)-1 && s[i-1] != '.':
		default:
			return false
		}
	}
	return s != "" && utf8.ValidString(s)
}

// readIdentity reads i=, whose domain must be d= or below it (RFC 6376, section
// 3.5). The local part may contain a quoted @, so the domain begins after the last
// one.
func (s *signature) readIdentity(tags tagList) string {
	if s.Domain == "" {
		return ""
	}
	s.Identity = decodeQuotedPrintable(withoutBlanks(tags.value("i", "@"+string(s.Domain))))
	domain, err := envelope.ParseHost(s.Identity[strings.LastIndexByte(s.Identity, '@')+1:])
	if err != nil || !domain.Within(s.Domain) || !strings.Contains(s.Identity, "@") {
		return "the identity of the signature (i=) is not within its domain"
	}
	s.identityDomain = domain
	return ""
}

// readAlgorithm checks a=. RFC 8301, section 3.1 forbids rsa-sha1.
func (s *signature) readAlgorithm(tagList) string {
	switch s.Algorithm {
	case "rsa-sha256", "ed25519-sha256":
		return ""
	case "rsa-sha1":
		return "the algorithm of the signature, rsa-sha1, is too weak"
	}
	return "the algorithm of the signature (a=) is unknown"
}

func (s *signature) readHeaders(tags tagList) string {
	value := tags.value("h", "")
	if strings.Count(value, ":") >= maxNames {
		return "the signature covers more than 1000 header fields"
	}
	s.headers = words(value)
	switch {
	case slices.Contains(s.headers, ""):
		return "the list of signed header fields (h=) has an empty name"
	case !slices.Contains(s.headers, "from"): // RFC 6376, section 6.1.1
		return "the signature does not cover the From field"
	}
	return ""
}

// readCanonicalization reads c=. The default of both halves is simple (RFC 6376,
// section 3.5).
func (s *signature) readCanonicalization(tags tagList) string {
	forHeader, forBody, found := strings.Cut(lowerASCII(tags.value("c", "simple/simple")), "/")
	if !found {
		forBody = "simple"
	}
	s.relaxedHeader, s.relaxedBody = forHeader == "relaxed", forBody == "relaxed"
	if !s.relaxedHeader && forHeader != "simple" || !s.relaxedBody && forBody != "simple" {
		return "the canonicalization of the signature (c=) is unknown"
	}
	return ""
}

func (s *signature) readData(tags tagList) string {
	var ok bool
	if s.data, ok = decodeBase64(tags.value("b", "")); !ok {
		return "the signature data (b=) is not base64"
	}
	if s.bodyHash, ok = decodeBase64(tags.value("bh", "")); !ok || len(s.bodyHash) != sha256.Size {
		return "the body hash (bh=) is not a SHA-256 hash in base64"
	}
	return ""
}

// readLimit reads l=. compareBodies checks whether that is the whole body.
func (s *signature) readLimit(tags tagList) string {
	t, found := tags.find("l")
	if !found {
		return ""
	}
	limit, ok := parseNumber(t.value, math.MaxInt64)
	if !ok {
		return "the length of the signed body (l=) is not a number"
	}
	s.limit = limit
	return ""
}

// readTimes reads t= and x= (RFC 6376, section 3.5).
func (s *signature) readTimes(tags tagList) string {
	var signed, expires bool // whether they are valid
	s.Signed, signed = parseTime(tags, "t")
	s.Expires, expires = parseTime(tags, "x")
	switch {
	case !signed || !expires:
		return "a time of the signature (t=, x=) is not a number"
	case !s.Signed.IsZero() && !s.Expires.IsZero() && !s.Expires.After(s.Signed):
		return "the signature expires before it was made (x=)"
	}
	return ""
}

// checkTimes settles a signature that is not valid at the time now. The clocks may
// differ by clockSkew.
func (s *signature) checkTimes(now time.Time) {
	switch {
	case s.settled:
	case s.Signed.After(now.Add(clockSkew)):
		s.settle(permError, "the signature is dated in the future (t=)")
	case !s.Expires.IsZero() && now.Add(-clockSkew).After(s.Expires):
		s.settle(permError, "the signature has expired (x=)")
	}
}

// parseTime parses seconds since 1970. For an absent tag it returns the zero time. A
// number of more than 12 digits may be treated as infinite (RFC 6376, section 3.5);
// here it becomes the greatest number of 12 digits.
func parseTime(tags tagList, name string) (time.Time, bool) {
	t, found := tags.find(name)
	if !found {
		return time.Time{}, true
	}
	seconds, ok := parseNumber(t.value, 999_999_999_999)
	return time.Unix(seconds, 0).UTC(), ok
}

// parseNumber parses decimal digits. It returns most for greater numbers.
func parseNumber(digits string, most int64) (int64, bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil { // out of range
		return most, true
	}
	return min(number, most), true
}
