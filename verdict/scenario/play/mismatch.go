package play

import (
	"fmt"
	"strings"

	"mxrules.example/verdict"
)

// mismatch is an expectation that does not hold.
type mismatch struct {
	at         entry // the first of its lines
	scene      *scene
	want, seen []string // without their first word
	about      verdict.Verdict
	sent       string // what the client sent before
	reply      int    // the number of the last reply that was read, from 1
	unread     bool   // no line S: reads the reply; it would stand after at
	missing    bool   // there is no reply
	answered   bool   // every command has its reply
}

// word returns what a line of the expectation begins with.
func (m *mismatch) word() string {
	switch {
	case m.unread:
		return "S:"
	case m.at.word != "case":
		return m.at.word
	case len(m.scene.policies()) > 1:
		return m.scene.policy + " ="
	}
	return "="
}

// String shows the expected and the seen lines, and why the verdict is what it is.
func (m *mismatch) String() string { return m.lines() + m.reason() }

// lines shows the expected and the seen lines.
func (m *mismatch) lines() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d: %s\n", m.at.file, m.at.number, m.subject())
	for i := range max(len(m.want), len(m.seen)) {
		want, seen := lineAt(m.want, i), lineAt(m.seen, i)
		if want == seen || m.at.word == "case" && agree([]string{want}, []string{seen}) {
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
	return b.String()
}

// reason shows why the verdict is what it is.
func (m *mismatch) reason() string {
	switch {
	case m.missing && m.answered:
		return "the server has answered all commands: there is a line S: too many, or a line C: is missing\n"
	case m.missing, m.unread:
	case m.about.Action != 0:
		return "the policy (each rule, the outcome of its check, what the rule did, and why):\n  " +
			strings.ReplaceAll(strings.TrimSpace(m.about.Explain()), "\n", "\n  ") + "\n"
	case m.at.word != "store" && m.at.word != "asked":
		return "no rule was asked for this reply: the server gave it by itself\n"
	}
	return ""
}

// report returns the texts about what differs in one scene. The reason of a reply is given
// once, and what follows a wrong reply, which may be its consequence, is only counted.
func report(found []mismatch) (texts []string) {
	wrong := 0
	for i := range found {
		m := &found[i]
		if wrong > 0 && m.reply != wrong {
			return append(texts, fmt.Sprintf("mismatches after the reply to %q, which may be its consequence: %d", found[i-1].sent, len(found)-i))
		}
		if m.at.word == "S:" || m.unread {
			wrong = m.reply
		}
		if i > 0 && m.reply == found[i-1].reply {
			texts = append(texts, m.lines())
		} else {
			texts = append(texts, m.String())
		}
	}
	return texts
}

// subject says what differs.
func (m *mismatch) subject() string {
	if m.unread {
		return fmt.Sprintf("a reply was left unread: after this line a line S: for the reply to %q is missing", m.sent)
	}
	switch m.at.word {
	case "case":
		return "the verdict differs from what the case expects"
	case "S:":
		return fmt.Sprintf("the reply to %q differs", m.sent)
	case "store":
		return "the number of records in the store differs"
	case "rule":
		return fmt.Sprintf("another rule decided on the reply to %q", m.sent)
	}
	return fmt.Sprintf("what led to the reply to %q differs", m.sent)
}

func lineAt(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}
