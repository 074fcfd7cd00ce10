package redis

import (
	"context"
	_ "embed"
	"time"

	"github.com/redis/go-redis/v9"

	"mxrules.example/greylist"
)

// touch.lua is Record.Seen and Record.Merge in the server.
//
//go:embed touch.lua
var source string

var script = redis.NewScript(source)

// Modes of the script.
const (
	modeTouch = "touch"
	modeMerge = "merge"
)

// call is a run of the script.
type call struct {
	ctx    context.Context // of the caller, if it sends alone
	name   string
	args   [5]any
	answer *redis.Cmd
}

// run runs the script on one key, in a round trip with other waiting calls. A
// record that has expired at now is replaced. A new record whose Good is above limit,
// if that is not 0, is not written.
func (s *Store) run(ctx context.Context, key greylist.Key, mode string, r greylist.Record, now time.Time, limit uint32) (greylist.Record, error) {
	record, err := r.AppendBinary(nil)
	if err != nil {
		return greylist.Record{}, err
	}
	c := &call{ctx: context.Background(), name: s.name(key), args: [...]any{mode, record, now.Unix(), keep(r, now), limit}}
	if s.inTime {
		c.ctx = ctx
		err = s.calls.DoHere(ctx, c)
	} else {
		err = s.calls.Do(ctx, c)
	}
	if err != nil {
		return greylist.Record{}, err
	}
	value, err := c.answer.Text()
	if err != nil {
		return greylist.Record{}, failed(ctx, err)
	}
	return decode(value)
}

// slack is how long the server keeps a record after it has expired, in case its
// clock is fast.
const slack = time.Minute

// keep returns the seconds for which the server keeps a record. It is a duration
// because the clock of the server may differ.
func keep(r greylist.Record, now time.Time) int64 {
	return int64((r.Until.Sub(now) + slack) / time.Second)
}

// carry runs scripts in one round trip. It sends the hash of the script. If the
// server does not know the script, it sends the failed calls again in full.
func (s *Store) carry(calls []*call) {
	if len(calls) == 1 {
		c := calls[0]
		c.answer = script.Run(c.ctx, s.client, []string{c.name}, c.args[:]...)
		return
	}
	s.pipeline(calls, script.EvalSha)
	var unknown []*call
	for _, c := range calls {
		if redis.HasErrorPrefix(c.answer.Err(), "NOSCRIPT") {
			unknown = append(unknown, c)
		}
	}
	if len(unknown) > 0 {
		s.pipeline(unknown, script.Eval)
	}
}

// pipeline sends calls in one round trip, with the timeouts of the client. Each
// caller returns when its own context ends.
func (s *Store) pipeline(calls []*call, send func(context.Context, redis.Scripter, []string, ...any) *redis.Cmd) {
	ctx := context.Background()
	pipeline := s.client.Pipeline()
	for _, c := range calls {
		c.answer = send(ctx, pipeline, []string{c.name}, c.args[:]...)
	}
	_, _ = pipeline.Exec(ctx) // each answer has its own error
}
