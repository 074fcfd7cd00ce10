package author_test

import (
	"net/mail"
	"strings"
	"testing"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
)

// FuzzParse tests what is true of any value. If net/mail parses the value too, both must
// find the same addresses.
func FuzzParse(f *testing.F) {
	for _, value := range []string{
		"ann@example.org", `"a, b" <x@y.example> (c), G: d@e.example;`, "a@b <c@d>", "<@a,@b:c@d.example>",
		`"a@b"@c.example`, "a@[1.2.3.4]", "(((", `"\`, "a@bü.example", "=?utf-8?q?x?= <a@b.example>", "a.b . c@d . e",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		authors, err := author.Parse(value)
		if err != nil {
			if len(authors) > 0 {
				t.Errorf("%q: authors beside %v", value, err)
			}
			return
		}
		if len(authors) == 0 || len(authors) > 100 {
			t.Errorf("%q: %d authors", value, len(authors))
		}
		for _, a := range authors {
			if host, err := envelope.ParseHost(string(a.Domain)); err != nil || host != a.Domain || a.Local == "" && !strings.Contains(value, `""`) {
				t.Errorf("%q: the mailbox %q", value, a)
			}
		}
		if theirs, err := mail.ParseAddressList(value); err == nil {
			wantSame(t, value, authors, theirs)
		}
	})
}

// FuzzApparent tests that nothing inside quotes is an address, and that an address is
// found after any text.
func FuzzApparent(f *testing.F) {
	for _, name := range []string{"a@b.example", `"`, "(", ")", `\`, "=?utf-8?q?a=40b.example?=", "=?utf-7?q?+AEA-?=", "<@c.example,", "a . b", "@", "＠", "\xff"} {
		f.Add(name)
	}
	apparent := func(from string) string {
		return list(author.Apparent(envelope.NewMessage([]byte("From: " + from + "\r\n\r\n"))))
	}
	f.Fuzz(func(t *testing.T, name string) {
		if strings.ContainsAny(name, "\r\n") {
			return
		}
		_ = apparent(name + "<x@evil.example>")
		quoted := `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(name) + `"`
		if _, err := author.Parse(quoted + "<x@evil.example>"); err != nil || strings.Contains(name, "=?") {
			return
		}
		if got := apparent(quoted + " <x@evil.example>"); got != "" {
			t.Errorf("%q shows %s", quoted, got)
		}
		if got := apparent(quoted + " a@bank.example <x@evil.example>"); got != "a@bank.example" {
			t.Errorf("a@bank.example after %q shows %s", quoted, got)
		}
	})
}

// TestApparentTakesLinearTime has 128 KB of each of the parts that a parser could read
// repeatedly. It has no clock: a quadratic parser would exceed the timeout of the test.
func TestApparentTakesLinearTime(t *testing.T) {
	for _, piece := range []string{"(", "()", `"`, `\"`, `"\"`, `"a@b"@`, "a.", ". ", "a@", "a@b.", "a@b.c ", "a@b. ", "=?", "=?a?q?b?=", "=?a?b?", "+AEA", "<@a.b,"} {
		long := strings.Repeat(piece, 1<<17/len(piece))
		for _, from := range []string{long, `"` + long, "(" + long, "=?utf-7?q?" + long + "?="} {
			author.Apparent(envelope.NewMessage([]byte("From: " + from + " <x@evil.example>\r\n\r\n")))
		}
	}
}

func wantSame(t *testing.T, value string, authors author.Authors, theirs []*mail.Address) {
	t.Helper()
	if len(theirs) != len(authors) {
		t.Errorf("%q: %d authors, %d to net/mail", value, len(authors), len(theirs))
		return
	}
	for i, address := range theirs {
		at := strings.LastIndexByte(address.Address, '@')
		domain, err := envelope.ParseHost(address.Address[at+1:])
		if err != nil || domain != authors[i].Domain || address.Address[:at] != authors[i].Local {
			t.Errorf("%q: the author %s is %s to net/mail", value, authors[i], address.Address)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, bm := range []struct{ name, value string }{
		{"Name", ` "Ann B. Smith" <ann@example.org>`},
		{"Hundred", strings.Repeat("Ann <ann@example.org>, ", 100)},
		{"1MBOfComments", strings.Repeat("(", 1<<19) + strings.Repeat(")", 1<<19) + "ann@example.org"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.SetBytes(int64(len(bm.value)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := author.Parse(bm.value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
