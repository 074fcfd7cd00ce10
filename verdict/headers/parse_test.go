package headers_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict/headers"
)

// TestParse includes the examples of RFC 8601, appendix B.
func TestParse(t *testing.T) {
	for _, tc := range []struct {
		field, service string
		entries        []envelope.AuthenticationResult
	}{
		{"example.org 1; none", "example.org", nil},
		{"example.com; none;", "example.com", nil},
		{"example.com;\r\n spf=pass smtp.mailfrom=example.net", "example.com", []envelope.AuthenticationResult{
			entry("spf", "pass", "", "smtp.mailfrom=example.net")}},
		{"example.com; auth=pass (cram-md5) smtp.auth=sender@example.net; spf=pass smtp.mailfrom=example.net", "example.com", []envelope.AuthenticationResult{
			entry("auth", "pass", "", "smtp.auth=sender@example.net"), entry("spf", "pass", "", "smtp.mailfrom=example.net")}},
		{"example.com; iprev=pass\r\n policy.iprev=192.0.2.200", "example.com", []envelope.AuthenticationResult{
			entry("iprev", "pass", "", "policy.iprev=192.0.2.200")}},
		{`example.com; dkim=pass reason="good signature" header.i=@mail-router.example.net; dkim=fail reason="bad signature" header.i=@newyork.example.com`, "example.com", []envelope.AuthenticationResult{
			entry("dkim", "pass", "good signature", "header.i=@mail-router.example.net"), entry("dkim", "fail", "bad signature", "header.i=@newyork.example.com")}},
		{`foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462`, "foo.example.net", []envelope.AuthenticationResult{
			entry("dkim", "fail", "", "policy.expired=1362471462")}},
		{`"a;b"; spf=pass smtp.mailfrom="a;b"@x.example; dmarc=fail action=none header.from=""`, "a;b", []envelope.AuthenticationResult{
			entry("spf", "pass", "", `smtp.mailfrom="a;b"@x.example`), entry("dmarc", "fail", "", ".action=none", "header.from=")}},
		{`x; dkim=pass header.b="ab+/cd==" header.d=e.example (; dkim=fail)`, "x", []envelope.AuthenticationResult{
			entry("dkim", "pass", "", "header.b=ab+/cd==", "header.d=e.example")}},
		{`x; spf=pass (a (b) c.d=e \) f.g=h) smtp.helo=i`, "x", []envelope.AuthenticationResult{
			entry("spf", "pass", "", "smtp.helo=i")}},
		{"x 01; dkim / 2 = pass header.d=a.example; spf / 1 = pass; iprev/0=fail", "x", []envelope.AuthenticationResult{entry("spf", "pass", "")}},
		{"mx.example.org; spf=pass smtp.mailfrom=someone@example.net;\n\t\tdmarc=pass (p=reject) header.from=example.net", "mx.example.org", []envelope.AuthenticationResult{
			entry("spf", "pass", "", "smtp.mailfrom=someone@example.net"), entry("dmarc", "pass", "", "header.from=example.net")}},
		{"x;; ;spf=none", "x", []envelope.AuthenticationResult{entry("spf", "none", "")}},
	} {
		got, err := headers.Parse(tc.field)
		for i := range tc.entries { // the test writes a property without a type with a dot
			for j, p := range tc.entries[i].Properties {
				if p.Name == "" {
					tc.entries[i].Properties[j] = envelope.AuthenticationProperty{Name: p.Type, Value: p.Value}
				}
			}
		}
		if err != nil || got.Service != tc.service || !reflect.DeepEqual(got.Entries, tc.entries) {
			t.Errorf("%q:\n got %+v %v\nwant %+v", tc.field, got, err, tc.entries)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, field := range []string{
		"", "(", "((a)", `"a`, "; spf=pass", "x spf=pass", "x; spf", "x; =pass", "x; spf=pass smtp", "x; spf=pass smtp.=", "x; spf=pass smtp.a=b\"c\"",
		"x; spf=pass )", `x; spf=pass reason="a`, "x; spf=pass (a", "x; spf=pass smtp.mailfrom", "x; \x00",
		"x 2; spf=pass", "x 1a; spf=pass", "x 0; none",
	} {
		_, err := headers.Parse(field)
		var syntax *envelope.SyntaxError
		if !errors.As(err, &syntax) || syntax.Value != field {
			t.Errorf("%q: %v", field, err)
		}
	}
}

// TestLongFieldsTakeLinearTime parses 256 KB of each of the parts that a
// parser could read repeatedly. It has no clock: a quadratic parser would
// exceed the timeout of the test.
func TestLongFieldsTakeLinearTime(t *testing.T) {
	for _, piece := range []string{"(", "()", "((", `"`, `\`, `"\"`, ";", "a=b;", "a=b c.d=e ", "mx.example.org", "mx.example.org.", " ", "\r\n ", "(mx.example.org;"} {
		long := strings.Repeat(piece, 1<<18/len(piece))
		for _, field := range []string{long, "x;" + long, "x; a=b c.d=" + long} {
			_, _ = headers.Parse(field)
			deliver(t, "Authentication-Results: "+field+"\r\n\r\n")
		}
	}
}
