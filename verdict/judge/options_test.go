package judge

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestSplitPaths(t *testing.T) {
	for _, tc := range []struct {
		list string
		want []string
	}{
		{"a@example.org", []string{"a@example.org"}},
		{"a@example.org,b@example.org", []string{"a@example.org", "b@example.org"}},
		{`"a,b"@example.org,c@example.org`, []string{`"a,b"@example.org`, "c@example.org"}},
		{`"a\",b"@example.org,c@example.org`, []string{`"a\",b"@example.org`, "c@example.org"}},
		{"@a.example,@b.example:c@example.org,d@example.org", []string{"@a.example,@b.example:c@example.org", "d@example.org"}},
		{"", []string{""}},
		{" a@example.org , b@example.org", []string{"a@example.org", "b@example.org"}},
		{"c@example.org, @a.example,@b.example:d@example.org", []string{"c@example.org", "@a.example,@b.example:d@example.org"}},
		{`" a"@example.org,"b "@example.org`, []string{`" a"@example.org`, `"b "@example.org`}},
		{"a,,b", []string{"a", "", "b"}},
		{`"`, []string{`"`}},
		{`"\`, []string{`"\`}},
	} {
		if got := splitPaths(tc.list); !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.list, got, tc.want)
		}
	}
}

// An empty message is a message, and a message need not be UTF-8.
func TestMessageFile(t *testing.T) {
	for _, content := range []string{"", "From: x\r\n\r\n\xff\x00"} {
		file := filepath.Join(t.TempDir(), "message")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := new(Command).parseOptions([]string{"-message", file})
		if err != nil {
			t.Fatal(err)
		}
		e, _, err := o.line.read()
		if err != nil || e.Message == nil || e.Message.Size() != int64(len(content)) {
			t.Errorf("%q: got the message %v, %v", content, e.Message, err)
		}
	}
}

func TestHelpNamesEveryFlagAndField(t *testing.T) {
	c := Command{Name: "accepts"}
	text := c.help()
	c.flagSet(new(options)).VisitAll(func(f *flag.Flag) {
		if !strings.Contains(text, "\n  -"+f.Name+" ") {
			t.Errorf("the help does not describe -%s", f.Name)
		}
	})
	for name := range new(line).targets() {
		if !strings.Contains(text, `"`+name+`":`) {
			t.Errorf("the help does not describe the field %q", name)
		}
	}
	if regexp.MustCompile(`\{[A-Z]+\}`).MatchString(text) || !strings.HasPrefix(text, "accepts explains ") {
		t.Errorf("a place of the text is not filled: %s", text)
	}
}
