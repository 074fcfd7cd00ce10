package judge

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/replay"
)

// comparison is a run with -compare: what two policies make of the same mail.
type comparison struct {
	names   [2]string // of the policies
	change  replay.Change
	results int
	changes map[changed]int
}

// changed is what a change of policy does to a result.
type changed struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// newComparison returns the comparison of two policies, as -compare names them.
func newComparison(names string, policy func(name string) (verdict.Policy, error)) (c *comparison, err error) {
	before, after, ok := strings.Cut(names, ",")
	if !ok {
		return nil, fmt.Errorf("-compare %s: two policies are needed, such as old,new", names)
	}
	before, after = strings.TrimSpace(before), strings.TrimSpace(after)
	c = &comparison{names: [2]string{before, after}, changes: map[changed]int{}}
	if c.change.Old, err = policy(before); err == nil {
		c.change.New, err = policy(after)
	}
	return c, err
}

// judge judges an envelope by both policies.
func (c *comparison) judge(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, l line) []replay.Pair {
	change := replay.Change{Old: l.Bind(c.change.Old), New: l.Bind(c.change.New)}
	if len(l.RcptTo) == 0 {
		return []replay.Pair{change.Judge(ctx, r, e)}
	}
	return change.JudgeEach(ctx, r, e, l.RcptTo...)
}

// take counts the results of a line.
func (c *comparison) take(pairs []replay.Pair) {
	for _, pair := range pairs {
		c.results++
		if pair.Differs() {
			c.changes[changed{short(pair.Old), short(pair.New)}]++
		}
	}
}

// short describes a verdict without what depends on the envelope.
func short(v verdict.Verdict) string {
	text := v.Action.String()
	if v.Err() != nil {
		text += " " + v.Reply().Status.String()
	}
	switch {
	case v.Forced:
		text += " forced by " + v.Rule
	case v.Rule != "":
		text += " by " + v.Rule
	}
	if len(v.Marks) > 0 {
		text += ", marked " + strings.Join(v.Marks, ", ")
	}
	if len(v.Undecided) > 0 {
		text += ", undecided " + strings.Join(v.Undecided, ", ")
	}
	return clean(text)
}

// text returns the results of a line that differ: who sent what to whom, and both
// verdicts.
func (c *comparison) text(r result) []byte {
	var b bytes.Buffer
	for i, pair := range r.pairs {
		if !pair.Differs() {
			continue
		}
		if id := idText(r.id); id != "" {
			b.WriteString(id + ": ")
		}
		b.WriteString(r.mail(i) + "\n")
		width := max(len(c.names[0]), len(c.names[1]))
		for n, v := range [...]verdict.Verdict{pair.Old, pair.New} {
			fmt.Fprintf(&b, "  %-*s  %v\n", width, clean(c.names[n]), v)
		}
	}
	return b.Bytes()
}

// mail describes the envelope of a result.
func (r result) mail(i int) string {
	to := "no recipient"
	if i < len(r.recipients) {
		to = "<" + r.recipients[i] + ">"
	}
	return clean(fmt.Sprintf("<%s> to %s from client %s", r.envelope.MailFrom, to, clientOf(r.envelope)))
}

func clientOf(e envelope.Envelope) string {
	if ip := e.Client(); ip.IsValid() {
		return ip.String()
	}
	return "unknown"
}

// difference is the JSON form of a result that differs.
type difference struct {
	ID  json.RawMessage `json:"id"`
	To  string          `json:"to"`
	Old half            `json:"old"`
	New half            `json:"new"`
}

// half is the report of one policy, without the ID, which the difference has.
type half struct {
	report
	ID *struct{} `json:"id,omitempty"` // hides that of the report
}

// json returns the results of a line that differ, each in a line of JSON.
func (c *comparison) json(r result) []byte {
	var b bytes.Buffer
	for i, pair := range r.pairs {
		if !pair.Differs() {
			continue
		}
		one := difference{ID: r.id}
		if i < len(r.recipients) {
			one.To = envelope.CleanText(r.recipients[i], true)
		}
		of := func(v verdict.Verdict) half {
			return half{report: result{verdicts: []verdict.Verdict{v}, merged: v}.report()}
		}
		one.Old, one.New = of(pair.Old), of(pair.New)
		b.Write(encode(one))
	}
	return b.Bytes()
}

// counted is a change with the number of results that it changes.
type counted struct {
	changed
	Count int `json:"count"`
}

// table returns the changes, the most frequent first.
func (c *comparison) table() []counted {
	table := []counted{}
	for change, n := range c.changes {
		table = append(table, counted{change, n})
	}
	slices.SortFunc(table, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Old, b.Old), cmp.Compare(a.New, b.New))
	})
	return table
}

// summary returns how many results are equal, and what changes in the others.
func (c *comparison) summary(asJSON bool) []byte {
	table, differ := c.table(), 0
	for _, row := range table {
		differ += row.Count
	}
	if asJSON {
		return encode(struct {
			Results int       `json:"results"`
			Equal   int       `json:"equal"`
			Differ  int       `json:"differ"`
			Changes []counted `json:"changes"`
		}{c.results, c.results - differ, differ, table})
	}
	var b bytes.Buffer
	if differ > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "results: %d, equal: %d, different: %d\n", c.results, c.results-differ, differ)
	before := len(c.names[0])
	for _, row := range table {
		before = max(before, len(row.Old))
	}
	if differ > 0 {
		fmt.Fprintf(&b, "  %5s  %-*s  %s\n", "", before, clean(c.names[0]), clean(c.names[1]))
	}
	for _, row := range table {
		fmt.Fprintf(&b, "  %5d  %-*s  %s\n", row.Count, before, row.Old, row.New)
	}
	return b.Bytes()
}
