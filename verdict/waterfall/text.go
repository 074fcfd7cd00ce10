package waterfall

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"mxrules.example/verdict"
	"mxrules.example/verdict/internal/draw"
)

// Columns of the text.
const (
	nameColumns = 44
	barColumns  = 40
	noteColumns = 120
)

// marks are the characters of a bar in each state.
var marks = [...]string{answered: "#", shared: "=", inVain: "~", failed: "!"}

// Text writes a line for each question to DNS, in the order in which they began, with
// a bar in the time axis, then the rule that asked first, and then who shares the
// answer, whether it was asked in vain, and why it failed. The rule that decided has a
// star.
func Text(w io.Writer, v verdict.Verdict) error {
	c := newChart(v)
	var b strings.Builder
	if len(c.rows) == 0 {
		b.WriteString("  no questions to DNS\n")
	} else {
		c.text(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c chart) text(b *strings.Builder) {
	kinds, names := 0, 0
	for _, r := range c.rows {
		kinds = max(kinds, utf8.RuneCountInString(r.kind))
		names = max(names, min(nameColumns, utf8.RuneCountInString(r.name)))
	}
	fmt.Fprintf(b, "    %8s  %8s  %-*s  %s\n", "began", "took", kinds+1+names, "question", c.scale())
	for _, r := range c.rows {
		took := c.duration(r.end - r.began)
		if r.open {
			took = "-"
		}
		fmt.Fprintf(b, "    %8s  %8s  %-*s %-*s  |%s| %s\n",
			c.duration(r.began), took, kinds, r.kind, names, draw.Cut(r.name, nameColumns), c.bar(r), c.who(r))
	}
	b.WriteString("    # answered  = shared  ~ in vain  ! failed  * the rule that decided\n")
}

// scale returns the ticks of the axis.
func (c chart) scale() string {
	line := []byte(strings.Repeat(" ", barColumns+20))
	free := 0
	for _, tick := range c.ticks(6) {
		label := c.duration(tick)
		at := 1 + int(c.at(tick, barColumns))
		if at >= free {
			copy(line[at:], label)
			free = at + len(label) + 1
		}
	}
	return strings.TrimRight(string(line), " ")
}

// bar returns the bar of a question. It has at least one character.
func (c chart) bar(r row) string {
	first := min(int(c.at(r.began, barColumns)), barColumns-1)
	last := int(math.Ceil(c.at(r.end, barColumns)))
	length := min(max(1, last-first), barColumns-first)
	return strings.Repeat(" ", first) + strings.Repeat(marks[r.state], length) + strings.Repeat(" ", barColumns-first-length)
}

// who returns the rule that asked, and the remarks.
func (c chart) who(r row) string {
	rules := slices.Clone(r.rules)
	for i, rule := range rules {
		if rule == c.deciding {
			rules[i] = "*" + rule
		}
	}
	text := rules[0]
	if remarks := r.remarks(rules); remarks != "" {
		text += ": " + remarks
	}
	return draw.Cut(text, noteColumns)
}
