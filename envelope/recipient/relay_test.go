package recipient_test

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/recipient"
)

// address is a line of testdata/relay.txt, which explains its words.
type address struct{ says, rcpt string }

// addresses reads testdata/relay.txt.
func addresses(t testing.TB) (all []address) {
	t.Helper()
	raw, err := os.ReadFile("testdata/relay.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		says, quoted, _ := strings.Cut(line, " ")
		rcpt, err := strconv.Unquote(strings.TrimSpace(quoted))
		if err != nil {
			t.Fatalf("relay.txt: %s: %v", line, err)
		}
		all = append(all, address{says, rcpt})
	}
	return all
}

// endless are addresses that are too long for a file.
var endless = []address{
	{"unreadable", strings.Repeat("a", 1<<20) + "@ours.example"},
	{"unreadable", "user@" + strings.Repeat("a.", 1<<19) + "ours.example"},
	{"unreadable", "user@" + strings.Repeat("a.", 123) + "ours.example"},
	{"unreadable", "@" + strings.Repeat("a,@", 1<<18) + "b:user@ours.example"},
	{"unreadable", strings.Repeat("@", 1<<20)},
	{"unreadable", strings.Repeat(`"`, 1<<20)},
}

// ourSite is the site of relay.txt.
var ourSite = []string{"ours.example", ".sub.ours.example", "[192.0.2.25]", "bücher.example"}

func TestEveryFormOfAddress(t *testing.T) {
	ours, role := recipient.Ours(ourSite...), recipient.Role(ourSite, "user", "postmaster", "root")
	in := recipient.In(append(ourSite, "user@ours.example")...)
	relays := 0
	for _, a := range append(addresses(t), endless...) {
		if a.says != "ours" {
			relays++
		}
		for _, utf8 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%.60q %t", a.rcpt, utf8), func(t *testing.T) {
				e := &envelope.Envelope{RcptTo: a.rcpt, SMTPUTF8: utf8}
				got := ours(t.Context(), nil, e)
				want := a.says
				if !utf8 && !ascii(a.rcpt) {
					want = "unreadable" // RFC 6531, section 3.3
				}
				if said := said(got); said != want {
					t.Errorf("said to be %s (%s), want %s", said, got.Text, want)
				}
				if want == "ours" {
					envelopetest.Expect(t, got, envelope.Pass, nothing)
					return
				}
				envelopetest.Expect(t, got, envelope.Fail, relaying)
				if got.Deferral != notYetRelay {
					t.Errorf("deferral %v, want %v", got.Deferral, notYetRelay)
				}
				if got.Advice != "relay access denied; "+loginHint {
					t.Errorf("the advice %q", got.Advice)
				}
				envelopetest.Expect(t, role(t.Context(), nil, e), envelope.Fail, unwanted)
				envelopetest.Expect(t, in(t.Context(), nil, e), envelope.Fail, unwanted)
			})
		}
	}
	if relays < 100 {
		t.Errorf("%d forms of address that are not ours", relays)
	}
}

// No character whose compatibility form (Unicode, NFKC) asks for relaying passes.
func TestCompatibilityFormsAreNotOurs(t *testing.T) {
	ours := recipient.Ours("ours.example")
	form := idna.New(idna.MapForLookup(), idna.StrictDomainName(false), idna.ValidateLabels(false))
	become := 0
	for r := rune(utf8.RuneSelf); r <= unicode.MaxRune; r++ {
		text, _ := form.ToUnicode(string(r))
		if !strings.ContainsAny(text, "%!@") {
			continue
		}
		become++
		e := &envelope.Envelope{RcptTo: "user" + string(r) + "other@ours.example", SMTPUTF8: true}
		if got := ours(t.Context(), nil, e); got.Outcome != envelope.Fail {
			t.Errorf("%U becomes %s: %v", r, text, got.Outcome)
		}
	}
	if become != 10 {
		t.Errorf("%d characters become one of the three", become)
	}
}

// said is the word of relay.txt for a finding.
func said(f envelope.Finding) string {
	switch {
	case f.Outcome == envelope.Pass:
		return "ours"
	case strings.Contains(f.Text, "is in no domain of this site"):
		return "foreign"
	case strings.Contains(f.Text, "asks this server to relay the mail"):
		return "onward"
	}
	return "unreadable"
}

