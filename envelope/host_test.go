package envelope_test

import (
	"errors"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

var (
	label63 = strings.Repeat("a", 63)
	// name253 has 253 octets: three labels of 63 and one of 61.
	name253 = strings.Join([]string{label63, label63, label63, label63[:61]}, ".")
)

func TestParseHostNormalises(t *testing.T) {
	for _, tc := range []struct{ name, given, want string }{
		{"unchanged", "mail.example.org", "mail.example.org"},
		{"one label", "localhost", "localhost"},
		{"a final dot", "example.com.", "example.com"},
		{"upper case", "EXAMPLE.COM", "example.com"},
		{"one capital", "a.example.orZ", "a.example.orz"},
		{"mixed case and a final dot", "Mail.Example.ORG.", "mail.example.org"},
		{"digits", "3com.example", "3com.example"},
		{"a label of digits", "4.3.2.1.pool.example", "4.3.2.1.pool.example"},
		{"a top label of digits below a name", "example.123", "example.123"},
		{"hexadecimal is not a number", "0x7f.1", "0x7f.1"},
		{"digits and hyphens", "1-2.3", "1-2.3"},
		{"an underscore", "mail_1.example.org", "mail_1.example.org"},
		{"a leading underscore", "_dmarc.example.org", "_dmarc.example.org"},
		{"an underscore alone", "_.example.org", "_.example.org"},
		{"hyphens inside", "a-b.example.org", "a-b.example.org"},
		{"hyphens in third and fourth place", "ab--cd.com", "ab--cd.com"},
		{"a label of 63 octets", label63 + ".org", label63 + ".org"},
		{"253 octets", name253, name253},
		{"253 octets and a final dot", name253 + ".", name253},
		{"U-label", "bücher.example", "xn--bcher-kva.example"},
		{"upper case U-label", "Bücher.Example", "xn--bcher-kva.example"},
		{"upper case outside ASCII", "BÜCHER.EXAMPLE", "xn--bcher-kva.example"},
		{"A-label", "xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"upper case A-label", "XN--BCHER-KVA.example", "xn--bcher-kva.example"},
		{"A-label beside U-label", "xn--bcher-kva.bücher.example", "xn--bcher-kva.xn--bcher-kva.example"},
		{"A-label that decodes to nothing valid", "xn--a.com", "xn--a.com"},
		{"decomposed", "bu\u0308cher.example", "xn--bcher-kva.example"},
		{"U-label with a final dot", "bücher.example.", "xn--bcher-kva.example"},
		{"an underscore beside U-labels", "_dmarc.bücher.example", "_dmarc.xn--bcher-kva.example"},
		{"hyphens beside U-labels", "ab--cd.bücher.example", "ab--cd.xn--bcher-kva.example"},
		{"sharp s, not ss", "faß.de", "xn--fa-hia.de"},
		{"final sigma", "βόλος.com", "xn--nxasmm1c.com"},
		{"Chinese", "例え.テスト", "xn--r8jz45g.xn--zckzah"},
		{"right to left", "مثال.إختبار", "xn--mgbh0fb.xn--kgbechtv"},
		{"Kelvin sign", "\u212aelvin.example", "kelvin.example"},
		{"fullwidth", "ｅｘａｍｐｌｅ．ｏｒｇ", "example.org"},
		{"the longest name, each letter in four octets", "𝐚" + strings.ReplaceAll(strings.ReplaceAll(strings.Replace(name253[1:], ".", "。", 1), ".", "｡"), "a", "𝐚"), name253},
		{"ideographic dot", "example。org", "example.org"},
		{"halfwidth ideographic dot", "example｡org", "example.org"},
		{"ideographic final dot", "bücher.example。", "xn--bcher-kva.example"},
		{"soft hyphen vanishes", "exam\u00adple.org", "example.org"},
		{"zero width space vanishes", "exam\u200bple.org", "example.org"},
		{"joiner where its rule allows it", "क्\u200dष.example", "xn--11b2ezcw70k.example"},
		{"a U-label of 63 octets as A-label", strings.Repeat("ü", 57) + ".example", "xn--td" + strings.Repeat("a", 57) + ".example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := envelope.ParseHost(tc.given)
			if err != nil || string(got) != tc.want {
				t.Errorf("ParseHost(%q) = %q, %v, want %q", tc.given, got, err, tc.want)
			}
		})
	}
}

func TestParseHostErrors(t *testing.T) {
	const (
		empty     = "is empty"
		emptyPart = "has an empty label"
		longLabel = "has a label of more than 63 octets"
		long      = "has more than 253 octets"
		character = "has an invalid character"
		hyphen    = "has a label that begins or ends with a hyphen"
		number    = "is a number or an address, not a name"
		notUTF8   = "is not valid UTF-8"
		notIDN    = "is not a valid internationalised name (RFC 5891)"
	)
	for _, tc := range []struct{ name, given, reason string }{
		{"nothing", "", empty},
		{"a dot", ".", empty},
		{"an ideographic dot", "。", empty},
		{"two dots", "a..b", emptyPart},
		{"a dot first", ".example.org", emptyPart},
		{"two final dots", "example.org..", emptyPart},
		{"two final dots of both kinds", "ü.example.org。.", emptyPart},
		{"a vanishing label", "\u00ad.example.org", emptyPart},
		{"a soft hyphen as the last label", "example.org.\u00ad", emptyPart},
		{"a zero width space as the last label", "example.org.\u200b", emptyPart},
		{"a word joiner as the last label", "example.org.\u2060", emptyPart},
		{"a grapheme joiner as the last label", "example.org.\u034f", emptyPart},
		{"a variation selector as the last label", "example.org.\ufe0f", emptyPart},
		{"a byte order mark as the last label", "example.org.\ufeff", emptyPart},
		{"a soft hyphen after an ideographic dot", "example.org。\u00ad", emptyPart},
		{"a soft hyphen and a final dot", "example.org.\u00ad.", emptyPart},
		{"an A-label of nothing as the last", "example.org。xn--", emptyPart},
		{"an A-label of nothing and a final dot", "example.org。xn--。", emptyPart},
		{"nothing but an A-label of nothing", "。xn--", emptyPart},
		{"joiner as the last label", "example.org.\u200d", notIDN},
		{"an A-label of ASCII beside U-labels", "xn--example-.bücher", notIDN},
		{"an A-label of ASCII beside an ideographic dot", "example。xn--org-", notIDN},
		{"an A-label of nothing beside U-labels", "xn--.bücher", emptyPart},
		{"a label of 64 octets", label63 + "a.org", longLabel},
		{"an A-label that is too long", strings.Repeat("ü", 58) + ".example", longLabel},
		{"a U-label that is far too long", strings.Repeat("ü", 300) + ".example", longLabel},
		{"254 octets", name253 + "a", long},
		{"254 octets and a final dot", name253 + "a.", long},
		{"U-labels that are too long together", strings.Repeat("bücher.", 20), long},
		{"64 KB", strings.Repeat("a.", 32<<10), long},
		{"64 KB of U-labels", strings.Repeat("ü.", 32<<10), long},
		{"NUL", "a\x00.com", character},
		{"blank", "a b.com", character},
		{"blank around", " example.org", character},
		{"CR LF", "example.org\r\n", character},
		{"slash", "a/b.com", character},
		{"at sign", "a@b.com", character},
		{"asterisk", "*.example.org", character},
		{"port", "example.org:25", character},
		{"address literal", "[192.0.2.1]", character},
		{"IPv6 address", "2001:db8::1", character},
		{"DEL", "a\x7f.com", character},
		{"blank beside U-labels", "bü cher.example", character},
		{"NUL beside U-labels", "bücher\x00.example", character},
		{"no-break space becomes a blank", "a\u00a0b.example", character},
		{"hyphen first", "-a.com", hyphen},
		{"hyphen last", "a-.com", hyphen},
		{"hyphen last of all", "example.org-", hyphen},
		{"hyphen first in a lower label", "example.-org", hyphen},
		{"hyphen alone", "-", hyphen},
		{"hyphen alone in a label", "a.-.org", hyphen},
		{"a prefix and no A-label", "xn--", hyphen},
		{"IPv4 address", "192.0.2.1", number},
		{"IPv4 address with a final dot", "192.0.2.1.", number},
		{"a number", "3232235521", number},
		{"digits and dots", "1.2.3.4.5", number},
		{"fullwidth digits", "１９２.０.２.１", number},
		{"not UTF-8", "\xff.com", notUTF8},
		{"a continuation octet", "\x80.com", notUTF8},
		{"cut UTF-8", "b\xc3", notUTF8},
		{"mixed directions in a label", "a\u05d0.example", notIDN},
		{"digits of one direction first", "\u0661a\u0628.example", notIDN},
		{"bidi override", "a\u202eb.example", notIDN},
		{"joiner without its rule", "a\u200db.example", notIDN},
		{"non-joiner without its rule", "a\u200cb.example", notIDN},
		{"combining mark first", "\u0308a.example", notIDN},
		{"not assigned", "a\u0378.example", notIDN},
		{"a bad A-label beside U-labels", "xn--a.bücher.example", notIDN},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := envelope.ParseHost(tc.given)
			if got != "" {
				t.Errorf("ParseHost(%.40q) = %q beside its error", tc.given, got)
			}
			wantSyntaxError(t, err, "host name", tc.given, tc.reason)
		})
	}
}

