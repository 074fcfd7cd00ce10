package main

import (
	"os"
	"strings"
	"testing"

	"github.com/d--j/go-milter"
)

func TestMain(m *testing.M) {
	milter.LogWarning = func(string, ...any) {} // of invalid packets and connections that end
	os.Exit(m.Run())
}

func TestOptions(t *testing.T) {
	for _, tc := range []struct{ args, want string }{
		{"", "-our-domains is required"},
		{"-our-domains example.org x", `unexpected argument "x"`},
		{"-our-domains example.org -policy lax", `unknown policy "lax"`},
	} {
		if _, err := parseOptions(strings.Fields(tc.args)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: %v, want %q", tc.args, err, tc.want)
		}
	}
	for args, want := range map[string]string{
		"-help":                                  "-quarantine",
		"-our-domains example.org -hostname a.-": "-hostname: ",
		"-our-domains example.org -hostname mx.example.org -mailboxes /nowhere": "/nowhere",
		"-our-domains example.org -hostname mx.example.org -listen nowhere":     "nowhere",
	} {
		var out strings.Builder
		if status := run(t.Context(), strings.Fields(args), &out, nil); (status == 0) != (args == "-help") || !strings.Contains(out.String(), want) {
			t.Errorf("%q: exit status %d, %q, want %q", args, status, out.String(), want)
		}
	}
}
