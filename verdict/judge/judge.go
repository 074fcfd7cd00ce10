package judge

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
	"mxrules.example/verdict/replay"
)

// judge is a policy, or a list of checks, with its DNS.
type judge struct {
	command    *Command
	name       string // of the policy
	policy     verdict.Policy
	checksOnly bool           // the policy has shadow rules only
	waterfall  bool           // -trace
	stamp      *headers.Stamp // nil without -headers
	recording  *recording     // nil without -scenario
	world      world
	compare    *comparison // nil without -compare
	records    *records    // nil without -record
}

// newJudge makes the policies and reads the files that the options name.
func newJudge(o options, c *Command) (j *judge, err error) {
	j = &judge{command: c, name: o.policy, checksOnly: o.checks != "", waterfall: o.trace}
	if o.headers != "" {
		if j.stamp, err = headers.For(o.headers); err != nil {
			return nil, fmt.Errorf("-headers: %w", err)
		}
	}
	if o.scenario != "" {
		j.recording = newRecording(&o, c)
	}
	if o.questions.asked() { // by mail that is made up: the store must not be that of a server
		store := new(greylist.Memory)
		c.Site.Store, c.Specimens.Store = store, store
	}
	switch {
	case o.compare != "":
		j.compare, err = newComparison(o.compare, c.policy)
	case o.checks != "":
		j.policy, err = c.choose(o.checks, o.policy)
	case o.needsPolicy() || o.hasPolicy:
		j.policy, err = c.policy(o.policy)
	}
	if err != nil {
		return nil, err
	}
	if j.world, err = newWorld(o, c.Resolver); err != nil {
		return nil, err
	}
	j.records, err = newRecords(o, c.ByValue) // last: it empties the file
	return j, err
}

// result is the result of one line.
type result struct {
	id         json.RawMessage
	err        error // the line is invalid
	checksOnly bool
	waterfall  bool // is printed after each explanation
	envelope   envelope.Envelope
	recipients []string
	verdicts   []verdict.Verdict // one for each recipient, or one if there is none
	merged     verdict.Verdict
	pairs      []replay.Pair // of -compare, in place of verdicts
	headers    []string      // fields of the message, without their last line end
	link       string        // to the page of a refusal
}

// judge judges one line.
func (j *judge) judge(ctx context.Context, l line) result {
	r := result{id: l.ID, checksOnly: j.checksOnly, waterfall: j.waterfall}
	e, recipients, err := l.read()
	if err == nil {
		e, err = j.command.Gateways.Behind(e)
	}
	if err != nil {
		r.err = err
		return r
	}
	resolver, err := j.world.forLine(l)
	if err != nil {
		r.err = err
		return r
	}
	if j.recording != nil {
		resolver = j.recording.Resolver(resolver)
	}
	r.recipients, r.envelope = recipients, e
	switch {
	case j.compare != nil && j.records != nil:
		r.pairs, r.err = j.records.compare(ctx, j.compare, resolver, e, l)
		return r
	case j.compare != nil:
		r.pairs = j.compare.judge(ctx, resolver, &e, l)
		return r
	case j.records != nil:
		if r.verdicts, r.err = j.records.judge(ctx, j, resolver, e, l); r.err != nil {
			return r
		}
	default:
		r.verdicts = judgeEach(ctx, l.Bind(j.policy), resolver, &e, recipients)
	}
	r.merged = verdict.Merge(r.verdicts...)
	if link := j.command.Link; link != nil && r.merged.Err() != nil {
		r.link = clean(link(r.merged, &e))
	}
	if j.stamp != nil && r.merged.Action == verdict.Accept { // checks only always accept
		r.headers = fields(j.stamp, &e, r.verdicts)
	}
	return r
}

// fields returns the header fields that a server would add to the message.
func fields(stamp *headers.Stamp, e *envelope.Envelope, verdicts []verdict.Verdict) []string {
	list := []string{strings.TrimSuffix(stamp.AuthenticationResults(e, verdicts...), "\r\n")}
	if spf := stamp.ReceivedSPF(e, verdicts...); spf != "" {
		list = append(list, strings.TrimSuffix(spf, "\r\n"))
	}
	return list
}