// wantSyntaxError fails the test unless err is a *SyntaxError of this kind, value and
// reason.
func wantSyntaxError(t *testing.T, err error, kind, value, reason string) {
	t.Helper()
	syntax, ok := err.(*envelope.SyntaxError)
	if !ok {
		t.Fatalf("%.40q: error %v, want a *SyntaxError that it %s", value, err, reason)
	}
	if syntax.Kind != kind || syntax.Value != value || syntax.Reason != reason {
		t.Errorf("%.40q: error %v, want that it %s", value, err, reason)
	}
}

func TestParseHostDoesNotCopyALowerCaseName(t *testing.T) {
	for _, name := range []string{"mail.example.org", "mail.example.org.", "xn--bcher-kva.example", name253} {
		if got := testing.AllocsPerRun(100, func() { envelope.ParseHost(name) }); got != 0 {
			t.Errorf("ParseHost(%q) allocates %v times", name, got)
		}
	}
}

func TestHost(t *testing.T) {
	for host, want := range map[envelope.Host]int{"": 0, "localhost": 1, "example.org": 2, "a.b.c.d": 4} {
		if got := host.Labels(); got != want {
			t.Errorf("%q has %d labels, want %d", host, got, want)
		}
	}
	for _, tc := range []struct {
		host, domain  envelope.Host
		within, below bool
	}{
		{"example.org", "example.org", true, false},
		{"mail.example.org", "example.org", true, true},
		{"a.b.example.org", "example.org", true, true},
		{"notexample.org", "example.org", false, false},
		{"example.org", "mail.example.org", false, false},
		{"example.org.evil.example", "example.org", false, false},
		{"example.org", "org", true, true},
		{"example.org", "", false, false},
		{"", "example.org", false, false},
	} {
		if got := tc.host.Within(tc.domain); got != tc.within {
			t.Errorf("%q.Within(%q) = %t", tc.host, tc.domain, got)
		}
		if got := tc.host.Below(tc.domain); got != tc.below {
			t.Errorf("%q.Below(%q) = %t", tc.host, tc.domain, got)
		}
	}
}

