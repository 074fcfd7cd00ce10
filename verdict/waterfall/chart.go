package waterfall

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/internal/draw"
)

// chart is what both forms draw.
type chart struct {
	rows     []row
	deciding string
	from, to time.Duration // of the time axis
	unit     time.Duration // to which times are rounded
}

// row is one question. Its texts are clean.
type row struct {
	kind, name string
	rules      []string // that asked
	earlier    bool     // an earlier judgement had asked
	notes      []string // besides those who share the answer
	state      state
	open       bool // nothing waited for the answer, so that its end is unknown
	began, end time.Duration
}

// kindLength bounds the type of a question in characters. None is longer.
const kindLength = 7

// state is how the bar of a question looks: the first that applies, from the last to
// the first of these constants.
type state int

const (
	answered state = iota
	shared
	inVain
	failed
)

func newChart(v verdict.Verdict) chart {
	c := chart{deciding: clean(v.Rule), to: v.Cost().Duration}
	for _, l := range v.Lookups() {
		r := newRow(l)
		c.rows = append(c.rows, r)
		c.from, c.to = min(c.from, r.began), max(c.to, r.end)
	}
	for i := range c.rows {
		if c.rows[i].open {
			c.rows[i].end = c.to
		}
	}
	c.unit = unit(c.to - c.from)
	return c
}

func newRow(l verdict.Lookup) row {
	r := row{
		kind: draw.Cut(clean(l.Type), kindLength), name: clean(l.Name),
		earlier: l.Reused, began: l.Began, end: l.Began + l.Duration, open: l.Abandoned,
	}
	for _, rule := range l.Rules {
		r.rules = append(r.rules, clean(rule))
	}
	if l.Shared() {
		r.state = shared
	}
	if l.InVain {
		r.state = inVain
		r.notes = append(r.notes, "in vain")
	}
	switch {
	case l.Abandoned && l.InVain:
		r.notes = []string{"in vain, not waited for"}
	case l.Abandoned:
		r.notes = append(r.notes, "no answer yet")
	case l.Err == nil:
	case envelope.NotFound(l.Err):
		r.notes = append(r.notes, "no such record")
	default:
		r.state = failed
		r.notes = append(r.notes, "failed: "+reason(l.Err))
	}
	return r
}

// remarks returns the notes after who shares the answer with the first rule.
func (r row) remarks(rules []string) string {
	notes := r.notes
	switch {
	case len(rules) > 1:
		notes = append([]string{"shared with " + strings.Join(rules[1:], ", ")}, notes...)
	case r.earlier:
		notes = append([]string{"shared with an earlier judgement"}, notes...)
	}
	return strings.Join(notes, "; ")
}

// reason returns the reason of a failure without the name, which is there already.
func reason(err error) string {
	var failure *net.DNSError
	if errors.As(err, &failure) {
		return clean(failure.Err)
	}
	return clean(err.Error())
}

// unit returns the power of ten to which times of a span are rounded: three digits.
func unit(span time.Duration) time.Duration {
	unit := time.Nanosecond
	for span/unit >= 1000 {
		unit *= 10
	}
	return unit
}

// step returns the distance of the ticks of an axis with at most n ticks: 1, 2 or 5
// times a power of ten, or 0 if there is no span.
func (c chart) step(n int) time.Duration {
	for step := time.Nanosecond; ; step *= 10 {
		for _, times := range []time.Duration{1, 2, 5} {
			if span := c.to - c.from; span == 0 || span/(times*step) < time.Duration(n) {
				return min(span, times*step)
			}
		}
	}
}

// ticks returns the times of at most n ticks.
func (c chart) ticks(n int) []time.Duration {
	step := c.step(n)
	if step == 0 {
		return []time.Duration{0}
	}
	var ticks []time.Duration
	for at := c.from.Truncate(step); at <= c.to; at += step {
		if at >= c.from {
			ticks = append(ticks, at)
		}
	}
	return ticks
}

// duration returns a duration as text.
func (c chart) duration(d time.Duration) string { return d.Round(c.unit).String() }

// at returns the place of a time on an axis of this width.
func (c chart) at(d time.Duration, width float64) float64 {
	if c.to == c.from {
		return 0
	}
	return float64(d-c.from) / float64(c.to-c.from) * width
}

// summary describes the cost of a verdict.
func (c chart) summary(v verdict.Verdict) string {
	if len(c.rows) == 0 {
		return "no questions to DNS"
	}
	cost := v.Cost()
	return fmt.Sprintf("questions to DNS: %v; %s in all", cost, c.duration(cost.Duration))
}

func clean(text string) string { return envelope.Excerpt(text) }
