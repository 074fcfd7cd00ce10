package policies_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what the policies do into the scenarios and MESSAGES.md")

// themes are the files of the message set, in the order of MESSAGES.md.
var themes = []string{"people", "lists", "bulk", "forged", "automatic"}

// columns are the policies in the order of MESSAGES.md.
var columns = []string{"standard", "strict", "bulk", "trial", "submission"}

// row is a message of the set, with the verdict of each policy.
type row struct {
	name     string
	verdicts map[string]string
}

// MESSAGES.md shows what the policies do with the message set. TestScenarios tests that
// the verdicts in the scenarios are those of the policies.
func TestMessagesShowsWhatThePoliciesDo(t *testing.T) {
	const name = "MESSAGES.md"
	want := messages(t)
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s differs from the scenarios; write it with: go test -update", name)
	}
}

// messages returns the text of MESSAGES.md.
func messages(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(introduction)
	for _, theme := range themes {
		text, err := os.ReadFile("testdata/messages-" + theme + ".scenario")
		if err != nil {
			t.Fatal(err)
		}
		title, rows := rowsOf(string(text))
		fmt.Fprintf(&b, "\n## %s\n\n| message | %s |\n|---%s|\n", title, strings.Join(columns, " | "), strings.Repeat("|---", len(columns)))
		for _, r := range rows {
			b.WriteString("| " + r.name)
			for _, policy := range columns {
				b.WriteString(" | " + cell(r.verdicts[policy]))
			}
			b.WriteString(" |\n")
		}
	}
	return b.String()
}

const introduction = `# What the policies do with a set of messages

Each row is a message of testdata/messages-*.scenario. The client, the envelope and the
message are there under the same name. The site is example.org. It knows the mailing
lists of lists.club.example and the forwarder alumni.example, and nothing else of those
who write to it. Every client has a PTR record and uses TLS unless the row says otherwise.

Each column is a policy. "accept" may have the marks that delivery sees; "reject" has the
rule that decided. The column trial is as standard: the policy shows in its trace what
strict would have done. The column submission is the message sent by the user bob, after
a login, as bob@example.org.

go test ./examples/policies -update writes this page.
`

// rowsOf returns the title and the cases of a file of the message set.
func rowsOf(text string) (title string, rows []row) {
	first, rest, _ := strings.Cut(text, "\n")
	for line := range strings.SplitSeq(rest, "\n") {
		if name, ok := strings.CutPrefix(line, "case "); ok {
			rows = append(rows, row{name, map[string]string{}})
			continue
		}
		before, verdict, ok := strings.Cut(" "+strings.TrimSpace(line), " = ")
		if !ok || len(rows) == 0 {
			continue
		}
		named := strings.Fields(before)
		for _, policy := range columns {
			if len(named) == 0 || slices.Contains(named, policy) {
				rows[len(rows)-1].verdicts[policy] = verdict
			}
		}
	}
	return strings.TrimPrefix(first, "# "), rows
}

// cell returns a verdict as a table has it.
func cell(verdict string) string {
	action, rule, _ := strings.Cut(verdict, " by ")
	switch {
	case action == "reject" || action == "tempfail":
		return fmt.Sprintf("**%s** `%s`", action, rule)
	default:
		return strings.Replace(verdict, ", marked ", ", mark ", 1)
	}
}

func TestMessageSetHasEveryVerdict(t *testing.T) {
	seen, n := map[string]bool{}, 0
	for _, theme := range themes {
		text, err := os.ReadFile("testdata/messages-" + theme + ".scenario")
		if err != nil {
			t.Fatal(err)
		}
		_, rows := rowsOf(string(text))
		for _, r := range rows {
			n++
			if seen[r.name] && !strings.HasPrefix(r.name, "the same") {
				t.Errorf("two messages have the name %q", r.name)
			}
			seen[r.name] = true
			for _, policy := range columns {
				if r.verdicts[policy] == "" {
					t.Errorf("%s: the policy %s has no verdict", r.name, policy)
				}
			}
		}
	}
	if n < 40 {
		t.Errorf("the set has %d messages, want 40 or more", n)
	}
}
