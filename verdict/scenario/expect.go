package scenario

import (
	"fmt"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// expectReply reads a reply and compares it with these lines.
func (p *player) expectReply(entries []entry) (n int, err error) {
	for n < len(entries) && entries[n].word == "S:" {
		n++
		if len(entries[n-1].rest) < 4 || entries[n-1].rest[3] != '-' {
			break
		}
	}
	limit := patience
	if p.real {
		limit = realPatience
	}
	seen, err := p.current.reply(limit)
	missing, answered := err != nil, len(p.current.commands) == 0
	if missing {
		seen = append(seen, fmt.Sprintf("(%v)", err))
	}
	p.current.inMessage = len(seen) > 0 && strings.HasPrefix(seen[0], "354")
	p.last = p.current.reported()
	want := make([]string, n)
	for i := range want {
		want[i] = entries[i].rest
	}
	if !matches(want, seen) {
		*p.found = append(*p.found, mismatch{at: entries[0], want: want, seen: seen, about: p.last.Verdict, sent: p.current.sent,
			missing: missing, answered: err != errGone && answered})
		if missing {
			return n, errStop
		}
	}
	return n, nil
}

// matches reports whether a reply is the one expected. Of one expected line a code, or
// both codes, or a prefix that ends with "..." is enough.
func matches(want, seen []string) bool {
	if len(want) == 1 && len(seen) > 0 {
		prefix, isPrefix := strings.CutSuffix(want[0], "...")
		first := seen[0]
		if len(seen) > 1 {
			first = first[:3] + " " + first[4:]
		}
		if isPrefix {
			return strings.HasPrefix(first, prefix)
		}
		if fields := strings.Fields(want[0]); len(fields) == 1 || len(fields) == 2 && isEnhanced(fields[1]) {
			return first == want[0] || strings.HasPrefix(first, want[0]+" ")
		}
	}
	return slices.Equal(want, seen)
}

// isEnhanced reports whether a word is an enhanced status code.
func isEnhanced(word string) bool {
	return len(word) >= 5 && word[1] == '.' && strings.Count(word, ".") == 2 && strings.Trim(word, "0123456789.") == ""
}

// expectVerdict compares what the policy found for the last reply.
func (p *player) expectVerdict(e *entry) error {
	v := &p.last.Verdict
	switch e.word {
	case "rule":
		p.compare(e, orNone(v.Rule))
	case "marks":
		p.compare(e, orNone(strings.Join(v.Marks, " ")))
	case "undecided":
		p.compare(e, orNone(strings.Join(v.Undecided, " ")))
	case "asked":
		p.compare(e, orNone(p.newQuestions()))
	case "finding":
		check, _, _ := strings.Cut(e.rest, " ")
		p.compare(e, finding(v, check))
	default:
		return e.fault("the word %q is unknown", envelope.Excerpt(e.word))
	}
	return nil
}

// newQuestions returns the types of the questions since the last call, in order of the
// alphabet: some are asked concurrently.
func (p *player) newQuestions() string {
	all := p.zone.Asked()
	types := strings.Fields(all[p.asked:].Types())
	p.asked = len(all)
	slices.Sort(types)
	return strings.Join(types, " ")
}

// orNone returns the word for nothing if text is "".
func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// finding returns a check with its outcome in the trace of a verdict.
func finding(v *verdict.Verdict, check string) string {
	for _, step := range v.Trace {
		for _, f := range append(slices.Clone(step.Conditions), step.Finding) {
			if f.Check == check {
				return check + " " + f.Outcome.String()
			}
		}
	}
	return check + " not asked"
}

// compare compares an expectation of one line.
func (p *player) compare(e *entry, seen string) {
	if seen == e.rest {
		return
	}
	m := mismatch{at: *e, want: []string{e.rest}, seen: []string{seen}, about: p.last.Verdict}
	if p.current != nil {
		m.sent = p.current.sent
	}
	*p.found = append(*p.found, m)
}
