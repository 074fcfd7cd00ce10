package replay

import (
	"errors"
	"fmt"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
	"mxrules.example/verdict/internal/leaves"
)

// Judged is a judgement to record.
type Judged struct {
	// Policy is the policy that judged.
	Policy verdict.Policy
	// Envelope is what was judged. If its Now is zero, the time of the record is that of
	// the call of Record: set Now before you judge.
	Envelope envelope.Envelope
	// Recipients are those of [verdict.Policy.JudgeEach]. None means RcptTo of Envelope.
	Recipients []string
	// Answers is the resolver of the judgement.
	Answers *zone.Recorder
	// Verdicts has the verdict for each recipient.
	Verdicts []verdict.Verdict

	// ByValue are the names of checks that may find something else when they are asked
	// again. A combination of checks is recorded by value if one of its operands is.
	ByValue []string
	// WithoutMessage leaves the message out. The findings of checks that need it are
	// recorded by value.
	WithoutMessage bool
	// Secret replaces mailboxes and logins by hashes with this key: local parts, and whole
	// logins. Domains and addresses of clients remain. All findings are recorded by value,
	// and their texts have the hashes too; the answers of DNS and the message are left out.
	Secret []byte
}

// Record returns the record. The error is that of reading the message, or names an answer
// of DNS that cannot be recorded.
func (j Judged) Record() (Record, error) {
	if n := max(1, len(j.Recipients)); len(j.Verdicts) != n {
		return Record{}, fmt.Errorf("%d verdicts for %d recipients", len(j.Verdicts), n)
	}
	r := Record{Recipients: j.Envelope.Recipients, Relayed: j.Envelope.Relayed, ByValue: j.ByValue}
	r.Hashed = len(j.Secret) > 0
	if !j.Envelope.Told(envelope.Data) {
		j.Envelope.Message = nil // no check has used it
	}
	if r.Hashed || j.WithoutMessage {
		r.NoMessage, j.Envelope.Message = j.Envelope.Message != nil, nil
	}
	j.Envelope.Now = j.Envelope.Time()
	var err, dns error
	r.JSON, err = j.Envelope.JSON(j.Recipients...)
	if j.Answers != nil {
		r.Recording, dns = j.Answers.Recording()
	}
	if err := errors.Join(err, dns); err != nil {
		return Record{}, err
	}
	for i, v := range j.Verdicts {
		r.keep(j.Policy, r.to(i), v)
	}
	if r.Hashed {
		r.hash(j.Secret)
	}
	return r, nil
}

// to returns the recipient of a verdict.
func (r *Record) to(i int) string {
	if i < len(r.RcptTo) {
		return r.RcptTo[i]
	}
	return ""
}

// keep keeps the findings of a verdict that are recorded by value.
func (r *Record) keep(p verdict.Policy, to string, v verdict.Verdict) {
	for _, step := range v.Trace {
		if step.Place() >= len(p.Rules) {
			continue
		}
		rule := p.Rules[step.Place()]
		conditions := rule.Conditions()
		for i, f := range step.Conditions {
			if i < len(conditions) && r.isByValue(conditions[i].Check) {
				r.Findings = append(r.Findings, newFinding(to, place{step.Place(), i + 1}, f))
			}
		}
		if !step.Off && r.isByValue(rule.Check()) {
			r.Findings = append(r.Findings, newFinding(to, place{step.Place(), 0}, step.Finding))
		}
	}
}

// isByValue reports whether the findings of a check are recorded by value.
func (r *Record) isByValue(check envelope.Check) bool {
	return r.Hashed || slices.ContainsFunc(leaves.Of(check), func(leaf envelope.Check) bool {
		name, from := leaf.Describe()
		return slices.Contains(r.ByValue, name) || r.NoMessage && from == envelope.Data
	})
}
