package judge

import (
	"context"
	"encoding/json"
	"os"
	"slices"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
	"mxrules.example/verdict/replay"
)

// records is the file of -record.
type records struct {
	file           *os.File
	withoutMessage bool
	secret         string
	byValue        []string // of the command
}

// ofStores are the checks of this library that answer from a store.
var ofStores = []string{"greylist.known", "greylist.trusted", "quota.within", "reputation.good"}

// kept returns the names of checks of a policy that are recorded by value, nil if there are
// none.
func (r *records) kept(p verdict.Policy) (names []string) {
	for _, name := range namesOf(checksOf(p)) {
		if slices.Contains(ofStores, name) || slices.Contains(r.byValue, name) {
			names = append(names, name)
		}
	}
	return names
}

// newRecords creates the file of -record. It returns nil without one.
func newRecords(o options, byValue []string) (*records, error) {
	if o.record == "" {
		return nil, nil
	}
	file, err := os.Create(o.record)
	return &records{file, o.withoutMessage, o.hashKey, byValue}, err
}

// close closes the file. Nil has none.
func (r *records) close() error {
	if r == nil {
		return nil
	}
	return r.file.Close()
}

// judge judges an envelope, and writes a line of input from which judge gives the same
// verdicts, and those of other policies.
func (r *records) judge(ctx context.Context, j *judge, dns envelope.Resolver, e envelope.Envelope, l line, others ...verdict.Policy) ([]verdict.Verdict, error) {
	seen := zone.Record(dns)
	e.Now = e.Time()
	policy := l.Bind(j.policy)
	verdicts := judgeEach(ctx, policy, seen, &e, l.RcptTo)
	for _, other := range others {
		judgeEach(ctx, other, seen, &e, l.RcptTo)
	}
	return verdicts, r.write(l, replay.Judged{
		Policy: policy, Envelope: e, Recipients: l.RcptTo, Answers: seen, Verdicts: verdicts,
	})
}

// compare compares the verdicts of two policies on an envelope, and writes a line of input
// with the answers of DNS for both.
func (r *records) compare(ctx context.Context, c *comparison, dns envelope.Resolver, e envelope.Envelope, l line) ([]replay.Pair, error) {
	seen := zone.Record(dns)
	e.Now = e.Time()
	pairs := c.judge(ctx, seen, &e, l)
	var verdicts []verdict.Verdict
	for _, pair := range pairs {
		verdicts = append(verdicts, pair.Old)
	}
	return pairs, r.write(l, replay.Judged{
		Policy: l.Bind(c.change.Old), Envelope: e, Recipients: l.RcptTo, Answers: seen, Verdicts: verdicts,
	})
}

// write writes what was judged as a line of input.
func (r *records) write(l line, judged replay.Judged) error {
	judged.ByValue, judged.WithoutMessage, judged.Secret = r.kept(judged.Policy), r.withoutMessage, []byte(r.secret)
	record, err := judged.Record()
	if err != nil {
		return err
	}
	_, err = r.file.Write(encode(struct {
		ID json.RawMessage `json:"id,omitempty"`
		replay.Record
	}{l.ID, record}))
	return err
}

// judgeEach judges an envelope for each recipient, or once if there is none.
func judgeEach(ctx context.Context, p verdict.Policy, r envelope.Resolver, e *envelope.Envelope, recipients []string) []verdict.Verdict {
	if len(recipients) == 0 {
		return []verdict.Verdict{p.Judge(ctx, r, e)}
	}
	return p.JudgeEach(ctx, r, e, recipients...)
}
