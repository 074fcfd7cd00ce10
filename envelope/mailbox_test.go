package envelope_test

import (
	"strings"
	"testing"

	"mxrules.example/envelope"
)

var (
	local64   = strings.Repeat("l", 64)
	local92   = strings.Repeat("l", 92)
	local252  = strings.Repeat("l", 252)
	domain189 = strings.Join([]string{label63, label63, label63[:61]}, ".") // 64 + 1 + 189 = 254
)

func TestParseMailbox(t *testing.T) {
	for _, tc := range []struct {
		given  string
		local  string
		domain string // a host, or a literal in brackets
		text   string // of String, "" if it is the same
	}{
		// Dot-string @ Domain
		{"info@example.org", "info", "example.org", ""},
		{"Info@Example.ORG", "Info", "example.org", "Info@example.org"},
		{"first.last@example.org", "first.last", "example.org", ""},
		{"a.b.c.d@example.org", "a.b.c.d", "example.org", ""},
		{"a@b", "a", "b", ""},
		{"1@2.example", "1", "2.example", ""},
		{"user+tag@example.org", "user+tag", "example.org", ""},
		{"!#$%&'*+/=?^_`{|}~-@example.org", "!#$%&'*+/=?^_`{|}~-", "example.org", ""},
		{"-@example.org", "-", "example.org", ""},
		{"host!user@example.org", "host!user", "example.org", ""},
		{"user%host@example.org", "user%host", "example.org", ""},
		{"bounce=x=example.net@example.org", "bounce=x=example.net", "example.org", ""},
		{"a@example.org.", "a", "example.org", "a@example.org"},
		{"a@mail_1.example.org", "a", "mail_1.example.org", ""},
		{"a@xn--bcher-kva.example", "a", "xn--bcher-kva.example", ""},
		{local64 + "@example.org", local64, "example.org", ""},
		{local64 + "@" + domain189, local64, domain189, ""},
		// RFC 5321, section 4.5.3.1.1 limits a local part to 64 octets, but section
		// 4.5.3.1 asks receivers to avoid limits.
		{local64 + "l@example.org", local64 + "l", "example.org", ""},
		{local92 + "@example.org", local92, "example.org", ""},
		{local252 + "@b", local252, "b", ""},

		// Quoted-string @ Domain
		{`"a@b"@c`, "a@b", "c", ""},
		{`"a@b@c"@d`, "a@b@c", "d", ""},
		{`"@"@c`, "@", "c", ""},
		{`""@c`, "", "c", ""},
		{`" "@c`, " ", "c", ""},
		{`"a b"@c`, "a b", "c", ""},
		{`"a..b"@c`, "a..b", "c", ""},
		{`".a"@c`, ".a", "c", ""},
		{`"a."@c`, "a.", "c", ""},
		{`"a,b;c:d<e>(f)[g]"@c`, "a,b;c:d<e>(f)[g]", "c", ""},
		{`"a>b"@c`, "a>b", "c", ""},
		{`"plain"@c`, "plain", "c", "plain@c"},
		{`"first.last"@c`, "first.last", "c", "first.last@c"},
		{`"a\"b"@c`, `a"b`, "c", ""},
		{`"a\\b"@c`, `a\b`, "c", ""},
		{`"\\"@c`, `\`, "c", ""},
		{`"\""@c`, `"`, "c", ""},
		{`"\"@evil.example"@c`, `"@evil.example`, "c", ""},
		{`"a\@b"@c`, "a@b", "c", `"a@b"@c`},
		{`"\a\b"@c`, "ab", "c", "ab@c"},
		{`"a\ b"@c`, "a b", "c", `"a b"@c`},
		{`"` + strings.Repeat("q", 63) + `"@c`, strings.Repeat("q", 63), "c", strings.Repeat("q", 63) + "@c"},
		{`"` + strings.Repeat(`\q`, 125) + `"@c`, strings.Repeat("q", 125), "c", strings.Repeat("q", 125) + "@c"},

		// address literals
		{"a@[192.0.2.1]", "a", "[192.0.2.1]", ""},
		{"a@[192.000.002.001]", "a", "[192.0.2.1]", "a@[192.0.2.1]"},
		{"a@[IPv6:2001:db8::1]", "a", "[IPv6:2001:db8::1]", ""},
		{"a@[ipv6:2001:DB8:0::1]", "a", "[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
		{"a@[IPv6:::ffff:192.0.2.1]", "a", "[192.0.2.1]", "a@[192.0.2.1]"},
		{"a@[tag:content]", "a", "[tag:content]", ""},
		{"a@[tag:user@host]", "a", "[tag:user@host]", ""},
		{`"a@[b]"@[192.0.2.1]`, "a@[b]", "[192.0.2.1]", ""},
	} {
		t.Run(tc.given, func(t *testing.T) {
			for _, smtputf8 := range []bool{false, true} {
				m, err := envelope.ParseMailbox(tc.given, smtputf8)
				if err != nil {
					t.Fatal(err)
				}
				if domain := string(m.Domain) + m.Literal.String(); m.Local != tc.local || domain != tc.domain || m.Route != "" {
					t.Errorf("local part %q, domain %q, route %q", m.Local, domain, m.Route)
				}
				if text := m.String(); tc.text == "" && text != tc.given || tc.text != "" && text != tc.text {
					t.Errorf("written %s", text)
				}
			}
		})
	}
}

func TestParseMailboxWithSMTPUTF8(t *testing.T) {
	for _, tc := range []struct{ given, local, domain, text string }{
		{"jürgen@example.org", "jürgen", "example.org", "jürgen@example.org"},
		{"info@bücher.example", "info", "xn--bcher-kva.example", "info@xn--bcher-kva.example"},
		{"jürgen@Bücher.Example.", "jürgen", "xn--bcher-kva.example", "jürgen@xn--bcher-kva.example"},
		{"用户@例え.テスト", "用户", "xn--r8jz45g.xn--zckzah", "用户@xn--r8jz45g.xn--zckzah"},
		{"a.ü.b@example.org", "a.ü.b", "example.org", "a.ü.b@example.org"},
		{"😀@example.org", "😀", "example.org", "😀@example.org"},
		{`"jür gen"@example.org`, "jür gen", "example.org", `"jür gen"@example.org`},
		{`"jürgen"@example.org`, "jürgen", "example.org", "jürgen@example.org"},
		{`"ü\"@"@example.org`, `ü"@`, "example.org", `"ü\"@"@example.org`},
		{"a＠b@example.org", "a＠b", "example.org", "a＠b@example.org"}, // a fullwidth @ is a letter like others
		{"a@faß.de", "a", "xn--fa-hia.de", "a@xn--fa-hia.de"},
		{"a@xn--bcher-kva.bücher.example", "a", "xn--bcher-kva.xn--bcher-kva.example", "a@xn--bcher-kva.xn--bcher-kva.example"},
		{"a@ΒΌΛΟΣ.example", "a", "xn--nxasmq6b.example", "a@xn--nxasmq6b.example"},
		{"a@क्\u200dष.example", "a", "xn--11b2ezcw70k.example", "a@xn--11b2ezcw70k.example"},
		{strings.Repeat("ü", 121) + "@example.org", strings.Repeat("ü", 121), "example.org", strings.Repeat("ü", 121) + "@example.org"},
	} {
		t.Run(tc.given, func(t *testing.T) {
			m, err := envelope.ParseMailbox(tc.given, true)
			if err != nil || m.Local != tc.local || string(m.Domain) != tc.domain || m.String() != tc.text {
				t.Errorf("%+v, %v, written %s", m, err, m)
			}
			_, err = envelope.ParseMailbox(tc.given, false)
			if err == nil || !strings.HasSuffix(err.Error(), "is not ASCII, which requires SMTPUTF8") {
				t.Errorf("without SMTPUTF8: error %v", err)
			}
		})
	}
}

func TestParseMailboxParsesSourceRoutes(t *testing.T) {
	for _, tc := range []struct{ given, route, text string }{
		{"@a.example:b@c.example", "@a.example", "b@c.example"},
		{"@a.example,@b.example:c@d.example", "@a.example,@b.example", "c@d.example"},
		{`@a.example:"x:y@z"@c.example`, "@a.example", `"x:y@z"@c.example`},
		{"@A.Example:b@[IPv6:2001:db8::1]", "@A.Example", "b@[IPv6:2001:db8::1]"},
	} {
		m, err := envelope.ParseMailbox(tc.given, false)
		if err != nil || m.Route != tc.route || m.String() != tc.text {
			t.Errorf("%s: route %q, written %s, %v", tc.given, m.Route, m, err)
		}
	}
	m, err := envelope.ParseMailbox("@bücher.example:a@b.example", true)
	if err != nil || m.Route != "@bücher.example" || m.Domain != "b.example" {
		t.Errorf("with SMTPUTF8: %+v, %v", m, err)
	}
}

func TestParseMailboxErrors(t *testing.T) {
	const (
		noLocal   = "has no local part"
		noDomain  = "has no domain"
		dots      = "has a dot at the beginning or end of its local part, or two in a row"
		quotes    = "has a character in its local part that needs quotes"
		control   = "has a control character"
		unclosed  = "has a quoted local part without a closing quote"
		between   = "has text between its quoted local part and the @"
		backslash = "has a backslash before a character that cannot be escaped"
		long      = "has more than 254 octets"
		route     = "has a source route with a hop that is not a domain"
		notUTF8   = "is not valid UTF-8"
		domain    = "has a domain that "
		literal   = "has an address literal that "
		character = domain + "has an invalid character"
		uLabel    = domain + "is written neither in A-labels nor in U-labels (RFC 5890, section 2.3.2.1)"
		number    = domain + "is a number or an address, not a name"
	)
	for given, reason := range map[string]string{
		"":                       "is empty",
		"@":                      noLocal,
		"@example.org":           noLocal,
		"postmaster":             noDomain,
		`"postmaster"`:           noDomain,
		"a@":                     domain + "is empty",
		`"a"@`:                   domain + "is empty",
		"a@.":                    domain + "is empty",
		".@example.org":          dots,
		".a@example.org":         dots,
		"a.@example.org":         dots,
		"a..b@example.org":       dots,
		"a.":                     dots,
		"a@b@c":                  character,
		`"a"b"@c`:                between,
		`"a"b@c`:                 between,
		`"a" @c`:                 between,
		`"a"."b"@c`:              between,
		`"a""b"@c`:               between,
		`a"b"@c`:                 quotes,
		`a\@b@c`:                 quotes,
		`a\b@c`:                  quotes,
		"a b@c":                  quotes,
		" a@c":                   quotes,
		"a @c":                   quotes,
		"<a@c>":                  quotes,
		"Name <a@c>":             quotes,
		`"Name" <a@c>`:           between,
		"a(comment)@c":           quotes,
		"(comment)a@c":           quotes,
		"a@c(comment)":           character,
		"a@(comment)c":           character,
		"a,b@c":                  quotes,
		"a;b@c":                  quotes,
		"a:b@c":                  quotes,
		"a[b]@c":                 quotes,
		"<>":                     quotes,
		"a\x00b@c":               control,
		"a\r\nb@c":               control,
		"a\tb@c":                 control,
		"a\x7fb@c":               control,
		"\"a\x00b\"@c":           control,
		"\"a\r\nb\"@c":           control,
		"\"a\tb\"@c":             control,
		"\"a\\\tb\"@c":           control,
		"\"a\x7fb\"@c":           control,
		"a\u0085b@c":             control,
		"\"a\u009bb\"@c":         control,
		`"`:                      unclosed,
		`"a`:                     unclosed,
		`"a@c`:                   unclosed,
		`"a\"@c`:                 unclosed,
		`"a\`:                    unclosed,
		`"\ü"@c`:                 backslash,
		"\xff@c":                 notUTF8,
		"\"\xff\"@c":             notUTF8,
		"ü\xc3@c":                notUTF8,
		"a@\xff.example":         domain + notUTF8,
		"a@b c":                  character,
		"a@c ":                   character,
		"a@ c":                   character,
		"a@c>":                   character,
		"a@c\r\n":                character,
		"a@c\x00":                character,
		"a@b,c@d":                character,
		"a@example.org:25":       character,
		"a@b..c":                 domain + "has an empty label",
		"a@.c":                   domain + "has an empty label",
		"a@c..":                  domain + "has an empty label",
		"a@-c":                   domain + "has a label that begins or ends with a hyphen",
		"a@c-":                   domain + "has a label that begins or ends with a hyphen",
		"a@192.0.2.1":            number,
		"a@2130706433":           number,
		"a@2001:db8::1":          character,
		"a@" + label63 + "a.org": domain + "has a label of more than 63 octets",
		"a@a\u202eb.example":     domain + "is not a valid internationalised name (RFC 5891)",
		// A later program could read these as another domain.
		"a@example。org":                         uLabel,
		"a@bücher.example。":                     uLabel,
		"a@example.org。xn--":                    domain + "has an empty label",
		"a@exam\u00adple.org":                   uLabel,
		"a@bü\u200bcher.example":                uLabel,
		"a@ｅxample.org":                         uLabel,
		"a@bücher．example":                      uLabel,
		"a@\u212aelvin.example":                 uLabel,
		"a@ban\u212a.bücher.example":            uLabel,
		"a@bu\u0308cher.example":                uLabel,
		"a@ⓧn--bcher-kva.example":               uLabel,
		"a@\u0130stanbul.example":               uLabel,
		"@example。org:a@example.org":            route,
		"a@[192.0.2.1":                          literal + "is not in brackets",
		"a@[192.0.2.1].":                        literal + "is not in brackets",
		"a@[192.0.2.1]x":                        literal + "is not in brackets",
		"a@[]":                                  literal + "is not an IPv4 address",
		"a@[192.0.2.256]":                       literal + "is not an IPv4 address",
		"a@[IPv6:192.0.2.1]":                    literal + "is not an IPv6 address",
		"a@[2001:db8::1]":                       literal + `is an IPv6 address without the tag "IPv6:"`,
		"a@[tag:con[tent]":                      literal + "is neither an address nor a tag with its content",
		"@a:":                                   noLocal,
		"@a:@c":                                 noLocal,
		"@a:b":                                  noDomain,
		"@a,@b":                                 noLocal,
		"@:b@c":                                 route,
		"@a,:b@c":                               route,
		"@a,b:c@d":                              route,
		"@a, @b:c@d":                            route,
		"@a@b:c@d":                              route,
		"@192.0.2.1:b@c":                        route,
		"@[192.0.2.1]:b@c":                      route,
		"@[IPv6:::1]:b@c":                       route,
		"@a..b:c@d":                             route,
		"@a:@b:c@d":                             noLocal,
		local252 + "l@c":                        long,
		strings.Repeat("ü", 126) + "l@c":        long,
		`"` + strings.Repeat("q", 251) + `"@c`:  long, // quotes count
		`"` + strings.Repeat(`\q`, 126) + `"@c`: long, // and backslashes
		local64 + "@" + domain189 + "a":         long,
		"@a:" + local64 + "@" + domain189:       long,
		strings.Repeat("a@", 32<<10):            long,
		`"` + strings.Repeat(`\"`, 32<<10):      long,
		local64 + "@" + strings.Repeat("bü.", 25) + "de": "has more than 254 octets with its domain in A-labels",
	} {
		m, err := envelope.ParseMailbox(given, true)
		if m != (envelope.Mailbox{}) {
			t.Errorf("%.40q: %+v beside its error", given, m)
		}
		wantSyntaxError(t, err, "mailbox", given, reason)
	}
}

func TestParseMailboxDoesNotCopyASCII(t *testing.T) {
	for _, path := range []string{"first.last+tag@mail.example.org", `"a@b"@c.example`, "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "@a.example:b@c.example"} {
		if got := testing.AllocsPerRun(100, func() { envelope.ParseMailbox(path, true) }); got != 0 {
			t.Errorf("ParseMailbox(%q) allocates %v times", path, got)
		}
	}
}
