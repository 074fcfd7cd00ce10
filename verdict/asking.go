package verdict

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mxrules.example/envelope"
)

// Question is a question to DNS that a rule asked.
type Question struct {
	Type string // "A", "AAAA", "PTR", "MX", "TXT", "CNAME", or "EXISTS" for envelope.Exists
	Name string // the name as the check asked for it
	// Reused reports whether another rule had asked the question before.
	Reused bool
	// Abandoned reports whether the rule did not wait for the answer.
	Abandoned bool
	// Err is the error of the lookup, nil if there were records.
	Err error
	// Began is the time from the beginning of the judgement to the question. It is
	// negative if a session asked the question at an earlier stage.
	Began time.Duration
	// Duration is the time from the question to the answer.
	Duration time.Duration
}

// asking is the state of the questions that all rules of a judgement share.
type asking struct {
	inner envelope.Resolver
	ctx   context.Context // of the judgement
	began time.Time
	most  int          // questions to inner
	count atomic.Int64 // questions to inner
	size  atomic.Int64 // octets of their answers

	giveUp context.CancelFunc // of a judgement that asks ahead, else nil

	guard sync.Mutex
	until context.Context // of the lookups, nil before the first
	stop  context.CancelFunc
	plain context.Context // for rules that run in ctx itself
}

// lasting returns a context for a lookup of a rule that runs in ctx. It ends with the
// judgement and not with the rule, because other rules may wait for the same answer.
func (a *asking) lasting(ctx context.Context) context.Context {
	a.guard.Lock()
	defer a.guard.Unlock()
	if a.until == nil {
		a.until, a.stop = context.WithCancel(a.ctx)
	}
	switch ctx {
	case a.until:
		return ctx
	case a.ctx:
	default:
		if l, ok := ctx.(lasting); ok && l.until == a.until {
			return ctx
		}
		return lasting{ctx, a.until}
	}
	if a.plain == nil {
		a.plain = lasting{ctx, a.until}
	}
	return a.plain
}

// close cancels the lookups that still run.
func (a *asking) close() {
	a.guard.Lock()
	defer a.guard.Unlock()
	if a.stop != nil {
		a.stop()
	}
}

// asker is the Resolver of one rule. It asks each question once per judgement,
// whichever rule asks it first, and records the questions of its rule.
type asker struct {
	*asking
	asks atomic.Pointer[asks] // nil before the first question: most rules ask none
}

// asks are the questions of one rule.
type asks struct {
	mu        sync.Mutex // a check may ask concurrently
	left      int32      // questions that belong to the trace, and change no more
	questions []Question
	few       [1]Question // the first array of questions: few rules ask more
	others    []*asker    // with more questions of the same rule
	one       [1]*asker
}

// record returns where the questions of the rule are recorded.
func (a *asker) record() *asks {
	if record := a.asks.Load(); record != nil {
		return record
	}
	a.asks.CompareAndSwap(nil, new(asks))
	return a.asks.Load()
}

// also adds the questions of another asker to those of the rule.
func (a *asker) also(other *asker) {
	record := a.record()
	record.mu.Lock()
	defer record.mu.Unlock()
	if record.others == nil {
		record.others = record.one[:0]
	}
	if !slices.Contains(record.others, other) {
		record.others = append(record.others, other)
	}
}

// asked returns the questions of the rule so far, in the order in which they were
// asked.
func (a *asker) asked() []Question { return a.askedSince(a.began) }

// askedSince is asked with times from the beginning of another judgement of the
// session.
func (a *asker) askedSince(began time.Time) []Question {
	record := a.asks.Load()
	if record == nil {
		return nil
	}
	record.mu.Lock()
	defer record.mu.Unlock()
	questions := slices.Clone(record.questions)
	for i := range questions {
		questions[i].Began += a.began.Sub(began)
	}
	for _, other := range record.others {
		questions = append(questions, other.askedSince(began)...)
	}
	return questions
}

// leave returns the questions of a rule that has ended. What it did not wait for stays
// abandoned.
func (a *asker) leave() []Question {
	record := a.asks.Load()
	if record == nil {
		return nil
	}
	record.mu.Lock()
	defer record.mu.Unlock()
	record.left = int32(len(record.questions))
	return record.questions
}

// begin records a question of a judgement that began at a time, and returns its place.
func (r *asks) begin(kind, name string, began time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.questions == nil {
		r.questions = r.few[:0]
	}
	r.questions = append(r.questions, Question{Type: kind, Name: name, Reused: true, Abandoned: true, Began: time.Since(began)})
	return len(r.questions) - 1
}

