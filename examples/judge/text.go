package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// text returns the result as a person reads it: what came of it, then each rule
// with what its check found and what the rule did about it.
func (r result) text() []byte {
	var b bytes.Buffer
	if id := idText(r.id); id != "" {
		b.WriteString(id + ": ")
	}
	if r.err != nil {
		fmt.Fprintf(&b, "can't be judged: %s\n", clean(r.err.Error()))
		return b.Bytes()
	}
	if r.checksOnly {
		fmt.Fprintf(&b, "%s\n", tally(r.verdicts))
	} else {
		fmt.Fprintf(&b, "%s\n", headline(r.merged))
	}
	for i, v := range r.verdicts {
		if len(r.verdicts) > 1 {
			to := "for " + clean(r.recipients[i])
			if !r.checksOnly {
				to += ": " + headline(v)
			}
			fmt.Fprintf(&b, "  %s\n", to)
		}
		r.writeTrace(&b, v.Trace)
		if len(r.notAsked[i]) > 0 {
			fmt.Fprintf(&b, "  not asked: %s\n", strings.Join(r.notAsked[i], ", "))
		}
	}
	fmt.Fprintf(&b, "  questions to DNS: %d\n", r.queries())
	r.writeHeaders(&b)
	return b.Bytes()
}

// writeHeaders writes the fields that the message would get, a line for each of
// theirs.
func (r result) writeHeaders(b *bytes.Buffer) {
	if len(r.headers) > 0 {
		b.WriteString("  on top of the message:\n")
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

// idText returns an id as it is written in front of a result, "" if there is
// none. A string stands without its quotes.
func idText(id json.RawMessage) string {
	var word string
	if json.Unmarshal(id, &word) != nil {
		word = string(id)
	}
	return envelope.Excerpt(word)
}

// headline says a verdict in one line.
func headline(v verdict.Verdict) string {
	if v.Action == verdict.Continue {
		return "continue, because more must be known" + waitingFor(v)
	}
	reply := v.Reply()
	line := v.Action.String() + " " + reply.Status.String()
	switch {
	case v.Forced:
		line += ", because " + v.Rule + " can't be decided"
	case v.Rule != "":
		line += " by " + v.Rule
	}
	if len(v.Marks) > 0 {
		line += ", marked " + strings.Join(v.Marks, ", ")
	}
	if v.Action != verdict.Accept {
		line += ": " + strings.Join(reply.Lines, " ")
	}
	return clean(line)
}

// waitingFor says which rule waits, and for what.
func waitingFor(v verdict.Verdict) string {
	for _, step := range v.Trace {
		for _, f := range stepFindings(step) {
			if f.Outcome == envelope.Pending {
				return fmt.Sprintf(": %s waits for %s", step.Rule, f.Awaits)
			}
		}
	}
	return ""
}

// tally counts outcomes, for checks without a verdict.
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

// row is a line of the table of a trace, and what stands below it.
type row struct {
	rule, outcome, did, why string
	below                   []string
}

func (r result) writeTrace(b *bytes.Buffer, trace []verdict.Step) {
	rows := make([]row, len(trace))
	var rule, outcome, did int
	for i, step := range trace {
		rows[i] = newRow(step)
		if r.checksOnly {
			rows[i].did = ""
		}
		rule = max(rule, len(rows[i].rule))
		outcome = max(outcome, len(rows[i].outcome))
		did = max(did, len(rows[i].did))
	}
	for _, row := range rows {
		columns := fmt.Sprintf("    %-*s  %-*s  ", rule, row.rule, outcome, row.outcome)
		if did > 0 {
			columns += fmt.Sprintf("%-*s  ", did, row.did)
		}
		b.WriteString(strings.TrimRight(columns+row.why, " ") + "\n")
		for _, line := range row.below {
			b.WriteString(strings.Repeat(" ", len(columns)) + line + "\n")
		}
	}
}

func newRow(step verdict.Step) row {
	r := row{rule: clean(step.Rule), outcome: step.Finding.Outcome.String(), did: did(step), why: why(step.Finding)}
	if step.Off {
		r.outcome = "off"
	}
	if f := step.Finding; !step.Off && f.Check != step.Rule {
		r.below = append(r.below, "check "+clean(f.Check))
	}
	for _, f := range step.Conditions {
		r.below = append(r.below, "condition "+findingText(f))
	}
	for _, f := range withOperands(step.Finding)[1:] {
		r.below = append(r.below, findingText(f))
	}
	if !step.Off {
		for _, line := range particulars(step.Finding.Detail) {
			r.below = append(r.below, clean(line))
		}
	}
	failed := false
	for _, q := range step.Questions {
		r.below = append(r.below, asked(q))
		failed = failed || q.Err != nil && !envelope.NotFound(q.Err)
	}
	if f := step.Finding; f.Outcome == envelope.TempError && f.Err != nil && !failed {
		r.below = append(r.below, "cause: "+envelope.Excerpt(f.Err.Error()))
	}
	return r
}

// findingText says a finding that has no row of its own.
func findingText(f envelope.Finding) string {
	text := clean(f.Check) + ": " + f.Outcome.String()
	if why := why(f); why != "" {
		text += ", " + why
	}
	return text
}

// did says what a rule did about its finding, "" if nothing was to be done or
// if that is not known.
func did(step verdict.Step) string {
	word := step.Action.String()
	switch {
	case step.Action == verdict.Continue && !step.Off && step.Finding.Outcome == envelope.Fail:
		return "go on" // or it would read as if the failure decided
	case step.Action == verdict.Continue || step.Action == 0:
		return ""
	case step.Shadow:
		return "would " + word
	}
	return word
}

// why says what a finding rests on.
func why(f envelope.Finding) string {
	switch {
	case f.Outcome == envelope.Pending:
		return "waits for " + f.Awaits.String()
	case f.Text != "":
		return clean(f.Text)
	}
	return clean(gist(f.Detail))
}

// asked says a question and how it went.
func asked(q verdict.Question) string {
	line := "asked " + q.Type + " " + envelope.Excerpt(q.Name)
	var failure *net.DNSError
	switch {
	case q.Err == nil:
	case envelope.NotFound(q.Err):
		line += ": no such record"
	case errors.As(q.Err, &failure):
		line += ": " + envelope.Excerpt(failure.Err)
	default:
		line += ": " + envelope.Excerpt(q.Err.Error())
	}
	if q.Reused {
		line += " (known already)"
	}
	return line
}

func clean(s string) string { return envelope.CleanText(s, true) }
