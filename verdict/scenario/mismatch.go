package scenario

import (
	"fmt"
	"strings"

	"mxrules.example/verdict"
)

// mismatch is an expectation that does not hold.
type mismatch struct {
	at         entry    // the first of its lines
	scene      *scene   // of a case
	want, seen []string // without their first word
	about      verdict.Verdict
	sent       string // what the client sent before
}

// word returns what a line of the expectation begins with.
func (m *mismatch) word() string {
	switch {
	case m.at.word != "case":
		return m.at.word
	case len(m.scene.policies()) > 1:
		return m.scene.policy + " ="
	}
	return "="
}

// String shows the expected and the seen lines, and why the verdict is what it is.
func (m *mismatch) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d", m.at.file, m.at.number)
	if m.sent != "" {
		fmt.Fprintf(&b, ": after %s", m.sent)
	}
	b.WriteByte('\n')
	for i := range max(len(m.want), len(m.seen)) {
		want, seen := lineAt(m.want, i), lineAt(m.seen, i)
		if want == seen {
			fmt.Fprintf(&b, "        %s %s\n", m.word(), want)
			continue
		}
		if want != "" {
			fmt.Fprintf(&b, "  want  %s %s\n", m.word(), want)
		}
		if seen != "" {
			fmt.Fprintf(&b, "  seen  %s %s\n", m.word(), seen)
		}
	}
	if m.about.Action != 0 {
		b.WriteString("because\n  " + strings.ReplaceAll(strings.TrimSpace(m.about.Explain()), "\n", "\n  ") + "\n")
	}
	return b.String()
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}
