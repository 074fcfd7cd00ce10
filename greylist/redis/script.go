package redis

import (
	"context"
	_ "embed"
	"time"

	"github.com/redis/go-redis/v9"

	"mxrules.example/greylist"
)

// touch.lua does in the server what Record.Seen and Record.Merge do.
//
//go:embed touch.lua
var source string

var script = redis.NewScript(source)

// Modes of the script.
const (
	modeTouch = "touch"
	modeMerge = "merge"
)

// call is one run of the script on its way.
type call struct {
	ctx    context.Context // of the caller, if it is the one who sends
	name   string
	args   [4]any
	answer *redis.Cmd
}

// run runs the script on one key, together with others that wait. It is now at
// the time given: a record that has expired by then counts for nothing.
func (s *Store) run(ctx context.Context, key greylist.Key, mode string, r greylist.Record, now time.Time) (greylist.Record, error) {
	record, err := r.AppendBinary(nil)
	if err != nil {
		return greylist.Record{}, err
	}
	c := &call{ctx: context.Background(), name: s.name(key), args: [...]any{mode, record, now.Unix(), keep(r, now)}}
	if s.keepsTime {
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

// slack is how much longer than it counts a record stays in the server, whose
// clock may go a little faster.
const slack = time.Minute

// keep returns for how many seconds a record is to be kept: a span and not a
// time, so that the clocks of the servers need not agree with that of Redis.
func keep(r greylist.Record, now time.Time) int64 {
	return int64((r.Until.Sub(now) + slack) / time.Second)
}

// carry runs scripts in one round trip. One that comes alone goes alone, and by
// its hash; should the server not know that, it is sent in full. In a pipeline
// there is no second try, so that the script is loaded and the rest sent again.
func (s *Store) carry(calls []*call) {
	if len(calls) == 1 {
		c := calls[0]
		c.answer = script.Run(c.ctx, s.client, []string{c.name}, c.args[:]...)
		return
	}
	// The callers wait no longer than they want to; here the client's own
	// timeouts hold.
	ctx := context.Background()
	s.pipeline(ctx, calls, script.EvalSha)
	var unknown []*call
	for _, c := range calls {
		if redis.HasErrorPrefix(c.answer.Err(), "NOSCRIPT") {
			unknown = append(unknown, c)
		}
	}
	if len(unknown) > 0 {
		s.pipeline(ctx, unknown, script.Eval)
	}
}

// pipeline sends scripts in one round trip.
func (s *Store) pipeline(ctx context.Context, calls []*call, send func(context.Context, redis.Scripter, []string, ...any) *redis.Cmd) {
	pipeline := s.client.Pipeline()
	for _, c := range calls {
		c.answer = send(ctx, pipeline, []string{c.name}, c.args[:]...)
	}
	_, _ = pipeline.Exec(ctx) // each answer has its own error
}
