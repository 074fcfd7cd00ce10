package waterfall

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"mxrules.example/verdict"
	"mxrules.example/verdict/internal/draw"
)

// Places of the picture, in pixels from its left and upper edges.
const (
	width     = 1120
	left      = 24
	nameLeft  = 92
	axisLeft  = 380
	axisWidth = 430
	noteLeft  = axisLeft + axisWidth + 34
	right     = width - left

	rowHeight  = 19
	barHeight  = 11
	headHeight = 28
)

// The characters of a text that fit in its place.
const (
	titleLength  = 128
	reasonLength = 150
	nameLength   = 38
	noteLength   = 42
	ruleLength   = 80
)

// SVG writes a picture of the questions to DNS, in a group for each rule, in the order
// of the rules. It has the verdict as its title, a time axis and a legend, fits light
// and dark pages, and needs no other file. The states of questions differ in form as
// well as in colour.
func SVG(w io.Writer, v verdict.Verdict) error {
	p := picture{chart: newChart(v), verdict: v}
	p.head()
	p.legend()
	p.axis()
	for _, g := range p.groups() {
		p.group(g)
	}
	_, err := io.WriteString(w, p.document())
	return err
}

// picture is a picture that grows downwards.
type picture struct {
	chart
	verdict verdict.Verdict
	body    strings.Builder
	y       float64 // the lower end of what is drawn
	top     float64 // the upper end of the grid
}

// group are the questions that one rule asked first.
type group struct {
	rule    string
	says    string // what the rule found
	decides bool
	rows    []row
}

// groups returns the questions of each rule, in the order of the rules. Those of rules
// that were not reached are last.
func (p *picture) groups() []group {
	var groups []group
	at := map[string]int{}
	for _, step := range p.verdict.Trace {
		name := clean(step.Rule)
		if _, known := at[name]; !known {
			at[name] = len(groups)
			groups = append(groups, group{rule: name, says: says(step), decides: name == p.deciding})
		}
	}
	for _, r := range p.rows {
		i, known := at[r.rules[0]]
		if !known {
			i = len(groups)
			at[r.rules[0]] = i
			groups = append(groups, group{rule: r.rules[0], says: "started early, not reached"})
		}
		groups[i].rows = append(groups[i].rows, r)
	}
	kept := groups[:0]
	for _, g := range groups {
		if len(g.rows) > 0 || g.decides {
			kept = append(kept, g)
		}
	}
	return kept
}

// says returns what a rule found, and what it did about it.
func says(s verdict.Step) string {
	switch {
	case s.Off:
		return "off"
	case s.Action == 0 || s.Action == verdict.Continue:
		return s.Finding.Outcome.String()
	case s.Shadow:
		return s.Finding.Outcome.String() + ", would " + s.Action.String()
	}
	return s.Finding.Outcome.String() + ", " + s.Action.String()
}

// head draws the verdict and its cost.
func (p *picture) head() {
	title, reason, _ := strings.Cut(p.verdict.String(), ": ")
	if p.verdict.Action == verdict.Accept && p.verdict.Rule == "" {
		reason = "no rule refused it"
	}
	p.y = 18
	for _, line := range draw.Wrap(title, titleLength, 2) {
		p.y += 22
		p.text(left, p.y, "title", line)
	}
	for _, line := range draw.Wrap(reason, reasonLength, 3) {
		p.y += 20
		p.text(left, p.y, "reason", line)
	}
	p.y += 22
	p.text(left, p.y, "note", p.summary(p.verdict))
}

// legend explains the bars.
func (p *picture) legend() {
	p.y += 28
	x := float64(left)
	for _, sample := range []struct {
		row
		label string
	}{
		{row{state: answered}, "answered"},
		{row{state: shared}, "shared by several rules"},
		{row{state: failed}, "failed"},
		{row{state: inVain}, "in vain: no rule used it"},
		{row{state: inVain, open: true}, "in vain, not waited for"},
	} {
		p.bar(sample.row, x, p.y-barHeight+1, 34)
		p.text(x+42, p.y, "note", sample.label)
		x += 42 + 6.4*float64(len(sample.label)) + 22
	}
	fmt.Fprintf(&p.body, `<rect x="%.1f" y="%.1f" width="34" height="%d" class="decides"/><rect x="%.1f" y="%.1f" width="5" height="%d" class="band"/>`+"\n",
		x, p.y-barHeight, barHeight+2, x, p.y-barHeight, barHeight+2)
	p.text(x+42, p.y, "note", "the rule that decided")
	p.y += 14
}

// axis draws the labels of the time axis. The lines of the grid are drawn when its
// height is known.
func (p *picture) axis() {
	p.y += 18
	p.text(left, p.y, "note", "question to DNS")
	p.labels(p.y)
	p.y += 6
	p.top = p.y
}

func (p *picture) labels(y float64) {
	for _, tick := range p.ticks(6) {
		fmt.Fprintf(&p.body, `<text x="%.1f" y="%.1f" class="note tick">%s</text>`+"\n", axisLeft+p.at(tick, axisWidth), y, p.duration(tick))
	}
}

