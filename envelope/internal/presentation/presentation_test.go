package presentation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"mxrules.example/envelope/internal/presentation"
)

func TestName(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	name253 := strings.Repeat(label63+".", 3) + strings.Repeat("b", 61)
	escaped253 := strings.Repeat(strings.Repeat(`\000`, 63)+".", 3) + strings.Repeat(`\000`, 61)
	for _, tc := range []struct{ name, want string }{ // "" means an invalid name
		{"mail.example.org.", "mail.example.org."},
		{"mail.example.org", "mail.example.org."},
		{"MAIL.Example.ORG.", "mail.example.org."},
		{"_dmarc.example.org.", "_dmarc.example.org."},
		{"a+b=c._spf.example.org.", "a+b=c._spf.example.org."},
		{"0/25.2.0.192.in-addr.arpa.", "0/25.2.0.192.in-addr.arpa."},
		{"a@b.example", `a\@b.example.`},
		{`'A';(b)".example.`, `\'a\'\;\(b\)\".example.`},
		{"a b.example.", `a\ b.example.`},
		{`\a\+\B.example.`, "a+b.example."},
		{`\065\097.example.`, "aa.example."},
		{`a\.b.example.`, `a\.b.example.`},
		{`a\046b.example.`, `a\.b.example.`},
		{`a\\b.example.`, `a\\b.example.`},
		{`a\.`, `a\..`},
		{"a\x00\x7f\xff", `a\000\127\255.`},
		{"bücher.example.", `b\195\188cher.example.`}, // octets, not characters
		{"org", "org."},
		{".", "."},
		{label63 + ".example.", label63 + ".example."},
		{label63 + "a.example.", ""},
		{"example." + label63, "example." + label63 + "."},
		{"example." + label63 + "a", ""},
		{name253, name253 + "."},
		{name253 + ".", name253 + "."},
		{name253 + "b", ""},
		{name253 + "b.", ""},
		{"a." + name253, ""},
		{escaped253, escaped253 + "."},
		{escaped253 + `\000`, ""},
		{"", ""}, {"..", ""}, {"a..b", ""}, {".a", ""}, {"a..", ""},
		{`a\`, ""}, {`a\1`, ""}, {`a\12`, ""}, {`a\1b2`, ""}, {`\256`, ""}, {`\999.example.`, ""},
	} {
		got, ok := presentation.Name(tc.name)
		if got != tc.want || ok != (tc.want != "") {
			t.Errorf("%q: got %q, %v; want %q", tc.name, got, ok, tc.want)
		}
	}
}

func TestNameInNormalFormIsNotCopied(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { presentation.Name("mail.example.org.") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Package dns encodes and decodes every octet as Name writes it.
func TestNameIsWhatPackageDNSWrites(t *testing.T) {
	for c := range 256 {
		name, ok := presentation.Name(fmt.Sprintf(`x\%03d1.example`, c))
		wire := make([]byte, 64)
		end, err := dns.PackDomainName(name, wire, 0, nil, false)
		if !ok || err != nil || end != len("\x03x?1\x07example\x00") {
			t.Fatalf("octet %d: %q takes %d octets, %v", c, name, end, err)
		}
		back, _, err := dns.UnpackDomainName(wire, 0)
		if err != nil || back != name {
			t.Errorf("octet %d: %q comes back as %q, %v", c, name, back, err)
		}
	}
}

func TestPlainAndOctets(t *testing.T) {
	for _, tc := range []struct{ text, plain, octets string }{
		{"mail.example.org.", "mail.example.org.", "mail.example.org."},
		{`o\'brien.example.`, "o'brien.example.", "o'brien.example."},
		{`a\.b\\c.example.`, `a\.b\\c.example.`, `a.b\c.example.`},
		{`a\046\092.`, `a\.\\.`, `a.\.`},
		{`\000\255\ \"`, "\x00\xff \"", "\x00\xff \""},
		{`a\`, `a\`, `a\`},
		{`a\ b\256c\ d`, `a b\256c\ d`, `a b\256c\ d`},
	} {
		if plain, octets := presentation.Plain(tc.text), presentation.Octets(tc.text); plain != tc.plain || octets != tc.octets {
			t.Errorf("%q: got %q and %q, want %q and %q", tc.text, plain, octets, tc.plain, tc.octets)
		}
	}
}

// A valid name is the same after encoding, and after Plain.
func FuzzName(f *testing.F) {
	for _, text := range []string{"", ".", `\`, `\0`, `\000`, `\999`, `a\.b.`, `\\`, `\"`, `\25`, "Plain.example", "\xff é"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, ok := presentation.Name(text)
		if !ok {
			return
		}
		if again, ok := presentation.Name(name); again != name || !ok {
			t.Errorf("%q: %q is read as %q, %v", text, name, again, ok)
		}
		if again, ok := presentation.Name(presentation.Plain(name)); again != name || !ok {
			t.Errorf("%q: the plain form of %q is read as %q, %v", text, name, again, ok)
		}
		if _, err := dns.PackDomainName(name, make([]byte, 255), 0, nil, false); err != nil {
			t.Errorf("%q: %q cannot be sent: %v", text, name, err)
		}
	})
}

// Unescaping never makes a text longer, and does not change a text without escapes.
func FuzzOctets(f *testing.F) {
	for _, text := range []string{"", `\`, `\0`, `\00`, `\000`, `\999`, `a\.b.`, `\\`, `\"`, `\25`, "plain"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, got := range []string{presentation.Octets(text), presentation.Plain(text)} {
			if len(got) > len(text) {
				t.Errorf("%q has become longer: %q", text, got)
			}
			if !strings.Contains(text, `\`) && got != text {
				t.Errorf("%q has become %q", text, got)
			}
		}
	})
}

func TestSpelled(t *testing.T) {
	for _, tc := range []struct{ name, want string }{
		{"Mail.Example.ORG", "Mail.Example.ORG."},
		{"mail.example.org.", "mail.example.org."},
		{`a\.b.example.`, `a\046b.example.`},
		{`a\\.`, `a\092.`},
		{`a\.`, `a\046.`},
		{"o'brien._spf.example.", `o\039brien._spf.example.`},
		{"\xff \n.example.", `\255\032\010.example.`},
		{".", "."},
	} {
		if got := presentation.Spelled(tc.name); got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.name, got, tc.want)
		}
	}
}

func TestQuoted(t *testing.T) {
	for _, tc := range []struct{ octets, want string }{
		{"v=spf1 -all", `"v=spf1 -all"`},
		{"", `""`},
		{`say "\"`, `"say \"\\\""`},
		{"\x00\xff", `"\000\255"`},
	} {
		if got := presentation.Quoted(tc.octets); got != tc.want {
			t.Errorf("%q: got %s, want %s", tc.octets, got, tc.want)
		}
	}
}
