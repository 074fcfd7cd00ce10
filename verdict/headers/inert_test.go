package headers_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// TestValuesAreInert has values that a sender may choose, and the values in the field.
func TestValuesAreInert(t *testing.T) {
	for _, tc := range []struct{ value, results, received string }{
		// Common values are unchanged.
		{"someone@example.net", `someone@example.net`, `"someone@example.net"`},
		{"o'brien+tag/x@example.net", `o'brien+tag/x@example.net`, `"o'brien+tag/x@example.net"`},
		{"@example.net", `@example.net`, `"@example.net"`},
		{"mail.example.net", `mail.example.net`, `mail.example.net`},
		{"ab+/cd==", `"ab+/cd=="`, `"ab+/cd=="`},
		{"two words", `"two words"`, `"two words"`},
		{`"two words"@example.net`, `"two words"@example.net`, `"'two words'@example.net"`},
		{"jörg@bücher.example", `jörg@bücher.example`, `"jörg@bücher.example"`},
		{"", `""`, `""`},

		// No encoded word.
		{"=?utf-8?q?x=3B_dmarc=3Dpass_header.from=3Dbank.com=3B_x=3D?=@evil.example",
			`":?utf-8?q?x:3B_dmarc:3Dpass_header.from:3Dbank.com:3B_x:3D?:@evil.example"`,
			`":?utf-8?q?x=3B_dmarc=3Dpass_header.from=3Dbank.com=3B_x=3D?=@evil.example"`},
		{"?utf-8?q?x?=@evil.example", `"?utf-8?q?x?:@evil.example"`, `"?utf-8?q?x?=@evil.example"`},
		{"?utf-8?q?x?@evil.example", `"?utf-8?q?x?@evil.example"`, `"?utf-8?q?x?@evil.example"`},
		{"?utf-8?q?x?=", `"?utf-8?q?x?="`, `"?utf-8?q?x?="`},
		{"=\x01utf-8\x01q\x01x\x01=", `":?utf-8?q?x?="`, `":?utf-8?q?x?="`},
		{"==?utf-8?q?x?=", `"::?utf-8?q?x?="`, `"=:?utf-8?q?x?="`},
		{"=\\?utf-8?q?x?=", `":/?utf-8?q?x?="`, `"=/?utf-8?q?x?="`},

		// No second result, no second property.
		{"dmarc=pass@evil.example", `"dmarc:pass@evil.example"`, `"dmarc=pass@evil.example"`},
		{"x; dmarc=pass", `"x, dmarc:pass"`, `"x, dmarc=pass"`},
		{`"; dmarc=pass; x="`, `"', dmarc:pass, x:'"`, `"', dmarc=pass, x='"`},
		{`"x; dmarc=pass"@evil.example`, `"x, dmarc:pass"@evil.example`, `"'x, dmarc=pass'@evil.example"`},
		{`"\"; dmarc=pass"@evil.example`, `"', dmarc:pass"@evil.example`, `"'/', dmarc=pass'@evil.example"`},
		{"x\r\nAuthentication-Results: y", `"x Authentication-Results: y"`, `"x Authentication-Results: y"`},
		{"x;dmarc=pass@evil.example", `"x,dmarc:pass@evil.example"`, `"x,dmarc=pass@evil.example"`},

		// No comment, and no unterminated quote.
		{"a (b", `"a [b"`, `"a [b"`},
		{"a(b@evil.example", `"a[b@evil.example"`, `"a[b@evil.example"`},
		{"a) dmarc=pass (", `"a] dmarc:pass ["`, `"a] dmarc=pass ["`},
		{`"`, `"'"`, `'`},
		{`\`, `"/"`, `/`},
		{`"@evil.example`, `"'@evil.example"`, `"'@evil.example"`},
		{`"\"@evil.example`, `"'/'@evil.example"`, `"'/'@evil.example"`},
		{`""""@evil.example`, `"''''@evil.example"`, `"''''@evil.example"`},

		// Letters that some programs read as the characters above.
		{"x；dmarc＝pass@evil.example", `"x；dmarc＝pass@evil.example"`, `"x；dmarc＝pass@evil.example"`},
	} {
		e := &envelope.Envelope{SMTPUTF8: true, Helo: tc.value, MailFrom: "x"}
		got := stamp(t).AuthenticationResults(e, found(said{entry("spf", "fail", "", "smtp.helo="+tc.value)}))
		if want := "Authentication-Results: mx.example.org;\r\n\tspf=fail smtp.helo=" + tc.results + "\r\n"; unfolded(got) != unfolded(want) {
			t.Errorf("%q:\n got %q\nwant %q", tc.value, got, want)
		}
		got = stamp(t).ReceivedSPF(e, found(said{entry("spf", "fail", "", "smtp.helo=x")}))
		if want := " helo=" + tc.received + "; "; !strings.Contains(unfolded(got), want) {
			t.Errorf("%q:\n got %q\nwant %q", tc.value, got, want)
		}
	}
}

// unfolded returns the text of fields without the folds.
func unfolded(text string) string { return strings.ReplaceAll(header.Unfold([]byte(text)), "\t", " ") }

// values returns values that a sender may choose, made of parts that confuse readers.
func values() []string {
	pieces := []string{
		"=?utf-8?q?", "=?utf-8?b?", "?=", "=?utf-8*en?Q?", "=?", "=", "?", "==", "=3B", "=3D", "OyBkbWFyYz1wYXNz", ";", "; ", "dmarc=pass", "dkim=pass",
		"header.from=bank.example", "(", ")", `"`, `\`, `\"`, "@", "evil.example", "a", ".", "-", " ", "\t", "\r\n ", "\r", "\n", "\x00", "\x01", "\x7f",
		"\u00a0", "\u0085", "\u2028", "\u202e", "\u200b", "ü", "；", "＝", "？", "\xff", "\xe9", "/", ",", ":", "<", ">", "[", "]", "|", "+", "_",
	}
	random := rand.New(rand.NewPCG(1, 1))
	list := []string{"=?utf-8?q?x=3B_dmarc=3Dpass_header.from=3Dbank.example=3B_x=3D?=@evil.example"}
	for len(list) < 800 {
		var b strings.Builder
		for range 1 + random.IntN(12) {
			b.WriteString(pieces[random.IntN(len(pieces))])
		}
		switch random.IntN(4) {
		case 0:
			b.WriteString("@evil.example")
		case 1:
			list = append(list, `"`+b.String()+`"@evil.example`)
			continue
		}
		list = append(list, b.String())
	}
	return list
}

// pair matches what a program without a grammar reads as a name and its value.
var pair = regexp.MustCompile(`([A-Za-z0-9.-]+) *= *"?[A-Za-z0-9]`)

// names returns the names that such a program finds in a text.
func names(text string) string {
	var list []string
	for _, match := range pair.FindAllStringSubmatch(text, -1) {
		list = append(list, match[1])
	}
	return strings.Join(list, " ")
}

// TestPythonReadsWhatWasWritten lets Python read fields with hostile values. It must read
// each field as written, without decoding anything. Neither our parser nor a program
// without a grammar finds more results than were written.
func TestPythonReadsWhatWasWritten(t *testing.T) {
	var messages [][]byte
	var written []string
	for i, value := range values() {
		e := client()
		e.Helo, e.MailFrom, e.SMTPUTF8 = value, value, i%2 == 0
		v := found(said{
			entry("spf", "fail", "a"+value, "smtp.mailfrom="+value, "smtp.helo=a"+value),
			entry("dmarc", "fail", "", "header.from=a"+value),
		})
		results, received := stamp(t).AuthenticationResults(e, v), stamp(t).ReceivedSPF(e, v)
		for _, field := range []string{results, received} {
			if value := field[strings.Index(field, ": ")+2:]; strings.Contains(value, "=?") || strings.Contains(field, "\\") {
				t.Errorf("%q is written as %q", value, field)
			}
		}
		if got := strings.Replace(names(unfolded(results)), " smtp.mailfrom", "", 1); got != "spf reason smtp.helo dmarc header.from" {
			t.Errorf("%q: a simple reader finds %s in %q", value, got, results)
		}
		if n := strings.Count(results, ";"); n != 2 {
			t.Errorf("%q: %d results in %q", value, n, results)
		}
		messages = append(messages, []byte(results+received+"From: x@evil.example\r\n\r\n"))
		written = append(written, results+received)
	}
	for i, readings := range readByPython(t, messages) {
		var want []string
		for field := range header.Fields([]byte(written[i])) {
			want = append(want, field.Name()+": "+strings.TrimSpace(asPythonSees(header.Unfold(field.Value()))))
		}
		for way, reading := range readings {
			if len(reading) != len(want)+1 {
				t.Fatalf("%s: %d fields in %q", way, len(reading), messages[i])
			}
			for j := range want {
				if got := reading[j][0] + ": " + asPythonSees(unline(reading[j][1])); got != want[j] {
					t.Errorf("%s:\nreads %q\nfor   %q", way, got, want[j])
				}
			}
		}
	}
}

// unline removes the line ends from a value that Python left folded.
func unline(value string) string { return strings.NewReplacer("\r", "", "\n", "").Replace(value) }

// asPythonSees returns text with one character for each run of characters outside ASCII,
// as Python returns it.
func asPythonSees(text string) string {
	var b strings.Builder
	for i, r := range text {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
		} else if i == 0 || text[i-1] < utf8.RuneSelf {
			b.WriteRune(utf8.RuneError)
		}
	}
	return b.String()
}
