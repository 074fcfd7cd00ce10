package recipient_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
)

// relays are the ways in which strangers ask a server to send mail on. The
// server is that of ours.example, [192.0.2.25] and xn--bcher-kva.example, and of
// all below .sub.ours.example; other.example is somebody else's.
var relays = []string{
	// Another domain, plainly.
	"user@other.example",
	"user@OTHER.example.",
	"postmaster@other.example",
	"user@example",
	"user@localhost",
	"user@ours",
	"user@.ours.example",

	// A domain that only looks like ours.
	"user@evil-ours.example",
	"user@evilours.example",
	"user@ours.example.other.example",
	"user@ours.example.evil",
	"user@mail.ours.example",
	"user@sub.ours.example", // ".sub.ours.example" is all below it
	"user@evilsub.ours.example",
	"user@ours_example",
	"user@oürs.example",
	"user@xn--bcher-kva.example.other.example",
	"user@bucher.example",
	"user@ours.example\u200b.other.example",

	// Percent (RFC 1123, section 5.2.16).
	"user%other.example@ours.example",
	"user%other.example%third.example@ours.example",
	`"user%other.example"@ours.example`,
	`"user\%other.example"@ours.example`,
	"user%other.example@[192.0.2.25]",
	"user%[192.0.2.1]@ours.example",
	"user%other.example@a.sub.ours.example",
	"%other.example@ours.example",
	"user%@ours.example",
	"postmaster%other.example@ours.example",
	"user%other.example",
	"user@ours.example%other.example",
	"user@other.example%ours.example",

	// Bang (RFC 976).
	"other.example!user@ours.example",
	"third.example!other.example!user@ours.example",
	`"other.example!user"@ours.example`,
	`"other.example\!user"@ours.example`,
	"other.example!user%third.example@ours.example",
	"other.example!user@[192.0.2.25]",
	"!user@ours.example",
	"ours.example!user@ours.example",
	"other.example!user",
	"ours.example!other.example!user",
	"ours.example!user@other.example",

	// An address within quotes.
	`"user@other.example"@ours.example`,
	`"user\@other.example"@ours.example`,
	`"\u\s\e\r\@other.example"@ours.example`,
	`"@other.example:user"@ours.example`,
	`"<user@other.example>"@ours.example`,
	`"user@other.example "@ours.example`,
	`"user@other.example"@[192.0.2.25]`,
	`"user@ours.example"@other.example`,
	`"a@b\"@c"@ours.example`,
	`"user@other.example"`,
	`"user"@other.example`,
	`"user@ours.example`,
	`"user"@ours.example@other.example`,
	`"user"ours.example@other.example`,

	// Source routes (RFC 5321, appendix C).
	"@ours.example:user@other.example",
	"@ours.example,@other.example:user@third.example",
	"@other.example:user@ours.example",
	"@other.example,@ours.example:user@ours.example",
	"@ours.example:user@ours.example",
	"@ours.example:user%other.example@ours.example",
	"@ours.example:postmaster",
	"@[192.0.2.25]:user@other.example",
	"@ours.example:@other.example:user@ours.example",
	"@ours.example user@other.example",

	// Address literals.
	"user@[192.0.2.26]",
	"user@[192.0.2.250]",
	"user@[127.0.0.1]",
	"user@[IPv6:2001:db8::1]",
	"user@[IPv6:::ffff:192.0.2.26]",
	"user@[ours.example]",
	"user@[tag:ours.example]",
	"user@[]",
	"user@[192.0.2.25",
	"user@192.0.2.25]",
	"user@[192.0.2.25].other.example",
	"user@[192.0.2.25]@other.example",
	"user@192.0.2.25",
	"user@3221225997",
	"user@0xc0000219",

	// Doubled @, and what is no address at all.
	"user@other.example@ours.example",
	"user@ours.example@other.example",
	"user@@ours.example",
	"@user@ours.example",
	"user@",
	"@ours.example",
	"user",
	"root",
	"postmaster@",
	"@postmaster",
	"postmaster,user@other.example",
	"",

	// Bytes that another program reads otherwise.
	"user@other.example\x00@ours.example",
	"user@other.example\x00.ours.example",
	"user\x00@ours.example",
	"user@ours.example\x00",
	"user@ours.example\x00.other.example",
	"user@ours.example\r\nRCPT TO:<user@other.example>",
	"user@ours.example\nuser@other.example",
	"user@ours.example\r",
	"\"user\r\n@other.example\"@ours.example",
	"user@ours.example,user@other.example",
	"user@ours.example;user@other.example",
	"user@ours.example user@other.example",
	"user@ours.example>user@other.example",
	"user@ours.example/other.example",
	"user@ours.example:25",
	"user@ours.example(other.example)",
	"user(user@other.example)@ours.example",
	"<user@other.example>@ours.example",
	"user@other.example\\@ours.example",
	"user\\@other.example@ours.example",
	"user@ours.example..",
	"user@ours..example",
	"\xff@ours.example",

	// What a server that brings text to its compatibility form reads as an
	// address within the local part.
	"user％other.example@ours.example",
	"user﹪other.example@ours.example",
	"other.example！user@ours.example",
	"other.example﹗user@ours.example",
	"user＠other.example@ours.example",
	"user﹫other.example@ours.example",
	"user@other.example＠ours.example",

	// Lengths.
	strings.Repeat("a", 65) + "@ours.example",
	strings.Repeat("a", 1<<20) + "@ours.example",
	"user@" + strings.Repeat("a.", 1<<19) + "ours.example",
	"user@" + strings.Repeat("a.", 123) + "ours.example",
	"@" + strings.Repeat("a,@", 1<<18) + "b:user@ours.example",
	strings.Repeat("@", 1<<20),
	strings.Repeat(`"`, 1<<20),
}

