package envelope_test

import (
	"testing"

	"mxrules.example/envelope"
)

// paths are arguments of MAIL and RCPT without their keyword.
var paths = []struct {
	argument, path, parameters string
	ok                         bool
}{
	{"<>", "", "", true},
	{"<ann@example.net>", "ann@example.net", "", true},
	{" <ann@example.net>  SIZE=1 BODY=8BITMIME ", "ann@example.net", "SIZE=1 BODY=8BITMIME", true},
	{`<"a>b"@example.net>`, `"a>b"@example.net`, "", true},
	{`<"a\">b"@example.net> SIZE=1`, `"a\">b"@example.net`, "SIZE=1", true},
	{"<@a.example:ann@example.net>", "@a.example:ann@example.net", "", true},
	{"<grüße@example.net>", "grüße@example.net", "", true},
	{`<ann@[x:a>b"c]> SIZE=1`, `ann@[x:a>b"c]`, "SIZE=1", true},
	{`<"["@example.net> SIZE=1`, `"["@example.net`, "SIZE=1", true},
	{"<ann@[192.0.2.1> X=]", "ann@[192.0.2.1", "X=]", true}, // no literal
	{"<not an address>", "not an address", "", true},
	{"", "", "", false},
	{"ann@example.net", "", "", false},
	{"ann@example.net>", "", "", false},
	{"<ann@example.net", "", "", false},
	{`<"ann@example.net>`, "", "", false},
	{`<"ann\`, "", "", false},
	{"<ann@example.net>SIZE=1", "", "", false},
}

func TestCutPath(t *testing.T) {
	for _, tc := range paths {
		path, parameters, ok := envelope.CutPath(tc.argument)
		if path != tc.path || parameters != tc.parameters || ok != tc.ok {
			t.Errorf("%q: got %q, %q, %t", tc.argument, path, parameters, ok)
		}
	}
}

// What is cut can be written again.
func FuzzCutPath(f *testing.F) {
	for _, tc := range paths {
		f.Add(tc.argument)
	}
	f.Fuzz(func(t *testing.T, argument string) {
		path, parameters, ok := envelope.CutPath(argument)
		if !ok {
			return
		}
		again, rest, ok := envelope.CutPath("<" + path + "> " + parameters)
		if !ok || again != path || rest != parameters {
			t.Errorf("%q: got %q and %q, and then %q, %q, %t", argument, path, parameters, again, rest, ok)
		}
	})
}
