package author

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decodedReadings returns a text as read by programs that decode encoded words first:
// each reading once.
func decodedReadings(text string) []string {
	var texts []string
	for _, r := range [...]reading{{decodeB, ' '}, {decodeLaxB, -1}, {decodeQuadsB, ' '}} {
		if decoded := r.decodeWords(text); !slices.Contains(texts, decoded) {
			texts = append(texts, decoded)
		}
	}
	return texts
}

// reading is what programs do differently when they decode encoded words.
type reading struct {
	decodeB func(string) string // for base64 with other characters or padding inside
	nul     rune                // what a NUL becomes; -1 for nothing, which reads UTF-16 by any name
}

// decodeWords returns a text with its encoded words decoded. Blanks between two of
// them are removed (RFC 2047, section 6.2), and control characters become blanks.
func (r reading) decodeWords(text string) string {
	var b strings.Builder
	for decoded := false; ; decoded = true {
		before, word, after, found := r.cutEncodedWord(text)
		if !found {
			b.WriteString(text)
			break
		}
		if !decoded || strings.Trim(before, " \t") != "" {
			b.WriteString(before)
		}
		b.WriteString(word)
		text = after
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c == 0:
			return r.nul
		case c < utf8.RuneSelf && isControl(byte(c)):
			return ' '
		}
		return c
	}, b.String())
}

// cutEncodedWord returns the first encoded word of a text, decoded, and the text before
// and after it. Like lenient programs it finds a word anywhere and with any content;
// RFC 2047, section 2 is stricter.
func (r reading) cutEncodedWord(text string) (before, word, after string, found bool) {
	for at := 0; ; {
		start := strings.Index(text[at:], "=?")
		if start < 0 {
			return text, "", "", false
		}
		start += at
		charset, rest, _ := strings.Cut(text[start+2:], "?")
		if len(rest) < 2 {
			return text, "", "", false
		}
		encoding, isWord := rest[0]|0x20, rest[1] == '?' // in lower case
		if !isWord || encoding != 'q' && encoding != 'b' {
			at = start + 2
			continue
		}
		content, after, ends := strings.Cut(rest[2:], "?=")
		if !ends {
			return text, "", "", false
		}
		octets := decodeQ(content)
		if encoding == 'b' {
			octets = r.decodeB(content)
		}
		return text[:start], inCharset(charset, octets), after, true
	}
}

// decodeQ decodes the Q encoding. Invalid codes stay.
func decodeQ(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '_':
			c = ' '
		case c == '=' && i+2 < len(text):
			if code, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err == nil {
				c = byte(code)
				i += 2
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// decodeB decodes base64, with or without padding, up to the first invalid character.
func decodeB(text string) string {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \t=", r) {
			return -1
		}
		return r
	}, text)
	if end := strings.IndexFunc(text, isOutside); end >= 0 {
		text = text[:end]
	}
	octets := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, _ := base64.RawStdEncoding.Decode(octets, []byte(text))
	return string(octets[:n])
}

// decodeLaxB is decodeB, but ignores invalid characters (RFC 2045, section 6.8).
func decodeLaxB(text string) string {
	return decodeB(withoutOutside(text, ""))
}

// decodeQuadsB is decodeLaxB, but decodes each four characters alone. After padding some
// programs stop and others continue, so a blank stands there, at which [find] does both.
func decodeQuadsB(text string) string {
	var b strings.Builder
	for quad := range slices.Chunk([]byte(withoutOutside(text, "=")), 4) {
		b.WriteString(decodeB(string(quad)))
		if quad[len(quad)-1] == '=' {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// withoutOutside returns text without the characters that base64 does not have and that
// are not in keep.
func withoutOutside(text, keep string) string {
	return strings.Map(func(r rune) rune {
		if isOutside(r) && !strings.ContainsRune(keep, r) {
			return -1
		}
		return r
	}, text)
}

// isOutside reports whether base64 does not have a character.
func isOutside(r rune) bool {
	return (r < 'a' || 'z' < r) && (r < 'A' || 'Z' < r) && (r < '0' || '9' < r) && r != '+' && r != '/'
}