// group draws the questions of a rule.
func (p *picture) group(g group) {
	height := float64(headHeight + rowHeight*len(g.rows) + 6)
	if g.decides {
		fmt.Fprintf(&p.body, `<rect x="%d" y="%.1f" width="%d" height="%.1f" rx="4" class="decides"/>`+"\n", left-12, p.y+5, right-left+24, height-4)
		fmt.Fprintf(&p.body, `<rect x="%d" y="%.1f" width="5" height="%.1f" class="band"/>`+"\n", left-12, p.y+5, height-4)
	}
	says := ": " + g.says
	if g.decides {
		says += " (decides)"
		if p.verdict.Forced {
			says = ": " + g.says + " (forces the tempfail)"
		}
	}
	fmt.Fprintf(&p.body, `<text x="%d" y="%.1f"><tspan class="rule">%s</tspan><tspan class="note">%s</tspan></text>`+"\n",
		left, p.y+headHeight-7, draw.Escape(draw.Cut(g.rule, ruleLength)), draw.Escape(says))
	p.y += headHeight
	for _, r := range g.rows {
		p.row(r)
	}
	p.y += 6
}

// row draws a question: its type and name, its bar, and remarks.
func (p *picture) row(r row) {
	base := p.y + rowHeight - 6
	remarks := r.remarks(r.rules)
	if len(r.rules) > 2 && utf8.RuneCountInString(remarks) > noteLength {
		remarks = r.remarks([]string{r.rules[0], fmt.Sprintf("%d rules", len(r.rules)-1)})
	}
	fmt.Fprintf(&p.body, `<g><title>%s</title>`+"\n", draw.Escape(p.tooltip(r)))
	p.text(left+12, base, "type", r.kind)
	fmt.Fprintf(&p.body, `<svg x="%d" y="%.1f" width="%d" height="%d"><text y="%d" class="name">%s</text></svg>`+"\n", // clips wide characters
		nameLeft, p.y, axisLeft-nameLeft-8, rowHeight, rowHeight-6, draw.Escape(draw.Cut(r.name, nameLength)))
	x := axisLeft + p.at(r.began, axisWidth)
	p.bar(r, x, p.y+(rowHeight-barHeight)/2, max(3, axisLeft+p.at(r.end, axisWidth)-x))
	p.text(noteLeft, base, "note", draw.Cut(remarks, noteLength))
	p.body.WriteString("</g>\n")
	p.y += rowHeight
}

// tooltip returns everything about a question, for those who point at it.
func (p *picture) tooltip(r row) string {
	took := "took " + p.duration(r.end-r.began)
	if r.open {
		took = "not waited for"
	}
	text := fmt.Sprintf("%s %s, asked by %s, began at %s, %s", r.kind, r.name, r.rules[0], p.duration(r.began), took)
	if remarks := r.remarks(r.rules); remarks != "" {
		text += "; " + remarks
	}
	return text
}

// bar draws the bar of a question. It shows the state by its form too: a shared
// answer has a line in its middle, a failure is crossed, what was asked in vain is
// empty, and what was not waited for has no end.
func (p *picture) bar(r row, x, y, width float64) {
	class := [...]string{answered: "answered", shared: "answered", inVain: "vain", failed: "failed"}[r.state]
	if r.open {
		fmt.Fprintf(&p.body, `<path d="M%.1f %.1fH%.1fV%.1fH%.1f" class="vain"/>`, x+width, y, x, y+barHeight, x+width)
	} else {
		fmt.Fprintf(&p.body, `<rect x="%.1f" y="%.1f" width="%.1f" height="%d" rx="1.5" class="%s"/>`, x, y, width, barHeight, class)
	}
	switch middle := y + barHeight/2.0; r.state {
	case shared:
		fmt.Fprintf(&p.body, `<path d="M%.1f %.1fH%.1f" class="inner"/>`, x+2, middle, max(x+2.5, x+width-2))
	case failed:
		for at := x + 4; at+8 < x+width; at += 12 {
			fmt.Fprintf(&p.body, `<path d="M%.1f %.1fl6 7m0 -7l-6 7" class="inner"/>`, at, middle-3.5)
		}
	}
	p.body.WriteByte('\n')
}

func (p *picture) text(x, y float64, class, text string) {
	fmt.Fprintf(&p.body, `<text x="%.1f" y="%.1f" class="%s">%s</text>`+"\n", x, y, class, draw.Escape(text))
}

// document returns the whole picture.
func (p *picture) document() string {
	bottom := p.y + 6
	if len(p.rows) > 30 {
		p.labels(bottom + 16)
	}
	height := bottom + 30
	var grid strings.Builder
	for _, tick := range p.ticks(6) {
		fmt.Fprintf(&grid, `<path d="M%.1f %.1fV%.1f" class="grid"/>`+"\n", axisLeft+p.at(tick, axisWidth), p.top, bottom)
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" width="%d" height="%.0f" class="waterfall" role="img">`+"\n"+
		"<title>%s</title>\n<style>%s</style>\n"+
		`<rect width="%d" height="%.0f" class="page"/>`+"\n%s%s</svg>\n",
		width, height, width, height, draw.Escape(p.verdict.String()), style, width, height, grid.String(), p.body.String())
}
