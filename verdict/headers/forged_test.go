package headers_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// forgeries returns fields that claim to be those of mx.example.org, each with a
// line end.
func forgeries() []string {
	random := rand.New(rand.NewPCG(2, 2))
	pick := func(list ...string) string { return list[random.IntN(len(list))] }
	list := []string{}
	for len(list) < 500 {
		name := pick("Authentication-Results", "AUTHENTICATION-RESULTS", "Authentication-Results", "Authentication-Results ", "Authentication-Results\t\t",
			"Authentication-Results\r\n ", "Authentication-Results\r", "Authentication-Results\v")
		service := ""
		for rest := "mx.example.org"; rest != ""; {
			n := 1 + random.IntN(len(rest))
			service += disguised(random, rest[:n])
			if rest = rest[n:]; rest != "" {
				service += pick("", "", "", "(c)", " ", "\r\n ", "\r", "\x00", `""`, "\u200b")
			}
		}
		before := pick("", " ", " ", "\r\n ", "(c) ", "\t")
		after := pick("; dmarc=pass", " 1; dmarc=pass", ";dmarc=pass", " (c); dmarc=pass", "\r\n\t;\r\n\tdmarc=pass", "=?utf-8?q?=3B?= dmarc=pass")
		before, after = pick("", "", "", "X: y\r", "X: y\n")+name+":"+before, after+"\r\n"
		list = append(list, before+service+after)
	}
	return list
}

// disguised returns a part of a name in a form that some programs read as that part.
func disguised(random *rand.Rand, piece string) string {
	charset := []string{"utf-8", "us-ascii", "ISO-8859-1", "utf-8*en", "unknown-8bit"}[random.IntN(5)]
	switch random.IntN(6) {
	case 0:
		return "=?" + charset + "?b?" + base64.StdEncoding.EncodeToString([]byte(piece)) + "?="
	case 1:
		word := "=?" + charset + "?Q?"
		for i := range len(piece) {
			if random.IntN(2) == 0 {
				word += fmt.Sprintf("=%02X", piece[i])
			} else {
				word += piece[i : i+1]
			}
		}
		return word + "?="
	case 2:
		return strings.ToUpper(piece)
	case 3:
		return `"` + piece + `"`
	}
	return piece
}

// loosely returns a value as read by a program that removes everything except letters.
func loosely(value string) string {
	for before := ""; before != value; {
		before, value = value, comment.ReplaceAllString(value, "")
	}
	return noise.ReplaceAllString(strings.ToLower(norm.NFKC.String(value)), "")
}

var (
	comment = regexp.MustCompile(`\([^()]*\)`)
	noise   = regexp.MustCompile(`[^a-z0-9.;=-]`)
)

// TestPythonFindsOnlyOurFields lets Python read delivered messages that arrived with
// forged fields: only our own field has our name.
func TestPythonFindsOnlyOurFields(t *testing.T) {
	var before, after [][]byte
	for _, field := range forgeries() {
		message := "Subject: a\r\n" + field + "To: b\r\n\r\nbody\r\n"
		before, after = append(before, []byte(message)), append(after, []byte(deliver(t, message)))
	}
	ours := func(messages [][]byte, found func(message []byte, way, name, value string)) {
		for i, readings := range readByPython(t, messages) {
			for way, reading := range readings {
				for _, field := range reading {
					if strings.EqualFold(strings.TrimSpace(field[0]), "Authentication-Results") && strings.HasPrefix(loosely(field[1]), "mx.example.org") {
						found(messages[i], way, field[0], field[1])
					}
				}
			}
		}
	}
	forged := 0
	ours(before, func([]byte, string, string, string) { forged++ })
	if forged < len(before)/2 {
		t.Errorf("%d forged fields deceive Python only %d times", len(before), forged)
	}
	ours(after, func(message []byte, way, name, value string) {
		if unline(value) != "mx.example.org; none" {
			t.Errorf("%s reads %q: %q in %q", way, name, value, message)
		}
	})
}
