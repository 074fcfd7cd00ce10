package greylist_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/verdict"
)

// journal is a Memory that records calls. Writes return the errors of fails, in
// order.
type journal struct {
	*greylist.Memory
	reads  int
	writes []greylist.Key
	fails  []error
}

func (j *journal) Get(ctx context.Context, key greylist.Key) (greylist.Record, error) {
	j.reads++
	return j.Memory.Get(ctx, key)
}

func (j *journal) Touch(ctx context.Context, key greylist.Key, s greylist.Sighting) (greylist.Record, error) {
	j.writes = append(j.writes, key)
	if len(j.fails) > 0 {
		err := j.fails[0]
		if j.fails = j.fails[1:]; err != nil {
			return greylist.Record{}, err
		}
	}
	return j.Memory.Touch(ctx, key, s)
}

func newJournal() *journal { return &journal{Memory: new(greylist.Memory)} }

// Keys of fromAnn without a secret.
var (
	annTriplet  = greylist.Secret(nil).Triplet("192.0.2.0/24", ann, us)
	annIdentity = greylist.Secret(nil).Identity("192.0.2.0/24")
)

// checkGood checks the Good of a record.
func checkGood(t *testing.T, store *journal, key greylist.Key, want uint32) {
	t.Helper()
	if r, err := store.Memory.Get(t.Context(), key); err != nil || r.Good != want {
		t.Errorf("record %v is %+v, error %v, want %d good", key, r, err, want)
	}
}

func TestSightingIsWrittenOnceForAllRules(t *testing.T) {
	store := newJournal()
	options := greylist.Options{Promote: -1}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.MarkUnless(greylist.Known(store, options), "new"),
		verdict.MarkUnless(greylist.Known(store, options), "new again").Named("second"),
		verdict.MarkUnless(envelope.All(greylist.Known(store, options), greylist.Known(store, options)), "new still"),
	}}
	deliver := func(after time.Duration) {
		t.Helper()
		for _, stage := range []envelope.Stage{envelope.Connect, envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data, envelope.Whole} {
			e := fromAnn(after)
			e.Stage = stage
			e.Message = envelope.NewMessage([]byte("Subject: x\r\n\r\n"))
			if v := policy.Judge(t.Context(), nil, e); v.Action == verdict.Accept {
				return
			} else if v.Action != verdict.Continue {
				t.Fatalf("the verdict is %v", v.Action)
			}
		}
		t.Fatal("there is no verdict")
	}
	for _, tc := range []struct {
		name  string
		after time.Duration
		want  []greylist.Key
	}{
		{"first sight", 0, []greylist.Key{annTriplet}},
		{"too early", time.Minute, nil},
		{"returned", 6 * time.Minute, []greylist.Key{annTriplet, annIdentity}},
		{"remembered", 7 * time.Minute, nil},
		{"remembered, after days", 48 * time.Hour, []greylist.Key{annTriplet, annIdentity}},
	} {
		store.reads, store.writes = 0, nil
		deliver(tc.after)
		if !slices.Equal(store.writes, tc.want) {
			t.Errorf("%s: writes %v, want %v", tc.name, store.writes, tc.want)
		}
		if store.reads > 1 {
			t.Errorf("%s: %d reads, want 1", tc.name, store.reads)
		}
	}
	checkGood(t, store, annIdentity, 1)
}

// A sender that often sends mail remains known with few writes, and so does its
// identity.
func TestKnownTripletIsRenewedAtMostOnceInAHundredthOfLifetime(t *testing.T) {
	const lifetime = 36 * 24 * time.Hour
	for _, tc := range []struct {
		name  string
		every time.Duration
		want  int // renewals within Lifetime, or up to a tenth fewer
	}{
		{"every 10 minutes", 10 * time.Minute, 100},
		{"every hour", time.Hour, 100},
		{"every 9 hours", 9 * time.Hour, 96},
		{"every 35 days", 35 * 24 * time.Hour, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := newJournal()
			check := greylist.Known(store, greylist.Options{Promote: 1})
			judge(t, check, fromAnn(0))
			now := time.Hour
			judge(t, check, fromAnn(now))
			store.writes = nil
			for end := now + 2*lifetime; now <= end; {
				now += tc.every
				if got := state(judge(t, check, fromAnn(now))); got != "remembered" {
					t.Fatalf("after %v the triplet is %q", now, got)
				}
			}
			renewed := 0
			for _, key := range store.writes {
				if key == annTriplet {
					renewed++
				}
			}
			if renewed > 2*tc.want+1 || renewed < 2*tc.want*9/10 {
				t.Errorf("%d renewals within two lifetimes, want %d", renewed, 2*tc.want)
			}
			if got := state(judge(t, check, mail(now, "192.0.2.1", bob, us))); got != "promoted" {
				t.Errorf("a new sender of the same identity is %q", got)
			}
		})
	}
}

func TestOnlyActingRulesWrite(t *testing.T) {
	store := newJournal()
	known := greylist.Known(store, greylist.Options{})
	pass := envelope.At("ok", envelope.Rcpt, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		return envelope.Passed("")
	})
	for name, rule := range map[string]verdict.Rule{
		"shadow rule":              verdict.TempFailUnless(known).Shadow(),
		"condition":                verdict.RejectUnless(pass).When(known),
		"rule that does not apply": verdict.TempFailUnless(known).Unless(pass),
		"check negated by Not":     verdict.MarkUnless(envelope.Not(known), "known"),
	} {
		policy := verdict.Policy{Rules: verdict.Rules{rule}}
		policy.Judge(t.Context(), nil, fromAnn(0))
		if len(store.writes) > 0 {
			t.Errorf("%s: writes %v", name, store.writes)
		}
	}
}

func TestCommitRetriesOnlyFailedWrites(t *testing.T) {
	store := newJournal()
	known := greylist.Known(store, greylist.Options{})
	judge(t, known, fromAnn(0))

	gone := errors.New("the store is gone")
	store.writes, store.fails = nil, []error{gone, nil, gone}
	f := known(envelope.WithJudgement(t.Context()), nil, fromAnn(time.Hour))
	for i, want := range []error{gone, gone, nil, nil} {
		if err := f.Commit(t.Context()); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Fatalf("Commit %d: error %v, want %v", i, err, want)
		}
	}
	if want := []greylist.Key{annTriplet, annTriplet, annIdentity, annIdentity}; !slices.Equal(store.writes, want) {
		t.Errorf("writes %v, want %v", store.writes, want)
	}
	checkGood(t, store, annTriplet, 1)
	checkGood(t, store, annIdentity, 1)
}

// Two servers accept the same retry at the same time.
func TestTripletCountsOnceForItsIdentity(t *testing.T) {
	store := newJournal()
	known := greylist.Known(store, greylist.Options{})
	judge(t, known, fromAnn(0))
	one, other := known(t.Context(), nil, fromAnn(time.Hour)), known(t.Context(), nil, fromAnn(time.Hour))
	for _, f := range []envelope.Finding{one, other} {
		if err := f.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	checkGood(t, store, annIdentity, 1)
}

// uncomparable is a store that cannot be part of a map key.
type uncomparable struct {
	*greylist.Memory
	_ []int
}

func TestStoreNeedNotBeComparable(t *testing.T) {
	check := greylist.Known(uncomparable{Memory: new(greylist.Memory)}, greylist.Options{})
	judge(t, check, fromAnn(0))
	if got := state(judge(t, check, fromAnn(time.Hour))); got != "returned" {
		t.Errorf("the retry is %q", got)
	}
}
