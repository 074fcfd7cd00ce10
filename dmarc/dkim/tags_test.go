package dkim_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestIdentity tests that i= is decoded as quoted-printable (RFC 6376, sections 2.11 and
// 3.5).
func TestIdentity(t *testing.T) {
	for written, want := range map[string]string{
		"-":                               "@example.org",
		"@example.org":                    "@example.org",
		"ann@example.org":                 "ann@example.org",
		"ann=40example.org":               "ann@example.org",
		"ann@example=2Eorg":               "ann@example.org",
		"ann@mail=2eEXAMPLE.org":          "ann@mail.EXAMPLE.org",
		"=61=6E=6e@example.org":           "ann@example.org",
		"a=3Db@example.org":               "a=b@example.org",
		"a=20b@example.org":               "a b@example.org",
		"ann\r\n =40 example\r\n\t=2Eorg": "ann@example.org",
		"gr=C3=BC=C3=9Fe@example.org":     "grüße@example.org",
		// Few signers encode an equals sign as required.
		"list=ann=example.net@example.org": "list=ann=example.net@example.org",
		"a=@example.org":                   "a=@example.org",
		"a=4@example.org":                  "a=4@example.org",
		"a==3D@example.org":                "a==@example.org",
	} {
		s := verify(t, world(), sign(with("i", written), mail, rsaKey())).Signatures[0]
		if s.Word != "pass" || s.Identity != want {
			t.Errorf("%q: %q, %s %s, want %q", written, s.Identity, s.Word, s.Reason, want)
		}
	}
}

// TestPrefixesAreUnique tests that the prefix of b= is long enough to identify each
// signature of a message (RFC 6008, section 4).
func TestPrefixesAreUnique(t *testing.T) {
	data := func(b string) string { return strings.TrimSuffix(sign(with("b", b), mail, nil), mail) }
	for _, tc := range []struct{ all, want string }{
		{"AAAABBBBCCCC", "AAAABBBB"},
		{"AAAA", "AAAA"},
		{"AAAA\"BBBB", ""}, // not base64
		{"AAAABBBBCCCC DDDDEEEE", "AAAABBBB DDDDEEEE"},
		{"AAAABBBBCCCCDDDD AAAABBBBCCCDDDDD", "AAAABBBBCCCC AAAABBBBCCCD"},
		{"AAAABBBBCCCCDDDD AAAABBBBCCCDDDDD AAAABBBBCCCCDDDE", "AAAABBBBCCCCDDDD AAAABBBBCCCD AAAABBBBCCCCDDDE"},
		{"AAAABBBBCCCC AAAABBBB", "AAAABBBBC AAAABBBB"},
		{"AAAABBBBCCCC AAAABBBBCCCC", "AAAABBBB AAAABBBB"}, // nothing tells them apart
		{"AAAA\r\n\tBBBB\r\n\tCCCC AAAABBBBDDDD", "AAAABBBBC AAAABBBBD"},
	} {
		raw := mail
		for _, b := range strings.Split(tc.all, " ") {
			raw = data(b) + raw
		}
		var got []string
		for _, s := range verify(t, world(), raw).Signatures {
			got = append([]string{s.Prefix}, got...)
		}
		if got := strings.Join(got, " "); got != tc.want {
			t.Errorf("%q: %s, want %s", tc.all, got, tc.want)
		}
	}
}

// TestBodyLength tests that a signature with l= is valid if it covers the whole body.
func TestBodyLength(t *testing.T) {
	head, _, _ := strings.Cut(mail, "\r\n\r\n")
	for _, body := range []string{"", "\r\n", "Hello", "Hello  Bob, \r\n\ttab\t.\r\n\r\n.\r\n \r\n\r\n", strings.Repeat("0123456789\r\n", 1000)} {
		for _, form := range []string{"simple/simple", "relaxed/relaxed"} {
			whole := len(plainBody(body, form == "relaxed/relaxed"))
			signed := func(l string) string { return sign(with("c", form, "l", l), head+"\r\n\r\n"+body, rsaKey()) }
			for _, tc := range []struct{ what, raw, want string }{
				{"the whole", signed(fmt.Sprint(whole)), "pass"},
				{"the whole, with zeros and blanks", signed(fmt.Sprintf(" 000%d\r\n ", whole)), "pass"},
				{"the whole, and empty lines after it", signed(fmt.Sprint(whole)) + "\r\n\r\n", "pass"},
				{"one octet more", signed(fmt.Sprint(whole + 1)), "permerror: the signature covers a longer body than the message has (l=)"},
				{"one octet less", signed(fmt.Sprint(max(whole-1, 0))), "policy: the signature leaves the end of the body unsigned (l=)"},
				{"more on the way", signed(fmt.Sprint(whole)) + "\r\nmore", "policy: the signature leaves the end of the body unsigned (l=)"},
				{"another body of this length", strings.Replace(signed(fmt.Sprint(whole)), "Hello", "hello", 1), "fail: the body of the message has changed since it was signed"},
			} {
				if whole == 0 && tc.what == "one octet less" || tc.what == "another body of this length" && !strings.Contains(body, "Hello") {
					continue
				}
				if got := said(verify(t, world(), tc.raw)); got != tc.want {
					t.Errorf("%q, %s, %s: %s, want %s", body[:min(len(body), 20)], form, tc.what, got, tc.want)
				}
			}
		}
	}
}
