package envelope_test

import (
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func TestParseLiteral(t *testing.T) {
	address := func(s string) envelope.Literal { return envelope.Literal{Addr: netip.MustParseAddr(s)} }
	for _, tc := range []struct {
		given string
		want  envelope.Literal
		text  string // of String, "" if it is the same
	}{
		{"[192.0.2.1]", address("192.0.2.1"), ""},
		{"[0.0.0.0]", address("0.0.0.0"), ""},
		{"[255.255.255.255]", address("255.255.255.255"), ""},
		{"[192.000.002.001]", address("192.0.2.1"), "[192.0.2.1]"}, // Snum is 1*3DIGIT
		{"[010.0.0.1]", address("10.0.0.1"), "[10.0.0.1]"},         // decimal, never octal
		{"[IPv6:2001:db8::1]", address("2001:db8::1"), ""},
		{"[ipv6:2001:DB8::1]", address("2001:db8::1"), "[IPv6:2001:db8::1]"},
		{"[IPV6:::]", address("::"), "[IPv6:::]"},
		{"[IPv6:::1]", address("::1"), ""},
		{"[IPv6:2001:0db8:0000:0000:0000:0000:0000:0001]", address("2001:db8::1"), "[IPv6:2001:db8::1]"},
		{"[IPv6:::ffff:192.0.2.1]", address("192.0.2.1"), "[192.0.2.1]"},
		{"[IPv6:2001:db8::192.0.2.1]", address("2001:db8::c000:201"), "[IPv6:2001:db8::c000:201]"},
		{"[X-proto:some/content!]", envelope.Literal{Tag: "X-proto", Content: "some/content!"}, ""},
		{"[4in6:a:b]", envelope.Literal{Tag: "4in6", Content: "a:b"}, ""},
	} {
		t.Run(tc.given, func(t *testing.T) {
			got, err := envelope.ParseLiteral(tc.given)
			if err != nil || got != tc.want {
				t.Fatalf("%+v, %v, want %+v", got, err, tc.want)
			}
			if text := tc.text; text == "" && got.String() != tc.given || text != "" && got.String() != text {
				t.Errorf("written %s", got)
			}
		})
	}
}

func TestParseLiteralErrors(t *testing.T) {
	const (
		brackets = "is not in brackets"
		four     = "is not an IPv4 address"
		six      = "is not an IPv6 address"
		untagged = `is an IPv6 address without the tag "IPv6:"`
		neither  = "is neither an address nor a tag with its content"
	)
	for given, reason := range map[string]string{
		"":                        brackets,
		"[":                       brackets,
		"]":                       brackets,
		"192.0.2.1":               brackets,
		"[192.0.2.1":              brackets,
		"192.0.2.1]":              brackets,
		" [192.0.2.1]":            brackets,
		"[192.0.2.1] ":            brackets,
		"[]":                      four,
		"[[192.0.2.1]]":           four,
		"[192.0.2]":               four,
		"[192.0.2.1.5]":           four,
		"[192.0.2.1.]":            four,
		"[.192.0.2.1]":            four,
		"[192..2.1]":              four,
		"[192.0.2.256]":           four,
		"[192.0.2.0001]":          four,
		"[192.0.2.-1]":            four,
		"[192.0.2.+1]":            four,
		"[ 192.0.2.1 ]":           four,
		"[192.0.2.0x1]":           four,
		"[3232235521]":            four,
		"[192.0.2.1\x00]":         four,
		"[١٩٢.٠.٢.١]":             four,
		"[mail.example.org]":      four,
		"[IPv6:]":                 six,
		"[IPv6:192.0.2.1]":        six,
		"[IPv6:2001:db8:::1]":     six,
		"[IPv6:fe80::1%eth0]":     six,
		"[IPv6: 2001:db8::1]":     six,
		"[IPv6:2001:db8::g]":      six,
		"[IPv6:1:2:3:4:5:6:7]":    six,
		"[2001:db8::1]":           untagged,
		"[::1]":                   untagged,
		"[::ffff:192.0.2.1]":      untagged,
		"[tag:]":                  neither,
		"[:content]":              neither,
		"[tag-:content]":          neither,
		"[ta_g:content]":          neither,
		"[ta g:content]":          neither,
		"[tag:con tent]":          neither,
		"[tag:con[tent]":          neither,
		"[tag:con]tent]":          neither,
		`[tag:con\tent]`:          neither,
		"[tag:con\ntent]":         neither,
		"[tag:inhält]":            neither,
		"[täg:content]":           neither,
		"[tag:content\x7f]":       neither,
		"[192.0.2.1:25]":          neither,
		"[IPv6 :2001:db8::1]":     neither,
		"[IPv6:" + long64KB + "]": six,
	} {
		got, err := envelope.ParseLiteral(given)
		if !got.IsZero() {
			t.Errorf("ParseLiteral(%.40q) = %s beside its error", given, got)
		}
		wantSyntaxError(t, err, "address literal", given, reason)
	}
}

var long64KB = strings.Repeat("1:", 32<<10)

func TestTheZeroLiteralIsAnEmptyString(t *testing.T) {
	if none := (envelope.Literal{}); !none.IsZero() || none.String() != "" {
		t.Errorf("the zero literal is written %q", none)
	}
	if zero, err := envelope.ParseLiteral("[0.0.0.0]"); err != nil || zero.IsZero() {
		t.Error("[0.0.0.0] counts as no literal")
	}
}

func FuzzParseLiteral(f *testing.F) {
	for _, seed := range []string{
		"[192.0.2.1]", "[IPv6:2001:db8::1]", "[ipv6:::ffff:192.0.2.1]", "[tag:content]", "[2001:db8::1]", "[", "[]", "[192.000.2.1]",
		"[IPv6:1:2:3:4:5:6:7::]", "[IPv6:1::1:0:1:0:1:0]", "[a:[b]", "[IPv6:fe80::1%a]", "[999.1.1.1]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		literal, err := envelope.ParseLiteral(s)
		if err != nil {
			if !literal.IsZero() {
				t.Errorf("ParseLiteral(%q) = %s, %v", s, literal, err)
			}
			return
		}
		text := literal.String()
		if again, err := envelope.ParseLiteral(text); err != nil || again != literal {
			t.Errorf("%q is written %q and read again as %+v, %v", s, text, again, err)
		}
		if literal.IsZero() || literal.Addr.IsValid() == (literal.Tag != "") || literal.Addr.Is4In6() || literal.Addr.Zone() != "" {
			t.Errorf("%q is read as %+v", s, literal)
		}
	})
}
