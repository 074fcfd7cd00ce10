package directory

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

// FuzzParse says what holds for any text at all. Either its error names a line
// that it has, or its table can be written as a text that says the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "ann@example.org", "ann@example.org full # comment\n", "# comment\r\nAnn@Example.ORG.\r\n",
		"@example.org\nnobody@example.org unknown", "\"a \\\" # b\"@example.org moved", "@[192.0.2.1]\nx@[IPv6:::1] known",
		"ann@example.org known\nANN@example.org disabled", "\ufeffjürgen@bücher.example", "@a:b@c", "\"\"@example.org",
		"ann@example.org\rx", "ann@example.org full moved", "\"", "\"\\", "a@[x:y]", "\xff@example.org", "a@b\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := parse("mailboxes", text)
		if err != nil {
			inOneOfItsLines(t, text, err)
			return
		}
		for domain, here := range read {
			if domain == "" {
				t.Fatal("an entry without a domain")
			}
			for local, answer := range here.named {
				if got := read.answer(strings.ToUpper(local), domain); got != answer && FoldCase(strings.ToUpper(local)) == local {
					t.Errorf("%q@%s is %v in capitals, and %v as it was written", local, domain, got, answer)
				}
			}
		}
		again, err := parse("mailboxes", written(read))
		if err != nil {
			t.Fatalf("%v in %q", err, written(read))
		}
		if !reflect.DeepEqual(again, read) {
			t.Errorf("%q reads otherwise", written(read))
		}
	})
}

// inOneOfItsLines looks at the error of a text.
func inOneOfItsLines(t *testing.T, text string, err error) {
	if err.Error() != envelope.CleanText(err.Error(), false) || len(err.Error()) > 2000 {
		t.Errorf("an error of %d octets: %v", len(err.Error()), err)
	}
	if err.Error() == "mailboxes: has no entry" {
		return
	}
	var line int
	if _, scanErr := fmt.Sscanf(err.Error(), "mailboxes:%d: mailbox entry ", &line); scanErr != nil {
		t.Fatalf("%v: %v", err, scanErr)
	}
	if lines := strings.Count(text, "\n") + 1; line < 1 || line > lines {
		t.Errorf("line %d of %d", line, lines)
	}
}

// written returns a text for a table, with every local part in quotes.
func written(t table) string {
	var lines []string
	quote := strings.NewReplacer(`"`, `\"`, `\`, `\\`)
	for domain, here := range t {
		if here.others != 0 {
			lines = append(lines, fmt.Sprintf("@%s %s\n", domain, here.others))
		}
		for local, answer := range here.named {
			lines = append(lines, fmt.Sprintf("\"%s\"@%s %s\n", quote.Replace(local), domain, answer))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