// ourSite is the check that stands before the relay.
var ourSite = []string{"ours.example", ".sub.ours.example", "[192.0.2.25]", "bücher.example"}

func TestNoFormOfAddressRelays(t *testing.T) {
	ours, role := recipient.Ours(ourSite...), recipient.Role(ourSite, "user", "postmaster", "root")
	in := recipient.In(append(ourSite, "user@ours.example")...)
	if len(relays) < 40 {
		t.Errorf("%d forms of address", len(relays))
	}
	for _, rcpt := range relays {
		for _, utf8 := range []bool{false, true} {
			t.Run(fmt.Sprintf("%.60q %t", rcpt, utf8), func(t *testing.T) {
				e := &envelope.Envelope{RcptTo: rcpt, SMTPUTF8: utf8}
				got := ours(t.Context(), nil, e)
				t.Log(got.Text)
				expect(t, got, envelope.Fail, relaying)
				if got.Deferral != notYetRelay {
					t.Errorf("deferral %v, want %v", got.Deferral, notYetRelay)
				}
				if !strings.HasPrefix(got.Text, "relay access denied: ") || !strings.HasSuffix(got.Text, loginHint) {
					t.Errorf("the text %q", got.Text)
				}
				expect(t, role(t.Context(), nil, e), envelope.Fail, unwanted)
				expect(t, in(t.Context(), nil, e), envelope.Fail, unwanted)
			})
		}
	}
}

func TestOursPassesWhatEndsHere(t *testing.T) {
	ours := recipient.Ours(ourSite...)
	for _, rcpt := range []string{
		"user@ours.example",
		"USER@OURS.EXAMPLE",
		"user@ours.example.",
		"user@Ours.Example.",
		`"user"@ours.example`,
		`"two words"@ours.example`,
		`"a\"b"@ours.example`,
		"user+detail@ours.example",
		"user=other.example@ours.example", // BATV and VERP are local parts like others
		"prvs=1234abcd=user/other.example@ours.example",
		"bounce-user=other.example@ours.example",
		"{user}#1@ours.example",
		"user@a.sub.ours.example",
		"user@a.b.SUB.ours.example.",
		"user@xn--bcher-kva.example",
		"user@bücher.example",
		"user@BÜCHER.example.",
		"jürgen@ours.example",
		"user@[192.0.2.25]",
		"user@[192.0.2.025]",
		"user@[IPv6:::ffff:192.0.2.25]",
		"user@[ipv6:::FFFF:c000:219]",
		"postmaster",
		"POSTmaster",
		"postmaster@ours.example",
		strings.Repeat("a", 64) + "@ours.example",
	} {
		t.Run(rcpt, func(t *testing.T) { expect(t, ours(t.Context(), nil, to(rcpt)), envelope.Pass, nothing) })
	}
}

func TestOursNamesTheRecipient(t *testing.T) {
	ours := recipient.Ours(ourSite...)
	for rcpt, want := range map[string]string{
		"User@Other.example":                 "relay access denied: the recipient User@Other.example is in no domain of this site",
		"user%other.example@ours.example":    "relay access denied: the recipient user%other.example@ours.example asks this server to send the mail on",
		"@other.example:user@ours.example":   "relay access denied: the recipient @other.example:user@ours.example asks this server to send the mail on",
		"user@ours.example\r\n250 2.1.5 OK!": "relay access denied: the recipient user@ours.example 250 2.1.5 OK! has a domain that has a character that no name can have",
		"user":                               "relay access denied: the recipient user has no domain",
		"":                                   "relay access denied: the client has given no recipient",
	} {
		if got := ours(t.Context(), nil, to(rcpt)); got.Text != want+loginHint {
			t.Errorf("got %q, want %q", got.Text, want+loginHint)
		}
	}
}

func TestNoDomainsAreOurs(t *testing.T) {
	nobody := recipient.Ours()
	expect(t, nobody(t.Context(), nil, to("user@ours.example")), envelope.Fail, relaying)
	expect(t, nobody(t.Context(), nil, to("user@[192.0.2.25]")), envelope.Fail, relaying)
	expect(t, nobody(t.Context(), nil, to("postmaster")), envelope.Pass, nothing)
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
	} {
		t.Run(tc.domain+" "+tc.rcpt, func(t *testing.T) {
			if got := recipient.Ours("other.example", tc.domain)(t.Context(), nil, to(tc.rcpt)); got.Outcome != tc.want {
				t.Errorf("got %v, want %v", got.Outcome, tc.want)
			}
		})
	}
}

func TestADomainThatCannotBeReadDefers(t *testing.T) {
	for _, domain := range []string{"", ".", "*.example.org", "@example.org", "ann@example.org", "192.0.2.25", "[192.0.2.256]", "[192.0.2.25", "a b"} {
		for _, check := range []envelope.Check{recipient.Ours("example.org", domain), recipient.Role([]string{"example.org", domain})} {
			for _, rcpt := range []string{"postmaster@example.org", "user@other.example"} {
				got := check(t.Context(), nil, to(rcpt))
				expect(t, got, envelope.TempError, badSetup)
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
	expect(t, check(t.Context(), nil, to("user@other.example")), envelope.Fail, relaying)
}