// first records that no rule has asked this question before.
func (r *asks) first(place int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if place >= int(r.left) {
		r.questions[place].Reused = false
	}
}

// end records the answer to a question.
func (r *asks) end(place int, began time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if place >= int(r.left) {
		q := &r.questions[place]
		q.Abandoned, q.Err, q.Duration = false, err, time.Since(began)-q.Began
	}
}

// lasting has the values of one context and ends with another.
type lasting struct {
	context.Context
	until context.Context
}

func (l lasting) Deadline() (time.Time, bool) { return l.until.Deadline() }
func (l lasting) Done() <-chan struct{}       { return l.until.Done() }
func (l lasting) Err() error                  { return l.until.Err() }

// AfterFunc saves the goroutine that package context needs otherwise to wait for Done.
func (l lasting) AfterFunc(f func()) (stop func() bool) { return context.AfterFunc(l.until, f) }

type lookupKey struct{ kind, name string }

// lookup asks a resolver the question of a key.
type lookup[T any] func(ctx context.Context, r envelope.Resolver, q lookupKey) (T, error)

// put returns the answer to a question, from the memo of the judgement or by lookup.
func put[T any](ctx context.Context, a *asker, q lookupKey, lookup lookup[T]) (T, error) {
	record, lasting := a.record(), a.lasting(ctx)
	place := record.begin(q.kind, q.name, a.began)
	records, err := envelope.Once(lasting, q, func() (records T, err error) {
		var none T
		record.first(place)
		if err = a.mayAsk(q.name); err != nil {
			return none, err
		}
		if _, ok := a.inner.(interface{ Waits() }); ok {
			records, err = lookup(lasting, a.inner, q)
		} else {
			records, err = lookup.wait(lasting, a.inner, q)
		}
		if err := a.mayKeep(q.name, records); err != nil {
			return none, err
		}
		return records, err
	})
	record.end(place, a.began, err)
	return records, err
}

// wait looks something up within [envelope.Wait], for a Resolver that does not call it
// itself.
func (lookup lookup[T]) wait(ctx context.Context, r envelope.Resolver, q lookupKey) (T, error) {
	return envelope.Wait(ctx, func() (T, error) { return lookup(ctx, r, q) })
}

// Waits marks the asker as a Resolver that calls envelope.Wait itself.
func (a *asker) Waits() {}

func (a *asker) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	kind := "A"
	switch network {
	case "ip6":
		kind = "AAAA"
	case "ip":
		kind = "A+AAAA"
	}
	return put(ctx, a, lookupKey{kind, host}, func(ctx context.Context, r envelope.Resolver, q lookupKey) ([]netip.Addr, error) {
		return r.LookupNetIP(ctx, q.network(), q.name)
	})
}

// network is that of a question for addresses.
func (q lookupKey) network() string {
	switch q.kind {
	case "A":
		return "ip4"
	case "AAAA":
		return "ip6"
	}
	return "ip"
}

func (a *asker) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	return put(ctx, a, lookupKey{"PTR", addr}, func(ctx context.Context, r envelope.Resolver, q lookupKey) ([]string, error) {
		return r.LookupAddr(ctx, q.name)
	})
}

func (a *asker) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return put(ctx, a, lookupKey{"MX", name}, func(ctx context.Context, r envelope.Resolver, q lookupKey) ([]*net.MX, error) {
		return r.LookupMX(ctx, q.name)
	})
}

func (a *asker) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return put(ctx, a, lookupKey{"TXT", name}, func(ctx context.Context, r envelope.Resolver, q lookupKey) ([]string, error) {
		return r.LookupTXT(ctx, q.name)
	})
}

func (a *asker) LookupCNAME(ctx context.Context, host string) (string, error) {
	return put(ctx, a, lookupKey{"CNAME", host}, func(ctx context.Context, r envelope.Resolver, q lookupKey) (string, error) {
		return r.LookupCNAME(ctx, q.name)
	})
}

// Exists makes envelope.Exists use the memo.
func (a *asker) Exists(ctx context.Context, name string) (bool, error) {
	return put(ctx, a, lookupKey{"EXISTS", name}, func(ctx context.Context, r envelope.Resolver, q lookupKey) (bool, error) {
		return envelope.Exists(ctx, r, q.name)
	})
}

// Unwrap returns the Resolver of the judgement.
func (a *asker) Unwrap() envelope.Resolver { return a.inner }
