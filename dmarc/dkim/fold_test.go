package dkim_test

import (
	"strings"
	"testing"
)

// TestLineOfBlanksFoldsAField tests that a line of blanks only continues any field, at
// any position (RFC 5322, section 4.2).
func TestLineOfBlanksFoldsAField(t *testing.T) {
	for _, tc := range []struct{ name, fields string }{
		{"inside a field", "X-Report: Yes;\r\n        \r\n  more\r\n"},
		{"with tabs", "X-Report: Yes;\r\n\t \t\r\n\tmore\r\n"},
		{"one blank", "X-Report: Yes;\r\n \r\n more\r\n"},
		{"three of them", "X-Report: Yes;\r\n  \r\n \t\r\n   \r\n more\r\n"},
		{"the first continuation", "X-Report:\r\n  \r\n Yes; more\r\n"},
		{"at the end of a field", "X-Report: Yes; more\r\n  \r\n"},
		{"nothing else in the field", "X-Report:\r\n  \r\n"},
		{"between identifiers", "References: <1@example.org>\r\n  \r\n <2@example.org>\r\n"},
		{"in the author field", "X-From: y\r\nFrom:\r\n \r\n Ann <ann@example.org>\r\n\t\r\n"},
	} {
		raw := tc.fields + mail
		if strings.Contains(tc.fields, "\nFrom:") {
			raw = tc.fields + strings.Replace(mail, "From: Ann <ann@example.org>\r\n", "", 1)
		}
		for _, form := range []string{"simple/simple", "relaxed/relaxed"} {
			for covers, h := range map[string]string{"covered": "From:To:X-Report:References", "not covered": "From:To"} {
				signed := sign(with("c", form, "h", h), raw, rsaKey())
				for lines, wire := range map[string]string{"CRLF": signed, "LF": strings.ReplaceAll(signed, "\r\n", "\n")} {
					if got := said(verify(t, world(), wire)); got != "pass" {
						t.Errorf("%s, %s, %s, %s: %s", tc.name, form, covers, lines, got)
					}
				}
				changed := strings.Replace(signed, "more", "less", 1)
				if got := said(verify(t, world(), changed)); changed != signed && covers == "covered" && got != "fail: the signature does not match the message" {
					t.Errorf("%s, %s, changed: %s", tc.name, form, got)
				}
			}
		}
	}
}

// TestLineOfBlanksAddedAfterSigning tests that the relaxed form treats an added line of
// blanks as a blank, and the simple form does not (RFC 6376, sections 3.4.1 and 3.4.2).
func TestLineOfBlanksAddedAfterSigning(t *testing.T) {
	for form, want := range map[string]string{
		"relaxed/relaxed": "pass",
		"simple/simple":   "fail: the signature does not match the message",
	} {
		signed := sign(with("c", form), mail, rsaKey())
		for _, folded := range []string{
			strings.Replace(signed, "example.net,\r\n  carol", "example.net,\r\n \r\n  carol", 1),
			strings.Replace(signed, "carol@example.net  \r\n", "carol@example.net  \r\n\t\r\n", 1),
			strings.Replace(signed, "Subject:  two", "Subject:\r\n \r\n two", 1),
		} {
			if got := said(verify(t, world(), folded)); got != want || folded == signed {
				t.Errorf("%s: %s, want %s\n%q", form, got, want, folded)
			}
		}
	}
}

func TestLineOfBlanksInASignature(t *testing.T) {
	for _, tags := range []string{
		strings.Replace(usual, "s=rsa;\r\n h=", "s=rsa;\r\n  \r\n h=", 1),
		strings.Replace(usual, "From:To", "From:\r\n \r\n To", 1),
		usual + "\r\n ",
		strings.Replace(usual, "bh=; b=", "b=\r\n \r\n ; bh=", 1),
		"\r\n \r\n " + usual,
	} {
		for _, form := range []string{"simple/simple", "relaxed/relaxed"} {
			if got := said(verify(t, world(), sign(fillTag(tags, "c", form), mail, rsaKey()))); got != "pass" {
				t.Errorf("%s, %q: %s", form, tags, got)
			}
		}
	}
}
