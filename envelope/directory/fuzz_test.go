package directory

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

// FuzzParse tests any text: either the error names a line of it, or the table written
// as a text parses to the same table.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "\n", "ann@example.org", "ann@example.org full # comment\n", "# comment\r\nAnn@Example.ORG.\r\n",
		"@example.org\nnobody@example.org unknown", ".example.org\nexample.org unknown", "@localhost", "\"a \\\" # b\"@example.org moved", "@[192.0.2.1]\nx@[IPv6:::1] known",
		"ann@example.org known\nANN@example.org disabled", "\ufeffjürgen@bücher.example", "@a:b@c", "\"\"@example.org",
		"ann@example.org\rx", "ann@example.org full moved", "\"", "\"\\", "a@[x:y]", "@[x:\"y] known", "\xff@example.org", "a@b\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := parse("mailboxes", text)
		if err != nil {
			inOneOfItsLines(t, text, err)
			return
		}
		again, err := parse("mailboxes", written(read))
		if err != nil {
			t.Fatalf("%v in %q", err, written(read))
		}
		if !reflect.DeepEqual(again, read) {
			t.Errorf("%q parses to another table", written(read))
		}
	})
}

// inOneOfItsLines tests the error of a text.
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

// written returns a text for a table.
func written(t table) string {
	var lines []string
	for p, answer := range t.answers {
		lines = append(lines, fmt.Sprintf("%s %s\n", p, answer))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
