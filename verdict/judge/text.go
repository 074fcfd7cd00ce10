package judge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/waterfall"
)

// text returns the result as text: the verdict, then the explanation for each
// recipient.
func (r result) text() []byte {
	var b bytes.Buffer
	if id := idText(r.id); id != "" {
		b.WriteString(id + ": ")
	}
	switch {
	case r.err != nil:
		fmt.Fprintf(&b, "error: %s\n", clean(r.err.Error()))
	case r.checksOnly:
		r.writeFindings(&b)
	case len(r.verdicts) == 1:
		b.WriteString(r.merged.Explain())
		r.writeWaterfall(&b, r.merged)
	default:
		fmt.Fprintf(&b, "%v\n", r.merged)
		for i, v := range r.verdicts {
			fmt.Fprintf(&b, "  for %s: %s", clean(r.recipients[i]), v.Explain())
			r.writeWaterfall(&b, v)
		}
	}
	r.writeHeaders(&b)
	if r.link != "" {
		fmt.Fprintf(&b, "  page: %s\n", r.link)
	}
	return b.Bytes()
}

// writeFindings writes the findings of -checks.
func (r result) writeFindings(b *bytes.Buffer) {
	fmt.Fprintf(b, "%s\n", tally(r.verdicts))
	for i, v := range r.verdicts {
		if len(r.verdicts) > 1 {
			fmt.Fprintf(b, "  for %s\n", clean(r.recipients[i]))
		}
		b.WriteString(v.Trace.String())
		r.writeWaterfall(b, v)
	}
	fmt.Fprintf(b, "  questions to DNS: %v\n", r.cost())
}

// writeWaterfall writes the waterfall of -trace.
func (r result) writeWaterfall(b *bytes.Buffer, v verdict.Verdict) {
	if r.waterfall && len(v.Lookups()) > 0 {
		b.WriteString("  waterfall:\n")
		_ = waterfall.Text(b, v) // a Buffer does not fail
	}
}

// writeHeaders writes the header fields that the message would get.
func (r result) writeHeaders(b *bytes.Buffer) {
	if len(r.headers) > 0 {
		b.WriteString("  header fields:\n")
	}
	for _, field := range r.headers {
		for line := range strings.SplitSeq(field, "\r\n") {
			indent := "    "
			if strings.HasPrefix(line, "\t") {
				indent += "  "
			}
			b.WriteString(indent + clean(line) + "\n")
		}
	}
}

// idText returns an ID to print before a result, "" without an ID. A string has no
// quotes.
func idText(id json.RawMessage) string {
	var word string
	if json.Unmarshal(id, &word) != nil {
		word = string(id)
	}
	return envelope.Excerpt(word)
}

// tally counts the outcomes of -checks.
func tally(verdicts []verdict.Verdict) string {
	counts := map[envelope.Outcome]int{}
	for _, v := range verdicts {
		for _, step := range v.Trace {
			counts[step.Finding.Outcome]++
		}
	}
	var parts []string
	for o := envelope.None; o <= envelope.PermError; o++ {
		if counts[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[o], o))
		}
	}
	return "checks without a policy: " + strings.Join(parts, ", ")
}

func clean(s string) string { return envelope.CleanText(s, true) }
