package play

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
	answered := len(p.current.owed) == 0
	seen, err := p.readReply(p.current)
	p.current.until, p.current.fresh = &entries[n-1], false
	missing := err != nil
	if missing {
		seen = append(seen, fmt.Sprintf("(%v)", err))
	}
	want := make([]string, n)
	for i := range want {
		want[i] = entries[i].rest
	}
	if !matches(want, seen) {
		p.miss(mismatch{at: entries[0], want: want, seen: seen, missing: missing, answered: err != errGone && answered})
		if missing {
			return n, errStop
		}
	}
	return n, nil
}

// readReply reads the next reply of a connection.
func (p *player) readReply(c *connection) ([]string, error) {
	limit := patience
	if p.real {
		limit = realPatience
	}
	seen, err := c.reply(limit)
	c.inMessage = len(seen) > 0 && strings.HasPrefix(seen[0], "354")
	p.last = c.reported()
	p.replies++
	return seen, err
}

// readOwed reads the replies that no line S: has read. Each is a mismatch.
func (p *player) readOwed(c *connection) {
	for c.fresh = false; len(c.owed) > 0; {
		sent := c.owed[0]
		seen, err := p.readReply(c)
		if err != nil {
			seen = append(seen, fmt.Sprintf("(%v)", err))
		}
		p.unread(c, sent, seen, err != nil)
		if err != nil {
			c.owed = nil
		}
	}
}

// readAll reads the replies that no line S: has read until the end, also those beyond one
// for each command.
func (p *player) readAll(c *connection) {
	p.readOwed(c)
	for p.settle(); !p.real && len(c.lines) > 0; p.settle() {
		seen, err := p.readReply(c)
		if err != nil {
			return
		}
		p.unread(c, c.answered, seen, false)
	}
}

// unread adds the mismatch of a reply that no line S: has read. It would stand after the
// command and after the lines about replies before.
func (p *player) unread(c *connection, sent command, seen []string, missing bool) {
	at := sent.at
	if c.until != nil && c.until.number > at.number {
		at = c.until
	}
	p.miss(mismatch{at: *at, unread: true, seen: seen, sent: sent.text, missing: missing})
}

// miss adds a mismatch about the last reply.
func (p *player) miss(m mismatch) {
	m.scene, m.about, m.reply = p.scene, p.last.Verdict, p.replies
	if m.sent == "" && p.current != nil {
		m.sent = p.current.answered.text
	}
	*p.found = append(*p.found, m)
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
		if isCodes(want[0]) {
			return first == want[0] || strings.HasPrefix(first, want[0]+" ")
		}
	}
	return slices.Equal(want, seen)
}

// isCodes reports whether an expected reply is only a code, or both codes.
func isCodes(want string) bool {
	fields := strings.Fields(want)
	return len(fields) == 1 || len(fields) == 2 && isEnhanced(fields[1])
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
	p.miss(mismatch{at: *e, want: []string{e.rest}, seen: []string{seen}})
}
