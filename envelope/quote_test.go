package envelope_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"mxrules.example/envelope"
)

func TestMailboxQuotesItsLocalPart(t *testing.T) {
	for _, tc := range []struct{ name, local, want string }{
		{"plain", "info", "info"},
		{"dots inside", "first.last", "first.last"},
		{"every plain character", "!#$%&'*+/=?^_`{|}~-", "!#$%&'*+/=?^_`{|}~-"},
		{"UTF-8", "jürgen", "jürgen"},
		{"nothing", "", `""`},
		{"at sign", "a@b", `"a@b"`},
		{"at sign first", "@", `"@"`},
		{"blank", "a b", `"a b"`},
		{"dot first", ".a", `".a"`},
		{"dot last", "a.", `"a."`},
		{"two dots", "a..b", `"a..b"`},
		{"quote", `a"b`, `"a\"b"`},
		{"backslash", `a\b`, `"a\\b"`},
		{"already quoted", `"a"`, `"\"a\""`},
		{"angle brackets", "a>b", `"a>b"`},
		{"UTF-8 with a blank", "jür gen", `"jür gen"`},
		{"control characters stay", "a\r\nb", "\"a\r\nb\""},
		{"what is not UTF-8 stays", "a\xff", "\"a\xff\""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got, want := atExample(tc.local), tc.want+"@example.org"; got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// atExample returns the mailbox of a local part at example.org.
func atExample(local string) string {
	return envelope.Mailbox{Local: local, Domain: "example.org"}.String()
}

func TestInvalidCharactersOfALocalPartAreErrorsInQuotes(t *testing.T) {
	for _, local := range []string{"a\x00b", "a\r\nb", "a\x7f", "a\xff", "a\u0085"} {
		if m, err := envelope.ParseMailbox(atExample(local), true); err == nil {
			t.Errorf("%q is read as %+v", local, m)
		}
	}
}

func FuzzMailboxString(f *testing.F) {
	for _, seed := range []string{"info", "a@b", "", `a"b\c`, "a..b", "jürgen", "a b", "\x00", "\xff", `"a"`, "a\u0085", strings.Repeat("a", 65), strings.Repeat("a", 243)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, local string) {
		text := atExample(local)
		m, err := envelope.ParseMailbox(text, true)
		possible := utf8.ValidString(local) && !strings.ContainsFunc(local, unicode.IsControl) && len(text) <= 254 // RFC 5321, section 4.5.3.1.3, without the brackets
		if possible != (err == nil) {
			t.Fatalf("%q is written %q, and that gives %v", local, text, err)
		}
		if err == nil && (m.Local != local || m.Domain != "example.org" || m.Route != "") {
			t.Errorf("%q is written %q and read as %+v", local, text, m)
		}
	})
}

// The grammar of a path as regular expressions, which are a model of the parser: the
// text before the domain, with the local part as written, and a quoted pair.
var (
	beforeDomain = regexp.MustCompile(`^(?s:@[^:]*:)?((?s:"(?:[^"\\]|\\.)*")|[^"@]*)@`)
	quotedPair   = regexp.MustCompile(`(?s)\\(.)`)
)

func FuzzParseMailbox(f *testing.F) {
	for _, seed := range []string{
		"info@example.org", `"a@b"@c`, "a@b@c", "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "@a,@b:c@d", `"\"@x"@c`, `""@c`, "jürgen@bücher.example",
		"a@[t:u@h]", `a@[t:">]`, `"a\`, "a.@b", "@[192.0.2.1]:a@b", "a@例え。テスト", "a@1.2.3.4", "\xff@c", local64 + "@" + domain189, `@a:"b:c@d"@[x:y]`,
	} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, path string, smtputf8 bool) {
		m, err := envelope.ParseMailbox(path, smtputf8)
		if err != nil {
			if m != (envelope.Mailbox{}) {
				t.Errorf("%q gives %+v, %v", path, m, err)
			}
			if _, wide := envelope.ParseMailbox(path, true); wide == nil && envelope.IsASCII(path) {
				t.Errorf("%q needs SMTPUTF8 and is ASCII", path)
			}
			return
		}
		if (m.Domain == "") == m.Literal.IsZero() {
			t.Fatalf("%q has both a domain and a literal, or neither: %+v", path, m)
		}
		if cut, _, ok := envelope.CutPath("<" + path + ">"); !ok || cut != path {
			t.Errorf("in brackets %q is cut to %q, %t", path, cut, ok)
		}
		text := m.String()
		again, err := envelope.ParseMailbox(text, smtputf8)
		m.Route = "" // it is not written
		if err != nil || again != m {
			t.Errorf("%q is written %q, and that read as %+v, %v, want %+v", path, text, again, err, m)
		}
		if !smtputf8 && !envelope.IsASCII(text) {
			t.Errorf("%q is written %q without SMTPUTF8", path, text)
		}
		parts := beforeDomain.FindStringSubmatch(path)
		if parts == nil {
			t.Fatalf("%q is no path, and read as %+v", path, m)
		}
		local, domain := parts[1], path[len(parts[0]):]
		if inner, quoted := strings.CutPrefix(local, `"`); quoted {
			local = quotedPair.ReplaceAllString(strings.TrimSuffix(inner, `"`), "$1")
		}
		if local != m.Local {
			t.Errorf("%q has the local part %q, not %q", path, local, m.Local)
		}
		if literal, err := envelope.ParseLiteral(domain); !m.Literal.IsZero() && (err != nil || literal != m.Literal) {
			t.Errorf("%q has the literal %q, not %s", path, domain, m.Literal)
		}
		if host, err := envelope.ParseHost(domain); m.Domain != "" && (err != nil || host != m.Domain) {
			t.Errorf("%q has the domain %q, not %q", path, domain, m.Domain)
		}
		// A program that only decodes labels and folds their case must get the same
		// domain.
		said, _ := idna.Punycode.ToUnicode(strings.ToLower(strings.TrimSuffix(domain, ".")))
		judged, _ := idna.Punycode.ToUnicode(string(m.Domain))
		if m.Domain != "" && said != judged {
			t.Errorf("%q has the domain %q, and is judged as %q", path, said, judged)
		}
	})
}