func TestHostSet(t *testing.T) {
	set, err := envelope.ParseHostSet("Mail.Example.ORG.", ".example.net", ".Bücher.example", "localhost", ".arpa")
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[envelope.Host]bool{
		"mail.example.org":           true,
		"a.mail.example.org":         false,
		"example.org":                false,
		"example.net":                false,
		"a.example.net":              true,
		"a.b.c.example.net":          true,
		"notexample.net":             false,
		"example.net.evil.example":   false,
		"www.xn--bcher-kva.example":  true,
		"localhost":                  true,
		"a.localhost":                false,
		"1.2.0.192.in-addr.arpa":     true,
		"arpa":                       false,
		"":                           false,
		envelope.Host(name253):       false,
		envelope.Host(label63 + "."): false,
	} {
		if got := set.Contains(host); got != want {
			t.Errorf("Contains(%q) = %t", host, got)
		}
	}
	if (envelope.HostSet{}).Contains("example.org") {
		t.Error("the zero set contains something")
	}
}

func TestHostSetNamesABadPattern(t *testing.T) {
	for pattern, reason := range map[string]string{
		"":              "is empty",
		".":             "is empty",
		"..example.org": "has an empty label",
		"*.example.org": "has an invalid character",
		".192.0.2.1":    "is a number or an address, not a name",
		"a-.example":    "has a label that begins or ends with a hyphen",
	} {
		set, err := envelope.ParseHostSet("example.org", pattern, "example.net")
		wantSyntaxError(t, err, "host pattern", pattern, reason)
		if set.Contains("example.org") {
			t.Errorf("%q: half a set beside the error", pattern)
		}
	}
}

// labels counts the labels of a name, including empty ones, without the final dot.
func labels(s string) int {
	s = strings.NewReplacer("。", ".", "．", ".", "｡", ".").Replace(s)
	return strings.Count(strings.TrimSuffix(s, "."), ".") + 1
}

func FuzzParseHost(f *testing.F) {
	for _, seed := range []string{
		"mail.example.org", "MAIL.Example.org.", "bücher.example", "xn--bcher-kva.example", "xn--a.ü", "a..b", ".", "192.0.2.1",
		"a-.b", "_dmarc.ü", "faß.de", "\u212a.example", "例え。テスト", "a\u200db", "א1ب", "\xff", "a\u00ad", name253, label63 + "ü", "xn--",
		"example.org。xn--", "example.org.\u00ad", "xn--example-.ü",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, err := envelope.ParseHost(s)
		var syntax *envelope.SyntaxError
		if err != nil {
			if !errors.As(err, &syntax) || syntax.Value != s || host != "" {
				t.Fatalf("ParseHost(%q) = %q, %v", s, host, err)
			}
			return
		}
		if again, err := envelope.ParseHost(string(host)); err != nil || again != host {
			t.Errorf("ParseHost(%q) = %q, and of that %q, %v", s, host, again, err)
		}
		if again, err := envelope.ParseHost(strings.ToUpper(string(host) + ".")); err != nil || again != host {
			t.Errorf("%q in capitals and absolute is %q, %v", host, again, err)
		}
		if given, got := labels(s), labels(string(host)); given != got {
			t.Errorf("ParseHost(%q) = %q: %d labels have become %d", s, host, given, got)
		}
		if len(host) == 0 || len(host) > 253 || strings.ToLower(string(host)) != string(host) {
			t.Errorf("ParseHost(%q) = %q", s, host)
		}
		for label := range strings.SplitSeq(string(host), ".") {
			if len(label) == 0 || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" ||
				label[0] == '-' || label[len(label)-1] == '-' {
				t.Errorf("ParseHost(%q) = %q, with the label %q", s, host, label)
			}
		}
	})
}
