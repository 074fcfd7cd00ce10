package header_test

import (
	"fmt"
	"strings"
	"testing"

	"mxrules.example/envelope/header"
)

// split shows the fields of a block as name=value, and other lines as =raw.
func split(block string) string {
	var fields []string
	for f := range header.Fields([]byte(block)) {
		value := f.Value()
		if f.Name() == "" && value == nil {
			value = f.Raw
		}
		fields = append(fields, fmt.Sprintf("%s=%q", f.Name(), value))
	}
	return strings.Join(fields, " ")
}

func TestFields(t *testing.T) {
	for _, tc := range []struct{ name, block, want string }{
		{"nothing", "", ``},
		{"only the empty line", "\r\n", ``},
		{"two fields", "From: a@b\r\nTo:c@d\r\n\r\n", `From=" a@b" To="c@d"`},
		{"LF", "From: a@b\nTo: c@d\n\n", `From=" a@b" To=" c@d"`},
		{"mixed line ends", "From: a@b\nTo: c@d\r\n\n", `From=" a@b" To=" c@d"`},
		{"no empty line", "From: a@b\r\n", `From=" a@b"`},
		{"no line end", "From: a@b", `From=" a@b"`},
		{"CR at the end is data", "From: a@b\r", `From=" a@b\r"`},
		{"text after the empty line is not header", "From: a@b\r\n\r\nTo: c@d\r\n", `From=" a@b"`},
		{"folded with a space and a tab", "To: a,\r\n b,\r\n\tc\r\nX: y\r\n", `To=" a,\r\n b,\r\n\tc" X=" y"`},
		{"folded, LF", "To: a,\n b\nX: y\n", `To=" a,\n b" X=" y"`},
		{"a line of spaces continues the field", "To: a\r\n \r\nX: y\r\n", `To=" a\r\n " X=" y"`},
		{"lines of spaces, and more of the field", "To:\r\n \t\r\n\t\r\n a\r\nX: y\r\n", `To="\r\n \t\r\n\t\r\n a" X=" y"`},
		{"a line of a space and a CR continues the field", "To: a\r\n \r\r\nX: y\r\n", `To=" a\r\n \r" X=" y"`},
		{"CR CR LF is not an empty line", "To: a\r\n\r\r\nX: y\r\n", `To=" a" ="\r\r\n" X=" y"`},
		{"a bare CR does not end a line", "To: a\rFrom: b\r\n", `To=" a\rFrom: b"`},
		{"the name ends at the first colon", "X:y:z\r\n", `X="y:z"`},
		{"empty value", "X:\r\nY:\n", `X="" Y=""`},
		{"spaces before the colon", "From : a\r\nTo\t \t: b\r\n", `From=" a" To=" b"`},
		{"a no-break space is part of the name", "From\u00a0: a\r\n", "From\u00a0=\" a\""},
		{"NUL is part of the name", "From\x00: a\r\n", "From\x00=\" a\""},
		{"a name with a space inside", "From me: a\r\n", `From me=" a"`},
		{"no name before the colon", ": a\r\n", `=" a"`},
		{"spaces before the colon and no name", "To: x\r\n : a\r\n", `To=" x\r\n : a"`},
		{"no colon", "From a@b\r\nTo: c\r\n", `="From a@b\r\n" To=" c"`},
		{"no colon, and continuation lines", "From\r\n : a@b\r\nTo: c\r\n", `="From\r\n : a@b\r\n" To=" c"`},
		{"the From line of a mailbox file has colons", "From a@b Mon Feb  2 10:00:00 2026\r\nTo: c\r\n", `From a@b Mon Feb  2 10="00:00 2026" To=" c"`},
		{"a first line that is a continuation line", " From: a\r\nTo: c\r\n", `=" From: a\r\n" To=" c"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := split(tc.block); got != tc.want {
				t.Errorf("%q is\n%s, want\n%s", tc.block, got, tc.want)
			}
		})
	}
}

func TestFieldIs(t *testing.T) {
	for _, tc := range []struct {
		line, name string
		want       bool
	}{
		{"From: a", "From", true},
		{"FROM: a", "from", true},
		{"from:", "From", true},
		{"From \t : a", "From", true},
		{"Fro: a", "From", false},
		{"Froms: a", "From", false},
		{"From x: a", "From", false},
		{"X-From: a", "From", false},
		{"From\u00a0: a", "From", false},
		{"From\x00: a", "From", false},
		{"From\r: a", "From", false},
		{"\u212aey: a", "Key", false}, // the Kelvin sign
		{": a", "", false},
		{"From", "From", false},
		{" From: a", "From", false},
	} {
		for f := range header.Fields([]byte(tc.line + "\r\n")) {
			if got := f.Is(tc.name); got != tc.want {
				t.Errorf("%q is %q: %t", tc.line, tc.name, got)
			}
		}
	}
}

func TestUnfold(t *testing.T) {
	for value, want := range map[string]string{
		"":                      "",
		" a@b":                  " a@b",
		" a,\r\n b,\n\tc":       " a, b,\tc",
		" a\r\n \r\n b":         " a  b",
		" a\rb":                 " a\rb",
		" a\r\r\n b":            " a\r b",
		"\r\n a":                " a",
		" a\x00\r\n \xff\r\n b": " a\x00 \xff b",
	} {
		if got := header.Unfold([]byte(value)); got != want {
			t.Errorf("%q unfolds to %q, want %q", value, got, want)
		}
	}
}

func TestFieldsStopsEarly(t *testing.T) {
	for f := range header.Fields([]byte("A: 1\r\nB: 2\r\n")) {
		if f.Is("B") {
			t.Error("iteration continues after break")
		}
		break
	}
}

// FuzzFields tests properties of any block: each octet before the empty line is in
// exactly one field, and each field begins at the start of a line.
func FuzzFields(f *testing.F) {
	for _, block := range []string{
		"From: a@b\r\nTo: c,\r\n d\r\n\r\nbody", " x\r\n: y\r\n\r\r\n\n", "a\n\tb:\n", "\r", "A:\r\n \r\n\r\n",
	} {
		f.Add([]byte(block))
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		before := string(block)
		length := 0
		for field := range header.Fields(block) {
			raw := string(field.Raw)
			if raw == "" || before[length:length+len(raw)] != raw {
				t.Fatalf("%q: the field %q is not at %d", before, raw, length)
			}
			if length += len(raw); length < len(before) && !strings.HasSuffix(raw, "\n") {
				t.Errorf("%q: the field %q ends within a line", before, raw)
			}
			if name := field.Name(); name != "" && (!strings.HasPrefix(raw, name) || !field.Is(name) && isASCII(name)) {
				t.Errorf("%q: the field %q is not %q", before, raw, name)
			}
			if strings.Contains(strings.ReplaceAll(header.Unfold(field.Value()), "\r", ""), "\n") {
				t.Errorf("%q: %q is not unfolded", before, field.Value())
			}
			_ = append(field.Raw, "evil"...)
		}
		if rest := before[length:]; rest != "" && rest[0] != '\n' && !strings.HasPrefix(rest, "\r\n") {
			t.Errorf("%q: %q is lost", before, rest)
		}
		if string(block) != before {
			t.Error("the block was changed")
		}
	})
}

func isASCII(s string) bool { return strings.IndexFunc(s, func(r rune) bool { return r > 0x7e }) < 0 }

func BenchmarkFields(b *testing.B) {
	for _, bm := range []struct{ name, block string }{
		{"30Fields", strings.Repeat("Received: from a.example by b.example;\r\n\tMon, 2 Feb 2026 10:00:00 +0000\r\n", 30)},
		{"200000ContinuationLines", "To: a\r\n" + strings.Repeat(" a\r\n", 200_000)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			block := []byte(bm.block)
			b.SetBytes(int64(len(block)))
			b.ReportAllocs()
			for b.Loop() {
				for f := range header.Fields(block) {
					if f.Is("From") {
						b.Fatal("there is none")
					}
				}
			}
		})
	}
}
