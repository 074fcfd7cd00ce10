package envelope_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"mxrules.example/envelope"
)

func TestCleanText(t *testing.T) {
	for _, tc := range []struct {
		name, given, want, ascii string // ascii is what is wanted without SMTPUTF8
	}{
		{"nothing", "", "", ""},
		{"plain", "no mail is taken from 192.0.2.1", "no mail is taken from 192.0.2.1", "no mail is taken from 192.0.2.1"},
		{"every printable ASCII character", printableASCII, printableASCII, printableASCII},
		{"line break", "one\r\ntwo", "one two", "one two"},
		{"a forged reply", "x\r\n250 OK\r\n", "x 250 OK", "x 250 OK"},
		{"bare LF and CR", "a\nb\rc", "a b c", "a b c"},
		{"tab", "a\tb", "a b", "a b"},
		{"a run of blanks", "a  \t \n b", "a b", "a b"},
		{"blanks around", "  a b ", "a b", "a b"},
		{"a blank before", " a b", "a b", "a b"},
		{"a blank after", "a b ", "a b", "a b"},
		{"every printable ASCII character beside a break", "\n" + printableASCII, printableASCII, printableASCII},
		{"nothing but blanks", " \r\n\t", "", ""},
		{"NUL", "a\x00b", "a?b", "a?b"},
		{"escape", "\x1b[31mred", "?[31mred", "?[31mred"},
		{"DEL", "a\x7f", "a?", "a?"},
		{"C1 control", "a\u009bb", "a?b", "a?b"},
		{"NEL is white space", "a\u0085b", "a b", "a b"},
		{"line separator", "a\u2028b", "a b", "a b"},
		{"no-break space", "a\u00a0b", "a b", "a b"},
		{"ideographic space", "a\u3000b", "a b", "a b"},
		{"umlaut", "Müller", "Müller", "M?ller"},
		{"combining mark", "e\u0301", "e\u0301", "e?"},
		{"outside the basic plane", "a𝄞b😀", "a𝄞b😀", "a?b?"},
		{"right to left letters", "אב", "אב", "??"},
		{"bidi override", "a\u202eb", "a?b", "a?b"},
		{"bidi isolate", "a\u2066b\u2069", "a?b?", "a?b?"},
		{"right to left mark", "a\u200fb", "a?b", "a?b"},
		{"zero width space", "a\u200bb", "a?b", "a?b"},
		{"zero width joiner", "a\u200db", "a?b", "a?b"},
		{"soft hyphen", "a\u00adb", "a?b", "a?b"},
		{"byte order mark", "\ufeffa", "?a", "?a"},
		{"variation selector", "a\ufe0fb", "a?b", "a?b"},
		{"Hangul filler", "a\u3164b", "a?b", "a?b"},
		{"grapheme joiner", "a\u034fb", "a?b", "a?b"},
		{"tag character", "a\U000e0041b", "a?b", "a?b"},
		{"private use", "a\ue000b", "a?b", "a?b"},
		{"not assigned", "a\u0378b", "a?b", "a?b"},
		{"invalid UTF-8", "a\xffb", "a?b", "a?b"},
		{"cut UTF-8", "a\xc3", "a?", "a?"},
		{"surrogate", "a\xed\xa0\x80b", "a???b", "a???b"},
		{"replacement character", "a\ufffdb", "a?b", "a?b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := envelope.CleanText(tc.given, true); got != tc.want {
				t.Errorf("CleanText(%q, true) = %q, want %q", tc.given, got, tc.want)
			}
			if got := envelope.CleanText(tc.given, false); got != tc.ascii {
				t.Errorf("CleanText(%q, false) = %q, want %q", tc.given, got, tc.ascii)
			}
		})
	}
}

const printableASCII = `!"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\]^_` + "`abcdefghijklmnopqrstuvwxyz{|}~"

func TestExcerptIsCutAtACharacter(t *testing.T) {
	for _, tc := range []struct{ name, given, want string }{
		{"what fits stays", strings.Repeat("x", 256), strings.Repeat("x", 256)},
		{"what does not is cut", strings.Repeat("x", 257), strings.Repeat("x", 253) + "..."},
		{"between characters", strings.Repeat("ü", 200), strings.Repeat("ü", 126) + "..."},
		{"of four octets too", "xy" + strings.Repeat("😀", 100), "xy" + strings.Repeat("😀", 62) + "..."},
		{"and cleaned", "a\nb" + strings.Repeat("\x00", 300), "a b" + strings.Repeat("?", 250) + "..."},
		{"continuation octets alone", strings.Repeat("\x80", 300), "..."},
		{"a blank at the cut", strings.Repeat("x", 252) + " " + strings.Repeat("y", 99), strings.Repeat("x", 252) + " ..."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := envelope.Excerpt(tc.given); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCleanTextDoesNotCopyCleanText(t *testing.T) {
	text := "the name mail.example.org given with HELO has no A, AAAA or MX record"
	if got := testing.AllocsPerRun(100, func() { envelope.CleanText(text, false) }); got != 0 {
		t.Errorf("cleaning clean text allocates %v times", got)
	}
}

func FuzzCleanText(f *testing.F) {
	for _, seed := range []string{"", " ", "a b", "a\r\nb", "ü\u202e\ufe0f", "\xff\xc3", "a\x00", "  a", "a\u0085", "\ufffd"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, s string, wide bool) {
		clean := envelope.CleanText(s, wide)
		if again := envelope.CleanText(clean, wide); again != clean {
			t.Errorf("%q is cleaned to %q, and that to %q", s, clean, again)
		}
		if !utf8.ValidString(clean) {
			t.Errorf("%q is cleaned to %q, which is not UTF-8", s, clean)
		}
		if len(clean) > len(s) {
			t.Errorf("%q has grown to %q", s, clean)
		}
		for _, r := range clean {
			if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
				t.Errorf("%q is cleaned to %q, which has %U", s, clean, r)
			}
			if !wide && r > '~' {
				t.Errorf("%q is cleaned to %q, which is not ASCII", s, clean)
			}
		}
		if excerpt := envelope.Excerpt(s); len(excerpt) > 256 || envelope.CleanText(excerpt, true) != excerpt {
			t.Errorf("the excerpt of %q is %q", s, excerpt)
		}
	})
}
