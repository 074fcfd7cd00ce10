package author

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decodeWords returns a text as read by programs that decode encoded words first.
// Blanks between two of them are removed (RFC 2047, section 6.2), and control
// characters become blanks.
func decodeWords(text string) string {
	var b strings.Builder
	for decoded := false; ; decoded = true {
		before, word, after, found := cutEncodedWord(text)
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
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && isControl(byte(r)) {
			return ' '
		}
		return r
	}, b.String())
}

// cutEncodedWord returns the first encoded word of a text, decoded, and the text before
// and after it. Like lenient programs it finds a word anywhere and with any content;
// RFC 2047, section 2 is stricter.
func cutEncodedWord(text string) (before, word, after string, found bool) {
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
			octets = decodeB(content)
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
	octets := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, _ := base64.RawStdEncoding.Decode(octets, []byte(text))
	return string(octets[:n])
}

// inCharset converts octets of a charset so far that ASCII characters can be read.
// Most charsets contain ASCII unchanged. UTF-16 and UTF-32 add NUL octets, and UTF-7
// has some of it in base64.
func inCharset(charset, octets string) string {
	charset = strings.ToLower(charset)
	switch {
	case strings.HasPrefix(charset, "utf-16"), strings.HasPrefix(charset, "utf-32"):
		return strings.ReplaceAll(octets, "\x00", "")
	case strings.HasPrefix(charset, "utf-7"):
		return decodeUTF7(octets)
	}
	return octets
}

// decodeUTF7 returns the ASCII of a text in UTF-7 (RFC 2152). After a plus, up to a
// hyphen or another character that base64 does not have, it is UTF-16 in base64.
func decodeUTF7(text string) string {
	var b strings.Builder
	for {
		plain, rest, shifted := strings.Cut(text, "+")
		b.WriteString(plain)
		if !shifted {
			return b.String()
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return !isBase64(r) })
		if end < 0 {
			end = len(rest)
		}
		b.WriteString(strings.ReplaceAll(decodeB(rest[:end]), "\x00", ""))
		text = strings.TrimPrefix(rest[end:], "-")
	}
}

func isBase64(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '+' || r == '/'
}
