package headers_test

import (
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict/headers"
)

// FuzzAuthenticationResults tests that any result becomes one field, which parses as the
// same result.
func FuzzAuthenticationResults(f *testing.F) {
	f.Add("spf", "pass", "", "smtp", "mailfrom", "someone@example.net", false)
	f.Add("dkim", "fail", `a "b" \ (c); d`, "header", "b", "ab+/cd==", false)
	f.Add("dmarc", "pass", "x\r\nX-Evil: y", "header", "from", "bücher.example", true)
	f.Add(strings.Repeat("h", 64), "pass", "", "smtp", strings.Repeat("h", 2000), "x", false)
	f.Add("spf", "fail", strings.Repeat(`\"`, 300), "smtp", "helo", strings.Repeat("ü", 300), true)
	f.Fuzz(func(t *testing.T, method, result, reason, kind, name, value string, smtputf8 bool) {
		e := client()
		e.SMTPUTF8 = smtputf8
		one := envelope.AuthenticationResult{Method: method, Result: result, Reason: reason}
		one.Properties = []envelope.AuthenticationProperty{{Type: kind, Name: name, Value: value}}
		text := stamp(t).AuthenticationResults(e, found(said{one}))
		if !isWord(method) || !isWord(result) {
			oneSafeField(t, text, smtputf8)
			return
		}
		if !isWord(kind) || !isWord(name) {
			one.Properties = nil
		}
		oneSafeField(t, text, smtputf8, one)
	})
}

// isWord reports whether s is a Keyword of RFC 5321, section 4.1.2 that does not
// begin with a hyphen, and is not too long.
func isWord(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
	return s != "" && len(s) <= 64 && strings.Trim(s, letters) == "" && s[0] != '-' && s[len(s)-1] != '-'
}

// FuzzReceivedSPF tests that any values of a peer make one field.
func FuzzReceivedSPF(f *testing.F) {
	f.Add("mail.example.net", "someone@example.net", "", false)
	f.Add("a\r\nX: y", `"a b"@example.net`, "(\\", true)
	f.Fuzz(func(t *testing.T, helo, mailFrom, reason string, smtputf8 bool) {
		e := client()
		e.Helo, e.MailFrom, e.SMTPUTF8 = helo, mailFrom, smtputf8
		text := stamp(t).ReceivedSPF(e, found(said{entry("spf", "permerror", reason)}))
		message := deliver(t, text+"\r\n")
		if strings.Contains(message, "Received-SPF") || !strings.HasSuffix(message, "none\r\n\r\n") {
			t.Errorf("%q is more than one field, or not known as ours: %q", text, message)
		}
		for line := range strings.SplitSeq(text, "\r\n") {
			if len(line) > 998 {
				t.Errorf("a line of %d octets", len(line))
			}
		}
	})
}

// FuzzParse tests that any text parses or is an error, and that a delivered message has
// no other field with our name than the one on top.
func FuzzParse(f *testing.F) {
	f.Add("mx.example.org; spf=pass")
	f.Add(`(a (b) \) ) "mx.example.org" 1 ; dkim / 1 = pass (c) header . d = "e\"" ; none`)
	f.Add("mx\r\n .example.org;")
	f.Fuzz(func(t *testing.T, field string) {
		if got, err := headers.Parse(field); err == nil && got.Service == "" {
			t.Errorf("%q has no service", field)
		}
		if strings.ContainsAny(field, "\r\n") {
			return
		}
		message := deliver(t, "Authentication-Results: "+field+"\r\n\r\n")
		first, rest, _ := strings.Cut(message, "\r\n")
		if got, err := headers.Parse(strings.TrimPrefix(rest, "Authentication-Results: ")); err == nil && strings.EqualFold(got.Service, "mx.example.org") {
			t.Errorf("%q stays below %q", rest, first)
		}
	})
}

func BenchmarkAuthenticationResults(b *testing.B) {
	s, e := stamp(b), client()
	v := found(said{
		entry("spf", "pass", "", "smtp.mailfrom=someone@example.net"),
		entry("dkim", "pass", "", "header.d=example.net", "header.s=selector", "header.a=rsa-sha256", "header.b=ab+/cd=="),
		entry("dmarc", "pass", "", "header.from=example.net", "policy.dmarc=reject"),
	})
	b.ReportAllocs()
	for b.Loop() {
		s.AuthenticationResults(e, v)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := headers.Parse("mx.example.org;\r\n\tspf=pass smtp.mailfrom=someone@example.net;\r\n\tdkim=pass header.d=example.net header.b=\"ab+/cd==\""); err != nil {
			b.Fatal(err)
		}
	}
}
