package pattern

import (
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func mailbox(t testing.TB, path string) envelope.Mailbox {
	t.Helper()
	if IsPostmaster(path) {
		return envelope.Mailbox{Local: Postmaster}
	}
	m, err := envelope.ParseMailbox(path, true)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPatterns(t *testing.T) {
	for _, tc := range []struct {
		pattern     string
		text        string // the result of String
		matches     []string
		matchesNone []string
	}{
		{"example.org", "@example.org",
			[]string{"ann@example.org", `"a b"@EXAMPLE.org.`, "@route.example:ann@example.org"},
			[]string{"ann@a.example.org", "ann@org", "ann@badexample.org", `"ann@example.org"@example.net`, "postmaster"}},
		{"@Example.ORG.", "@example.org", []string{"ann@example.org"}, []string{"ann@a.example.org"}},
		{".example.org", "@.example.org",
			[]string{"ann@a.example.org", "ann@a.b.example.org"},
			[]string{"ann@example.org", "ann@badexample.org", "ann@a.example.org.evil.example"}},
		{"@.example.org", "@.example.org", []string{"ann@a.example.org"}, []string{"ann@example.org"}},
		{".org", "@.org", []string{"ann@example.org", "ann@a.example.org"}, []string{"ann@org"}},
		{"localhost", "@localhost", []string{"ann@localhost"}, nil},
		{"@postmaster", "@postmaster", []string{"ann@postmaster"}, []string{"postmaster"}},
		{"postmaster", "postmaster", []string{"PostMaster"}, []string{"postmaster@example.org", "ann@postmaster"}},
		{"po\u017ftmaster", "@postmaster", nil, []string{"postmaster"}}, // EqualFold accepts the long s
		{"*@example.org", "*@example.org", []string{"*@example.org"}, []string{"ann@example.org"}},
		{"POSTMASTER", "postmaster", []string{"postmaster"}, nil},
		{"bücher.example", "@xn--bcher-kva.example", []string{"ann@xn--bcher-kva.example", "ann@BÜCHER.example"}, nil},
		{"[192.0.2.1]", "@[192.0.2.1]",
			[]string{"ann@[192.0.2.1]", "ann@[IPv6:::ffff:c000:201]"},
			[]string{"ann@[192.0.2.2]", "ann@[IPv6:2001:db8::1]"}},
		{"@[192.0.2.01]", "@[192.0.2.1]", []string{"ann@[192.0.2.1]"}, nil},
		{"[IPv6:2001:DB8:0::1]", "@[IPv6:2001:db8::1]", []string{"ann@[IPv6:2001:db8::1]"}, nil},
		{"[tag:user@host]", "@[tag:user@host]", []string{"ann@[tag:user@host]"}, []string{"ann@[tag:other]"}},
		{"Ann@Example.ORG", "ann@example.org",
			[]string{"ANN@example.org", `"ann"@example.org`, "@route.example:ann@example.org"},
			[]string{"bob@example.org", "ann@a.example.org", "ann@example.net", "ann+x@example.org"}},
		{`"Two Words"@example.org`, `"two words"@example.org`, []string{`"two\ words"@example.org`}, []string{"two@example.org"}},
		{`"a@b"@example.org`, `"a@b"@example.org`, []string{`"a@b"@example.org`}, []string{"a@b"}},
		{`""@example.org`, `""@example.org`, []string{`""@example.org`}, []string{"ann@example.org"}},
		{"ann@[192.0.2.1]", "ann@[192.0.2.1]", []string{"Ann@[192.0.2.1]"}, []string{"bob@[192.0.2.1]", "ann@[192.0.2.2]"}},
		{"kim@example.org", "kim@example.org", []string{"KIM@example.org"}, []string{"\u212aim@example.org", "k\u0130m@example.org"}},
	} {
		t.Run(tc.pattern, func(t *testing.T) {
			p, err := Parse(tc.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.String(); got != tc.text {
				t.Errorf("String returns %s, want %s", got, tc.text)
			}
			set, err := ParseSet([]string{"other@other.example", tc.pattern})
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range tc.matches {
				if m := mailbox(t, path); !set.Contains(m) || !slices.Contains(slices.Collect(Matching(m)), p) {
					t.Errorf("%s does not match", path)
				}
			}
			for _, path := range tc.matchesNone {
				if m := mailbox(t, path); set.Contains(m) || slices.Contains(slices.Collect(Matching(m)), p) {
					t.Errorf("%s matches", path)
				}
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	const (
		character = "has an invalid character"
		domain    = "has a domain that "
	)
	for text, reason := range map[string]string{
		"":                         "is empty",
		"@":                        domain + "is empty",
		".":                        "is empty",
		"@.":                       domain + "is empty",
		"..example.org":            "has an empty label",
		"*.example.org":            character,
		"ann@*.example.org":        domain + character,
		"ann smith":                character,
		"ann@bob@example.org":      domain + character,
		"@a.example:b@c.example":   domain + character,
		"@ann@example.org":         domain + character,
		"192.0.2.1":                "is a number or an address, not a name",
		"[192.0.2.1":               "is not in brackets",
		"[2001:db8::1]":            `is an IPv6 address without the tag "IPv6:"`,
		".[192.0.2.1]":             character,
		"ann@":                     domain + "is empty",
		"ann@.example.org":         domain + "has an empty label",
		"ann smith@example.org":    "has a character in its local part that needs quotes",
		"Ann <ann@example.org>":    "has a character in its local part that needs quotes",
		"ann@example.org\r\n":      domain + character,
		"ann@example.org, b@c":     domain + character,
		"ann@example。org":          domain + "is written neither in A-labels nor in U-labels (RFC 5890, section 2.3.2.1)",
		strings.Repeat("a", 1<<20): "has more than 253 octets",
	} {
		p, err := Parse(text)
		if set, err := ParseSet([]string{"example.org", text}); set != nil || err == nil {
			t.Errorf("%.40q: got the set %v and the error %v", text, set, err)
		}
		syntax, ok := err.(*envelope.SyntaxError)
		if !ok || syntax.Kind != "mailbox pattern" || syntax.Value != text || syntax.Reason != reason || p != (Pattern{}) {
			t.Errorf("%.40q: got %v, %v; want the reason %q", text, p, err, reason)
		}
	}
}

func TestMatchingStartsWithTheNarrowest(t *testing.T) {
	for path, want := range map[string]string{
		"Ann@a.example.org":       "ann@a.example.org @a.example.org @.example.org @.org",
		"ann@localhost":           "ann@localhost @localhost",
		"ann@[192.0.2.1]":         "ann@[192.0.2.1] @[192.0.2.1]",
		"ann@[IPv6:2001:db8::1]":  "ann@[IPv6:2001:db8::1] @[IPv6:2001:db8::1]",
		"@x.example:ann@a.b":      "ann@a.b @a.b @.b",
		"ann@[tag:a.example.org]": "ann@[tag:a.example.org] @[tag:a.example.org]",
	} {
		var got []string
		for p := range Matching(mailbox(t, path)) {
			got = append(got, p.String())
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s, want %s", path, text, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"example.org", ".example.org", "@example.org", "@.example.org", "[192.0.2.1]", "ann@example.org", "postmaster",
		"@postmaster", `"a@b"@c`, `""@c`, "[tag:user@host]", "@[IPv6:::1]", "ä@bücher.example", "*", "a..b", "\xff", "@a:b@c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			if p != (Pattern{}) {
				t.Errorf("%q: got %v and the error %v", text, p, err)
			}
			return
		}
		if again, err := Parse(p.String()); err != nil || again != p {
			t.Errorf("%q: String returns %s, which is parsed as %v, %v", text, p, again, err)
		}
		if p.Domain() != p.Domain().Domain() || p.scope == whole && p.Domain() != p {
			t.Errorf("the domain of %v is %v", p, p.Domain())
		}
		if m, err := envelope.ParseMailbox(text, true); err == nil && m.Route == "" && !(Set{p: {}}).Contains(m) {
			t.Errorf("%q does not match itself", text)
		}
	})
}

func BenchmarkContains(b *testing.B) {
	set, err := ParseSet([]string{"example.org", ".example.net", "ann@example.com", "[192.0.2.1]"})
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range []string{"ann@example.com", "ann@example.org", "ann@a.b.c.example.net", "ann@other.example"} {
		m := mailbox(b, path)
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set.Contains(m)
			}
		})
	}
}