func TestOursNamesTheRecipient(t *testing.T) {
	ours := recipient.Ours(ourSite...)
	for rcpt, want := range map[string]string{
		"User@Other.example":                 "the recipient User@Other.example is in no domain of this site",
		"user%other.example@ours.example":    "the recipient user%other.example@ours.example asks this server to relay the mail",
		"@other.example:user@ours.example":   "the recipient @other.example:user@ours.example asks this server to relay the mail",
		"user@ours.example\r\n250 2.1.5 OK!": "the recipient user@ours.example 250 2.1.5 OK! has a domain that has an invalid character",
		"user":                               "the recipient user has no domain",
		"":                                   "the client has given no recipient",
	} {
		if got := ours(t.Context(), nil, to(rcpt)); got.Text != want {
			t.Errorf("got %q, want %q", got.Text, want)
		}
	}
}

func TestNoDomainsAreOurs(t *testing.T) {
	nobody := recipient.Ours()
	envelopetest.Expect(t, nobody(t.Context(), nil, to("user@ours.example")), envelope.Fail, relaying)
	envelopetest.Expect(t, nobody(t.Context(), nil, to("user@[192.0.2.25]")), envelope.Fail, relaying)
	envelopetest.Expect(t, nobody(t.Context(), nil, to("postmaster")), envelope.Pass, nothing)
}

func TestDomainsOfASite(t *testing.T) {
	for _, tc := range []struct {
		domain, rcpt string
		want         envelope.Outcome
	}{
		{"Example.ORG.", "user@example.org", envelope.Pass},
		{"example.org", "user@a.example.org", envelope.Fail},
		{".example.org", "user@example.org", envelope.Fail},
		{".Example.ORG.", "user@a.b.example.org", envelope.Pass},
		{".org", "user@example.org", envelope.Pass},
		{"xn--bcher-kva.example", "user@bücher.example", envelope.Pass},
		{".bücher.example", "user@a.xn--bcher-kva.example", envelope.Pass},
		{"[IPv6:2001:DB8:0:0::25]", "user@[IPv6:2001:db8::25]", envelope.Pass},
		{"[IPv6:::ffff:192.0.2.25]", "user@[192.0.2.25]", envelope.Pass},
		{"[tag:content]", "user@[tag:content]", envelope.Pass},
		{"[tag:content]", "user@[tag:other]", envelope.Fail},
		{"localhost", "user@localhost", envelope.Pass},
		{"@example.org", "user@example.org", envelope.Pass},
		{"@example.org", "user@a.example.org", envelope.Fail},
		{"@.example.org", "user@a.example.org", envelope.Pass},
		{"@[192.0.2.25]", "user@[192.0.2.25]", envelope.Pass},
		{"User@example.org", "user@example.org", envelope.Pass},
		{"user@example.org", "other@example.org", envelope.Fail},
	} {
		check := recipient.Ours("other.example", tc.domain)
		envelopetest.Case{Name: tc.domain + " " + tc.rcpt, Envelope: to(tc.rcpt), Outcome: tc.want, Status: relaying}.Run(t, check, nil)
	}
}

func TestAnInvalidDomainDefers(t *testing.T) {
	for _, domain := range []string{"", ".", "*.example.org", "@", "@*.example.org", "ann@*.example.org", "ann%a.example@example.org", "192.0.2.25", "[192.0.2.256]", "[192.0.2.25", "a b"} {
		for _, check := range []envelope.Check{recipient.Ours("example.org", domain), recipient.Role([]string{"example.org", domain})} {
			for _, rcpt := range []string{"postmaster@example.org", "user@other.example"} {
				got := check(t.Context(), nil, to(rcpt))
				envelopetest.Expect(t, got, envelope.TempError, badSetup)
				var syntax *envelope.SyntaxError
				if !errors.As(got.Err, &syntax) || syntax.Value != domain {
					t.Errorf("%q: the cause is %v", domain, got.Err)
				}
			}
		}
	}
}

func TestOursKeepsItsOwnDomains(t *testing.T) {
	domains := []string{"example.org"}
	check := recipient.Ours(domains...)
	domains[0] = "other.example"
	envelopetest.Expect(t, check(t.Context(), nil, to("user@other.example")), envelope.Fail, relaying)
}
