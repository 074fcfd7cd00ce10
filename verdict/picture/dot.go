package picture

import (
	"fmt"
	"io"
	"strings"

	"mxrules.example/verdict"
	"mxrules.example/verdict/internal/draw"
)

// DOT writes a graph in the language of Graphviz: a node for each rule, in order, with an
// edge to each of its actions, and one to the next rule.
func DOT(w io.Writer, title string, p verdict.Policy) error {
	rules := newRules(p.Rules)
	var b strings.Builder
	fmt.Fprintf(&b, "digraph policy {\n\tlabel=%s\n\tlabelloc=t bgcolor=white\n", quote(clean(title)+"\n"+tally(rules)))
	b.WriteString("\tnode [shape=box fontname=\"sans-serif\"]\n\tedge [fontname=\"sans-serif\" fontsize=11]\n")
	for _, r := range rules {
		r.dot(&b)
	}
	last := does{action: verdict.Accept}
	fmt.Fprintf(&b, "\tr%d [label=%s]\n\tr%d -> end\n", len(rules)+1, quote("no rule decided"), len(rules)+1)
	fmt.Fprintf(&b, "\tend [label=%s shape=ellipse style=filled fillcolor=%s]\n}\n", quote(last.what()), quote(last.colour()))
	_, err := io.WriteString(w, b.String())
	return err
}

// dot writes the node of a rule with its edges.
func (r rule) dot(b *strings.Builder) {
	lines := append([]string{fmt.Sprintf("%d  %s", r.number, draw.Cut(r.name, nameLength))}, r.details...)
	lines = append(lines, "from "+word(r.from))
	if len(r.asks) > 0 {
		lines[len(lines)-1] += ", asks DNS for " + join(r.asks)
	}
	style := "solid"
	if r.shadow {
		style = "dashed"
	}
	fmt.Fprintf(b, "\tr%d [label=%s style=%s]\n", r.number, quote(strings.Join(lines, "\n")), style)
	for i, d := range r.does {
		fmt.Fprintf(b, "\tr%d -> r%da%d [label=%s style=%s]\n", r.number, r.number, i, quote(d.when()), style)
		fmt.Fprintf(b, "\tr%da%d [label=%s shape=ellipse style=filled fillcolor=%s]\n", r.number, i, quote(draw.Cut(d.what(), actionLength)), quote(d.colour()))
		fmt.Fprintf(b, "\t{ rank=same; r%d; r%da%d }\n", r.number, r.number, i)
	}
	fmt.Fprintf(b, "\tr%d -> r%d [weight=10]\n", r.number, r.number+1)
}

// colour returns the colour of an action, for light pages.
func (d does) colour() string {
	switch d.action {
	case verdict.Accept:
		return "#cfe9d3"
	case verdict.Reject:
		return "#f6cfca"
	case verdict.TempFail:
		return "#f9e0b0"
	}
	return "#d5e4f3"
}

// quote returns text as a string of the language. What is not clean becomes "?".
func quote(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(clean(line))
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
