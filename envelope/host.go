package envelope

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits of DNS names in text, without the final dot (RFC 1035, section 2.3.4).
const (
	maxName  = 253
	maxLabel = 63
)

// Host is the normalised name of a host or domain: A-labels, lower case, no final
// dot. Two names are the same if their Hosts are equal. Get one from [ParseHost].
type Host string

// ParseHost parses the name of a host or domain and normalises it, so that
// "Mail.Example.ORG.", "mail.example.org" and, for an internationalised name, its
// U-labels and A-labels are the same Host. The error is a *[SyntaxError].
//
// A host name has labels of 1 to 63 letters, digits and hyphens, with no hyphen at
// either end, and at most 253 octets (RFC 1123, section 2.1; RFC 5321, section
// 4.1.2). Underscores are accepted, because hosts with one exist and send mail. A
// name of digits and dots only is an error, because it is an address or looks like
// one. U-labels become A-labels (RFC 5891) with the mapping for lookups (UTS 46):
// an ideographic full stop is a dot, and characters such as soft hyphens vanish. A
// label that would vanish is an error.
//
// An ASCII name in lower case is returned without a copy.
func ParseHost(s string) (Host, error) {
	name, reason := normalise(s)
	if reason == "" {
		reason = hostFault(name)
	}
	if reason != "" {
		return "", &SyntaxError{Kind: "host name", Value: s, Reason: reason}
	}
	return Host(name), nil
}

// Labels returns the number of labels of h: 1 for "localhost", 0 for "".
func (h Host) Labels() int {
	if h == "" {
		return 0
	}
	return strings.Count(string(h), ".") + 1
}

// Within reports whether h is domain or below it.
func (h Host) Within(domain Host) bool {
	return h == domain || h.Below(domain)
}

// Below reports whether h is below domain, and not domain itself.
func (h Host) Below(domain Host) bool {
	return domain != "" && len(h) > len(domain) &&
		strings.HasSuffix(string(h), string(domain)) && h[len(h)-len(domain)-1] == '.'
}

// normalise returns the form of Host for any name that can be looked up: labels of
// 1 to 63 letters, digits, hyphens and underscores, and at most 253 octets. It does
// not check the places of hyphens nor what an A-label decodes to, because names that
// break these rules exist (RFC 2181, section 11). The reason is "" if there is no
// error.
func normalise(s string) (name, reason string) {
	upper := false
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return normaliseUnicode(s)
		}
		upper = upper || 'A' <= c && c <= 'Z'
	}
	s = strings.TrimSuffix(s, ".")
	if reason := nameFault(s); reason != "" {
		return "", reason
	}
	if upper {
		s = strings.ToLower(s)
	}
	return s, ""
}

// normaliseUnicode is normalise for a name with U-labels. No profile of idna fits
// names of mail: its own checks of lengths and letters are too lax, or too strict
// for underscores. So idna maps the name and nameFault checks it.
//
// Mapping may leave a label empty, and may decode a label in ASCII. An empty last
// label looks like a final dot, so that the final dot is removed before the mapping
// and not after it.
func normaliseUnicode(s string) (name, reason string) {
	if !utf8.ValidString(s) {
		return "", "is not valid UTF-8"
	}
	// Punycode takes quadratic time in the length of a label. A character has at
	// most four octets in UTF-8 and at least one in an A-label, so that only names
	// with many characters that vanish are refused here and would be valid.
	if len(s) > 4*maxName {
		return "", "has more than 253 octets"
	}
	for label := range strings.FieldsFuncSeq(s, isDot) {
		if len(label) > 4*maxLabel {
			return "", "has a label of more than 63 octets"
		}
	}
	if last, size := utf8.DecodeLastRuneInString(s); isDot(last) {
		s = s[:len(s)-size]
	}
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false),
		idna.StrictDomainName(false), idna.CheckHyphens(false))
	ascii, err := profile.ToASCII(s)
	if err != nil {
		return "", "is not a valid internationalised name (RFC 5891)"
	}
	if reason := nameFault(ascii); reason != "" {
		return "", reason
	}
	if name = strings.ToLower(ascii); !keepsASCII(strings.FieldsFunc(s, isDot), name) {
		return "", "is not a valid internationalised name (RFC 5891)"
	}
	return name, ""
}

// keepsASCII reports whether name has as many labels as given, and whether the
// mapping has changed nothing but the letter case of those in ASCII.
func keepsASCII(given []string, name string) bool {
	labels := strings.Split(name, ".")
	if len(labels) != len(given) {
		return false
	}
	for i, label := range given {
		if IsASCII(label) && strings.ToLower(label) != labels[i] {
			return false
		}
	}
	return true
}

// isULabels reports whether each label of s is in ASCII or is a U-label (RFC 5890,
// section 2.3.2.1) in any letter case. name is the normalised form of s.
func isULabels(s string, name Host) bool {
	given, labels := strings.Split(strings.TrimSuffix(s, "."), "."), strings.Split(string(name), ".")
	if len(given) != len(labels) {
		return false
	}
	for i, label := range given {
		if IsASCII(label) {
			continue
		}
		if decoded, err := idna.Punycode.ToUnicode(labels[i]); err != nil || decoded != strings.ToLower(label) || decoded == labels[i] {
			return false
		}
	}
	return true
}

// isDot reports whether r separates labels (RFC 3490, section 3.1).
func isDot(r rune) bool { return r == '.' || r == '。' || r == '．' || r == '｡' }

// nameFault returns why s, a name without its final dot, is not valid in DNS.
func nameFault(s string) string {
	if s == "" {
		return "is empty"
	}
	if len(s) > maxName {
		return "has more than 253 octets"
	}
	start := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && s[i] != '.' {
			if !isNameByte(s[i]) {
				return "has an invalid character"
			}
			continue
		}
		switch length := i - start; {
		case length == 0:
			return "has an empty label"
		case length > maxLabel:
			return "has a label of more than 63 octets"
		}
		start = i + 1
	}
	return ""
}

// hostFault returns why a normalised name is not the name of a host.
func hostFault(name string) string {
	numeric := true
	for i := range len(name) {
		switch c := name[i]; {
		case c == '-':
			if i == 0 || i == len(name)-1 || name[i-1] == '.' || name[i+1] == '.' {
				return "has a label that begins or ends with a hyphen"
			}
			numeric = false
		case c != '.' && (c < '0' || c > '9'):
			numeric = false
		}
	}
	if numeric {
		return "is a number or an address, not a name"
	}
	return ""
}

func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}
