package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// judge is a policy, or a list of checks, and the DNS that they ask.
type judge struct {
	policy     verdict.Policy
	checksOnly bool           // the policy only looks, and its verdict says nothing
	stamp      *headers.Stamp // nil: nobody wants to see fields
	world      world
}

// newJudge reads the files that the options name, and probes the DNS lists if
// real DNS is asked. Report is told of lists that do not serve, and of a file that
// changes later into something that can't be read.
func newJudge(o options, report func(error)) (*judge, error) {
	err := o.site.openMailboxes(report)
	if err != nil {
		return nil, err
	}
	j := &judge{checksOnly: o.checks != ""}
	if o.headers != "" {
		if j.stamp, err = headers.For(o.headers); err != nil {
			return nil, fmt.Errorf("-headers: %w", err)
		}
	}
	if j.checksOnly {
		j.policy, err = chooseChecks(o.checks, o.site)
	} else {
		j.policy, err = choosePolicy(o.policy, o.site.Site)
	}
	if err != nil {
		return nil, err
	}
	j.world, err = newWorld(o.zoneFile, o.dns)
	if err == nil && j.world.resolver != nil {
		probeLists(j.world.resolver, o.site, report)
	}
	return j, err
}

// result is what came of one line.
type result struct {
	id         json.RawMessage
	err        error // the line can't be judged
	checksOnly bool
	recipients []string
	verdicts   []verdict.Verdict // one for each recipient, or one if there is none
	merged     verdict.Verdict
	headers    []string // the fields that the message would get, without their last line end
}

// judge judges one line. What can't be judged is an error in the result.
func (j *judge) judge(ctx context.Context, l line) result {
	r := result{id: l.ID, checksOnly: j.checksOnly}
	e, recipients, err := l.read()
	if err != nil {
		r.err = err
		return r
	}
	resolver, err := j.world.forLine(l)
	if err != nil {
		r.err = err
		return r
	}
	if len(recipients) == 0 {
		r.verdicts = []verdict.Verdict{j.policy.Judge(ctx, resolver, &e)}
	} else {
		r.verdicts = j.policy.JudgeEach(ctx, resolver, &e, recipients...)
	}
	r.recipients = recipients
	r.merged = verdict.Merge(r.verdicts...)
	if j.stamp != nil && r.merged.Action == verdict.Accept { // as it always is of checks only
		r.headers = fields(j.stamp, &e, r.verdicts)
	}
	return r
}

// fields returns what a server would put on top of the message.
func fields(stamp *headers.Stamp, e *envelope.Envelope, verdicts []verdict.Verdict) []string {
	list := []string{strings.TrimSuffix(stamp.AuthenticationResults(e, verdicts...), "\r\n")}
	if spf := stamp.ReceivedSPF(e, verdicts...); spf != "" {
		list = append(list, strings.TrimSuffix(spf, "\r\n"))
	}
	return list
}
