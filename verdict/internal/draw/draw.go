// Package draw has what the pictures of verdicts and policies share: texts for SVG.
package draw

import (
	"encoding/xml"
	"strings"
	"unicode/utf8"

	"mxrules.example/envelope"
)

// Cut shortens text to n characters. It keeps the end, because the end of a name says
// whose it is.
func Cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	runes := []rune(text)
	const dots = "..."
	tail := (n - len(dots)) / 2
	return string(runes[:n-len(dots)-tail]) + dots + string(runes[len(runes)-tail:])
}

// Wrap breaks text into at most n lines of at most length characters.
func Wrap(text string, length, n int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(Cut(text, length*n)) {
		word = Cut(word, length)
		if line != "" && len([]rune(line+" "+word)) > length {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimPrefix(line+" "+word, " ")
	}
	if line != "" {
		lines = append(lines, line)
	}
	if len(lines) > n {
		lines = append(lines[:n-1], lines[n-1]+" ...")
	}
	return lines
}

// Escape returns text for XML. What is not clean becomes "?".
func Escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(envelope.CleanText(text, true))) // a Builder does not fail
	return b.String()
}
