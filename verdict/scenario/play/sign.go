package play

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// signing is a DKIM signature to make (RFC 6376): relaxed/relaxed, by Ed25519 (RFC 8463).
type signing struct {
	domain, selector string
	fields           []string // nil is all
	key              ed25519.PrivateKey
	at               time.Time
}

var errNoFrom = errors.New("a signature must cover the field From")

// sign returns the message with the signature.
func (s signing) sign(message string) (string, error) {
	m := envelope.NewMessage([]byte(message))
	body, err := io.ReadAll(m.Body())
	if err != nil {
		return "", err
	}
	var rest []header.Field
	for field := range header.Fields(m.Header()) {
		if field.Name() != "" {
			rest = append(rest, field)
		}
	}
	names := s.fields
	if names == nil {
		for _, field := range rest {
			names = append(names, field.Name())
		}
	} else if !slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, "From") }) {
		return "", errNoFrom
	}
	sum := sha256.New()
	for _, name := range names {
		for i := len(rest) - 1; i >= 0; i-- { // section 5.4.2: from the bottom
			if rest[i].Is(name) {
				io.WriteString(sum, relaxedField(string(rest[i].Raw))+"\r\n")
				rest = slices.Delete(rest, i, i+1)
				break
			}
		}
	}
	bodySum := sha256.Sum256([]byte(relaxedBody(body)))
	field := fmt.Sprintf("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=%s; s=%s; t=%d;\r\n h=%s;\r\n bh=%s;\r\n b=",
		s.domain, s.selector, s.at.Unix(), strings.Join(names, ":\r\n "), base64.StdEncoding.EncodeToString(bodySum[:]))
	io.WriteString(sum, relaxedField(field))
	signature := ed25519.Sign(s.key, sum.Sum(nil))
	return field + base64.StdEncoding.EncodeToString(signature) + "\r\n" + message, nil
}

var blanks = regexp.MustCompile(`[ \t]+`)

// relaxedField returns the relaxed form of a field, without its line end (section 3.4.2).
func relaxedField(raw string) string {
	name, value, _ := strings.Cut(raw, ":")
	value = strings.ReplaceAll(strings.ReplaceAll(value, "\r\n", ""), "\n", "")
	return strings.ToLower(strings.TrimRight(name, " \t")) + ":" + strings.Trim(blanks.ReplaceAllString(value, " "), " ")
}

// relaxedBody returns the relaxed form of a body (section 3.4.4).
func relaxedBody(body []byte) string {
	var lines []string
	for line := range bytes.Lines(body) {
		text := string(bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")))
		lines = append(lines, strings.TrimRight(blanks.ReplaceAllString(text, " "), " "))
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}
