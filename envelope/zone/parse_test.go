package zone_test

import (
	"errors"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

func TestParseRemovesCommonIndentation(t *testing.T) {
	for name, text := range map[string]string{
		"flush left":           "mail.example.org. A 192.0.2.1\n  A 192.0.2.2",
		"indented":             "\n\t\tmail.example.org. A 192.0.2.1\n\t\t  A 192.0.2.2\n\t",
		"comment to the left":  "; the mail host\n\tmail.example.org. A 192.0.2.1\n\t\tA 192.0.2.2 ; and again",
		"comment to the right": "\t\t; the mail host\n\tmail.example.org. A 192.0.2.1\n\t\tA 192.0.2.2",
		"empty lines":          "\n\n  mail.example.org. A 192.0.2.1\n\n \n    A 192.0.2.2\n\n",
		"tabs and blanks":      " \tmail.example.org. A 192.0.2.1\n \t A 192.0.2.2",
		"CRLF and empty lines": "\r\n  mail.example.org. A 192.0.2.1\r\n\r\n    A 192.0.2.2\r\n",
		"CRLF":                 "  mail.example.org. A 192.0.2.1\r\n    A 192.0.2.2\r\n",
		"parentheses":          "  mail.example.org. A (\n 192.0.2.1 )\n    A 192.0.2.2",
	} {
		t.Run(name, func(t *testing.T) {
			z, err := zone.Parse(text)
			if name == "parentheses" { // the common indentation is 1, so the first line has no owner
				if err == nil {
					t.Fatal("a first line without an owner was accepted")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			addrs, err := z.LookupNetIP(t.Context(), "ip4", "mail.example.org.")
			if len(addrs) != 2 || err != nil {
				t.Errorf("got %v, %v; want both addresses", addrs, err)
			}
		})
	}
}

func TestParseReadsMasterFiles(t *testing.T) {
	z := zone.MustParse(`
		$ORIGIN example.org.
		$TTL 60
		@        IN  SOA  ns hostmaster ( 1 3600 600
		                                  86400 300 )
		         IN  MX   10 mail
		mail 300 IN  A    192.0.2.1 ; the host
		MAIL     AAAA     2001:db8::1
		bücher   A        192.0.2.7
		odd      TYPE65280 \# 2 abcd
		txt      TXT      "a;b" "c\"d\\\200"
		$ORIGIN .
		elsewhere.example A 192.0.2.8
	`)
	ctx := t.Context()
	for _, tc := range []struct{ network, name, want string }{
		{"ip4", "mail.example.org.", "192.0.2.1"},
		{"ip6", "mail.example.org.", "2001:db8::1"},
		{"ip4", "xn--bcher-kva.example.org.", "192.0.2.7"},
		{"ip4", "elsewhere.example.", "192.0.2.8"},
	} {
		addrs, err := z.LookupNetIP(ctx, tc.network, tc.name)
		if err != nil || len(addrs) != 1 || addrs[0].String() != tc.want {
			t.Errorf("%s %s: got %v, %v; want %s", tc.network, tc.name, addrs, err, tc.want)
		}
	}
	mx, err := z.LookupMX(ctx, "example.org.")
	if err != nil || len(mx) != 1 || mx[0].Host != "mail.example.org." {
		t.Errorf("got %v, %v; want an absolute host name", mx, err)
	}
	txt, err := z.LookupTXT(ctx, "txt.example.org.")
	if err != nil || len(txt) != 1 || txt[0] != "a;bc\"d\\\xc8" {
		t.Errorf("got %q, %v; want unescaped octets", txt, err)
	}
}

func TestParseErrorsHaveLineAndValue(t *testing.T) {
	for _, tc := range []struct{ text, line, says string }{
		{"a.example. A 1.2.3", "line 1", "1.2.3"},
		{"a.example. A 192.0.2.1\n\nb.example. A nothing", "line 3", "nothing"},
		{"  A 192.0.2.1\na.example. A 192.0.2.1", "line 1", "has no owner"},
		{"a.example. A 192.0.2.1\n\tb.example. A 192.0.2.2", "line 2", "not a TTL: \"b.example.\"; the line is indented"},
		{"a.example. A 192.0.2.1\nb.example. x A 192.0.2.2", "line 2", "not a TTL: \"x\""},
		{"a.example. A", "line 1", "no data"},
		{"a.example. MX", "line 1", "no data"},
		{"a.example.", "line 1", "a.example."},
		{"a.example. IN", "line 1", "IN"},
		{"a.example. NOTYPE x", "line 1", "NOTYPE"},
		{"a.example. CH TXT x", "line 1", "class IN"},
		{"a.example. TXT \"open", "line 1", "open"},
		{"a.example. A (\n192.0.2.1", "", "unbalanced brace"},
		{"a..example. A 192.0.2.1", "line 1", "a..example."},
		{strings.Repeat("a", 64) + ". A 192.0.2.1", "line 1", "aaaa"},
		{strings.Repeat("a.", 130) + " A 192.0.2.1", "line 1", "a.a.a"},
		{"a.example. MX 10 " + strings.Repeat("a.", 130), "line 1", "a.a.a"},
		{"\xff.example. A 192.0.2.1", "line 1", "owner"},
		{"$INCLUDE /etc/passwd\n", "line 1", "$INCLUDE"},
		{"$GENERATE 1-9 host$ A 192.0.2.$", "", "$GENERATE"},
		{"$gene(\nrate 1-9 host$ A 192.0.2.$ )", "", "$GENERATE"},
		{"a.example. CNAME b.example.\na.example. A 192.0.2.1", "line 2", "alias"},
		{"a.example. A 192.0.2.1\nA.example. CNAME b.example.", "line 2", "alias"},
		{"a.example. CNAME b.example.\na.example. CNAME c.example.", "line 2", "alias"},
		{strings.Repeat("a.example. A 192.0.2.1\n", 100_001), "line 100001", "100,000"},
		{strings.Repeat(" ", 5<<20), "", "4 MiB"},
	} {
		_, err := zone.Parse(tc.text)
		var syntax *envelope.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%.40q: got %v, want a *envelope.SyntaxError", tc.text, err)
			continue
		}
		for _, part := range []string{tc.line, tc.says} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%.40q: %q does not say %q", tc.text, err, part)
			}
		}
		if indented := "the line is indented"; strings.Contains(err.Error(), indented) != strings.Contains(tc.says, indented) {
			t.Errorf("%.40q: %q speaks of indentation by mistake", tc.text, err)
		}
		if len(err.Error()) > 1000 {
			t.Errorf("%.40q: an error of %d octets", tc.text, len(err.Error()))
		}
	}
}

func TestMustParsePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an invalid text was accepted")
		}
	}()
	zone.MustParse("a.example. A 1.2.3")
}

func TestEmptyTextIsAnEmptyZone(t *testing.T) {
	for _, text := range []string{"", "\n\n", "; nothing", "$ORIGIN example.org."} {
		z, err := zone.Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if ok, err := z.Exists(t.Context(), "example.org."); ok || err != nil {
			t.Errorf("%q: got %v, %v; want false", text, ok, err)
		}
	}
}
