package headers_test

import (
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// said is a Detail with results for the field.
type said []envelope.AuthenticationResult

func (s said) AuthenticationResults() []envelope.AuthenticationResult { return s }

func entry(method, result, reason string, properties ...string) envelope.AuthenticationResult {
	r := envelope.AuthenticationResult{Method: method, Result: result, Reason: reason}
	for _, p := range properties {
		name, value, _ := strings.Cut(p, "=")
		kind, name, _ := strings.Cut(name, ".")
		r.Properties = append(r.Properties, envelope.AuthenticationProperty{Type: kind, Name: name, Value: value})
	}
	return r
}

// found returns a verdict whose rules found these details, one each.
func found(details ...any) verdict.Verdict {
	v := verdict.Verdict{Action: verdict.Accept}
	for _, detail := range details {
		f := envelope.Passed("test.check").With(detail)
		v.Trace = append(v.Trace, verdict.Step{Finding: f})
	}
	return v
}

func stamp(t testing.TB) *headers.Stamp {
	t.Helper()
	s, err := headers.For("MX.example.org.")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func client() *envelope.Envelope {
	return &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.net", MailFrom: "someone@example.net"}
}

func TestForErrors(t *testing.T) {
	for _, name := range []string{"", "a b", "mx.example.org; dkim=pass", "mx\r\nX: y"} {
		if _, err := headers.For(name); err == nil {
			t.Errorf("%q is taken", name)
		}
	}
}

func TestAuthenticationResults(t *testing.T) {
	spf := entry("spf", "pass", "", "smtp.mailfrom=someone@example.net")
	for _, tc := range []struct {
		name string
		v    verdict.Verdict
		want string
	}{
		{"nothing found", verdict.Verdict{}, "Authentication-Results: mx.example.org; none\r\n"},
		{"one result", found(said{spf}), "Authentication-Results: mx.example.org;\r\n\tspf=pass smtp.mailfrom=someone@example.net\r\n"},
		{"said twice", found(said{spf}, said{spf}), "Authentication-Results: mx.example.org;\r\n\tspf=pass smtp.mailfrom=someone@example.net\r\n"},
		{"in the order of the rules", found(said{entry("dkim", "none", "")}, said{spf}),
			"Authentication-Results: mx.example.org;\r\n\tdkim=none;\r\n\tspf=pass smtp.mailfrom=someone@example.net\r\n"},
		{"folded where a line is full", found(said{entry("dkim", "pass", "", "header.d=example.net", "header.i=@example.net", "header.s=selector", "header.a=rsa-sha256", "header.b=ab+/cd==")}),
			"Authentication-Results: mx.example.org;\r\n\tdkim=pass header.d=example.net header.i=@example.net header.s=selector\r\n\theader.a=rsa-sha256 header.b=\"ab+/cd==\"\r\n"},
		{"a reason", found(said{entry("dkim", "fail", "the body has changed", "header.d=example.net")}),
			"Authentication-Results: mx.example.org;\r\n\tdkim=fail reason=\"the body has changed\" header.d=example.net\r\n"},
		{"inside a combination", found([]envelope.Finding{envelope.Passed("a").With([]envelope.Finding{envelope.Passed("b").With(said{spf})})}),
			"Authentication-Results: mx.example.org;\r\n\tspf=pass smtp.mailfrom=someone@example.net\r\n"},
		{"of a condition", verdict.Verdict{Trace: []verdict.Step{{Off: true, Conditions: []envelope.Finding{envelope.Passed("a").With(said{spf})}}}},
			"Authentication-Results: mx.example.org;\r\n\tspf=pass smtp.mailfrom=someone@example.net\r\n"},
		{"words that are none", found(said{entry("spf; dkim", "pass", ""), entry("spf", "pass dkim=pass", ""), entry("spf", "pass", "", "smtp.mail from=x", "smtp.helo=a.example")}),
			"Authentication-Results: mx.example.org;\r\n\tspf=pass smtp.helo=a.example\r\n"},
		{"other details", found("text", nil, 7), "Authentication-Results: mx.example.org; none\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := stamp(t).AuthenticationResults(client(), tc.v)
			if got != tc.want {
				t.Errorf("\n got %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestSeveralVerdictsMakeOneField(t *testing.T) {
	spf := said{entry("spf", "pass", "", "smtp.mailfrom=a@example.net")}
	dkim := said{entry("dkim", "none", "")}
	got := stamp(t).AuthenticationResults(client(), found(spf), found(spf, dkim))
	if want := "Authentication-Results: mx.example.org;\r\n\tspf=pass smtp.mailfrom=a@example.net;\r\n\tdkim=none\r\n"; got != want {
		t.Errorf("%q", got)
	}
}

// TestHostileValuesStayValues has values that try to be results, fields or comments.
func TestHostileValuesStayValues(t *testing.T) {
	for _, value := range []string{
		"x; dkim=pass", "x\r\nX-Evil: 1", "x\n\tdkim=pass", `x\"; dkim=pass`, `"; dkim=pass; x="`, `a b\`, "a(b", "a)b", "\x00", "", " ",
		"münchen@bücher.example", "a\u202eb", "\xff", "a=b", "x;", `\`, `"`, strings.Repeat(`"\`, 3000), strings.Repeat("x", 5000),
		`"a;b"@example.net`, `"a b"@example.net`, "a@b@c", "@", "a; dkim=pass@b.example", "a(b@c.example", "a b@c.example", `a"b@c.example`, "a@b; dkim=pass", "=?utf-8?q?x?=",
	} {
		for _, e := range []*envelope.Envelope{client(), {SMTPUTF8: true}} {
			want := entry("spf", "fail", "")
			want.Reason = value
			want.Properties = []envelope.AuthenticationProperty{{Type: "smtp", Name: "mailfrom", Value: value}, {Type: "smtp", Name: "helo", Value: value}}
			oneSafeField(t, stamp(t).AuthenticationResults(e, found(said{want})), e.SMTPUTF8, want)
		}
	}
}

// oneSafeField fails the test unless text is one valid field that has the results that it should
// have, cleaned.
func oneSafeField(t *testing.T, text string, smtputf8 bool, want ...envelope.AuthenticationResult) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if len(line) > 998 || strings.TrimSpace(line) == "" || strings.ContainsAny(line, "\r\n\x00") {
			t.Errorf("line %q of %q", line, text)
		}
		for _, c := range []byte(line) {
			if c < ' ' && c != '\t' || c == 0x7f || c > '~' && !smtputf8 {
				t.Errorf("octet %#x in %q", c, text)
			}
		}
	}
	var fields []header.Field
	for field := range header.Fields([]byte(text + "\r\n")) {
		fields = append(fields, field)
	}
	if len(fields) != 1 || fields[0].Name() != "Authentication-Results" || len(fields[0].Raw) != len(text) {
		t.Fatalf("%q is %d fields", text, len(fields))
	}
	got, err := headers.Parse(string(fields[0].Value()))
	if err != nil || got.Service != "mx.example.org" || len(got.Entries) != len(want) {
		t.Fatalf("%q reads as %+v %v", text, got, err)
	}
	for i, entry := range got.Entries {
		if !same(entry, want[i], smtputf8) {
			t.Errorf("%q reads as\n%+v, want\n%+v", text, entry, want[i])
		}
	}
}

// same reports whether a parsed result is the written one, cleaned, except for
// the characters that are replaced.
func same(got, want envelope.AuthenticationResult, smtputf8 bool) bool {
	replaced := strings.NewReplacer("(", "[", ")", "]", ";", ",", "=", ":", `"`, "", "'", "", `\`, "", "/", "")
	equal := func(got, want string) bool {
		want = envelope.CleanText(envelope.Excerpt(want), smtputf8)
		return replaced.Replace(got) == replaced.Replace(want)
	}
	if got.Method != want.Method || got.Result != want.Result || !equal(got.Reason, want.Reason) || len(got.Properties) != len(want.Properties) {
		return false
	}
	for i, p := range got.Properties {
		q := want.Properties[i]
		if p.Type != q.Type || p.Name != q.Name || !equal(p.Value, q.Value) {
			return false
		}
	}
	return true
}

func TestReceivedSPF(t *testing.T) {
	mailfrom := entry("spf", "pass", "", "smtp.mailfrom=someone@example.net")
	helo := entry("spf", "fail", "", "smtp.helo=mail.example.net")
	broken := entry("spf", "permerror", `the record (of "x") \ is wrong`, "smtp.mailfrom=a@x.example")
	v6 := client()
	v6.ClientIP, v6.MailFrom, v6.Helo = netip.MustParseAddr("2001:db8::1"), "", "[192.0.2.1]\r\nX: y"
	for _, tc := range []struct {
		name string
		e    *envelope.Envelope
		v    verdict.Verdict
		want string
	}{
		{"no rule asked SPF", client(), found(said{entry("dkim", "none", "")}), ""},
		{"pass", client(), found(said{mailfrom}), "Received-SPF: pass (mx.example.org: 192.0.2.1 may use the domain)\r\n" +
			"\tclient-ip=192.0.2.1; envelope-from=\"someone@example.net\";\r\n\thelo=mail.example.net; identity=mailfrom; receiver=mx.example.org\r\n"},
		{"the sender comes first", client(), found(said{helo, mailfrom}), "Received-SPF: pass (mx.example.org: 192.0.2.1 may use the domain)\r\n" +
			"\tclient-ip=192.0.2.1; envelope-from=\"someone@example.net\";\r\n\thelo=mail.example.net; identity=mailfrom; receiver=mx.example.org\r\n"},
		{"HELO", v6, found(said{helo}), "Received-SPF: fail (mx.example.org: 2001:db8::1 may not use the domain)\r\n" +
			"\tclient-ip=\"2001:db8::1\"; envelope-from=\"<>\"; helo=\"[192.0.2.1] X: y\";\r\n\tidentity=helo; receiver=mx.example.org\r\n"},
		{"a problem", client(), found(said{broken}), "Received-SPF: permerror (mx.example.org: the SPF record is wrong)\r\n" +
			"\tclient-ip=192.0.2.1; envelope-from=\"someone@example.net\";\r\n\thelo=mail.example.net; identity=mailfrom; receiver=mx.example.org;\r\n" +
			"\tproblem=\"the record [of 'x'] / is wrong\"\r\n"},
	} {
		if got := stamp(t).ReceivedSPF(tc.e, tc.v); got != tc.want {
			t.Errorf("%s:\n got %q\nwant %q", tc.name, got, tc.want)
		}
	}
}
