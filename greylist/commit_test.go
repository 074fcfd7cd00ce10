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

// journal is a store that notes what is asked of it. Once fails is used up, a
// write fails each time.
type journal struct {
	*greylist.Memory
	reads  int
	writes []greylist.Key
	fails  []error // of the next writes
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

func newJournal() *journal { return &journal{Memory: greylist.NewMemory(1 << 20)} }

func TestOneSightingIsWrittenOnce(t *testing.T) {
	store := newJournal()
	options := greylist.Options{Promote: -1}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.MarkUnless(greylist.Known(store, options), "new"),
		verdict.MarkUnless(greylist.Known(store, options), "new again").Named("second"),
		verdict.MarkUnless(envelope.All(greylist.Known(store, options), greylist.Known(store, options)), "new still"),
	}}
	stages := []envelope.Stage{envelope.Connect, envelope.Helo, envelope.Mail, envelope.Rcpt, envelope.Data, envelope.Whole}
	deliver := func(after time.Duration) {
		for _, stage := range stages {
			e := mail(after, "192.0.2.1", "ann@sender.example", "us@example.org")
			e.Stage = stage
			e.Message = envelope.NewMessage([]byte("Subject: x\r\n\r\n"))
			if v := policy.Judge(t.Context(), nil, e); v.Action != verdict.Continue {
				if v.Action != verdict.Accept {
					t.Fatalf("the verdict is %v", v.Action)
				}
				return
			}
		}
		t.Fatal("there is no verdict")
	}
	triplet := options.Secret.Triplet("192.0.2.0/24", "ann@sender.example", "us@example.org")
	identity := options.Secret.Identity("192.0.2.0/24")
	for _, tc := range []struct {
		name  string
		after time.Duration
		want  []greylist.Key
	}{
		{"a first sight", 0, []greylist.Key{triplet}},
		{"too early", time.Minute, nil},
		{"a return, which counts for the identity too", 6 * time.Minute, []greylist.Key{triplet, identity}},
		{"one that is remembered", 7 * time.Minute, nil},
		{"one that is remembered, after days", 48 * time.Hour, []greylist.Key{triplet, identity}},
	} {
		store.reads, store.writes = 0, nil
		deliver(tc.after)
		if !slices.Equal(store.writes, tc.want) {
			t.Errorf("%s: it wrote %v, want %v", tc.name, store.writes, tc.want)
		}
		if store.reads > 1 {
			t.Errorf("%s: it read %d times, want once", tc.name, store.reads)
		}
	}
	r, err := store.Memory.Get(t.Context(), identity)
	if err != nil || r.Good != 1 {
		t.Errorf("the identity has %d good triplets, %v", r.Good, err)
	}
}

// A sender with mail all the time stays known, at the cost of few writes, and
// so does its identity.
func TestKnownTripletIsRenewedAtMostOnceInAHundredthOfLifetime(t *testing.T) {
	const lifetime = 36 * 24 * time.Hour
	for _, tc := range []struct {
		name   string
		every  time.Duration
		writes int // of the triplet within Lifetime, at most
	}{
		{"every 10 minutes", 10 * time.Minute, 100},
		{"every hour", time.Hour, 100},
		{"every 9 hours", 9 * time.Hour, 96},
		{"every 35 days", 35 * 24 * time.Hour, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store := newJournal()
			options := greylist.Options{Promote: 1}
			check := greylist.Known(store, options)
			judge(t, check, mail(0, "192.0.2.1", "ann@sender.example", "us@example.org"))
			now := time.Hour
			judge(t, check, mail(now, "192.0.2.1", "ann@sender.example", "us@example.org"))
			store.writes = nil
			for end := now + 2*lifetime; now <= end; {
				now += tc.every
				f := judge(t, check, mail(now, "192.0.2.1", "ann@sender.example", "us@example.org"))
				if state(f) != greylist.Remembered {
					t.Fatalf("after %v it is %v", now, state(f))
				}
			}
			triplet := options.Secret.Triplet("192.0.2.0/24", "ann@sender.example", "us@example.org")
			renewed := 0
			for _, key := range store.writes {
				if key == triplet {
					renewed++
				}
			}
			if renewed > 2*tc.writes+1 || renewed < 2*tc.writes*9/10 {
				t.Errorf("within two lifetimes it is renewed %d times, want about %d", renewed, 2*tc.writes)
			}
			f := judge(t, check, mail(now, "192.0.2.1", "bob@sender.example", "us@example.org"))
			if state(f) != greylist.Promoted {
				t.Errorf("a new sender of the same identity is %v", state(f))
			}
		})
	}
}

func TestWhatIsNotActedOnIsNotWritten(t *testing.T) {
	store := newJournal()
	known := greylist.Known(store, greylist.Options{})
	e := mail(0, "192.0.2.1", "ann@sender.example", "us@example.org")
	for name, rule := range map[string]verdict.Rule{
		"a shadow rule":             verdict.TempFailUnless(known).Shadow(),
		"a condition":               verdict.RejectUnless(envelope.At("ok", envelope.Rcpt, pass)).When(known),
		"a rule that does not hold": verdict.TempFailUnless(known).Unless(envelope.At("ok", envelope.Rcpt, pass)),
		"under Not":                 verdict.MarkUnless(envelope.Not(known), "known"),
	} {
		policy := verdict.Policy{Rules: verdict.Rules{rule}}
		policy.Judge(t.Context(), nil, e)
		if len(store.writes) > 0 {
			t.Errorf("%s wrote %v", name, store.writes)
		}
	}
}

func pass(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
	return envelope.Passed("")
}

func TestAWriteThatFailsIsMadeUpFor(t *testing.T) {
	store := newJournal()
	options := greylist.Options{}
	known := greylist.Known(store, options)
	judge(t, known, mail(0, "192.0.2.1", "ann@sender.example", "us@example.org"))

	gone := errors.New("the store is gone")
	store.writes, store.fails = nil, []error{gone, nil, gone}
	f := known(envelope.WithJudgement(t.Context()), nil, mail(time.Hour, "192.0.2.1", "ann@sender.example", "us@example.org"))
	for i, want := range []error{gone, gone, nil, nil} {
		if err := f.Commit(t.Context()); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Fatalf("Commit %d: error %v, want %v", i, err, want)
		}
	}
	triplet := options.Secret.Triplet("192.0.2.0/24", "ann@sender.example", "us@example.org")
	identity := options.Secret.Identity("192.0.2.0/24")
	if want := []greylist.Key{triplet, triplet, identity, identity}; !slices.Equal(store.writes, want) {
		t.Errorf("it wrote %v, want %v", store.writes, want)
	}
	for _, key := range []greylist.Key{triplet, identity} {
		if r, _ := store.Memory.Get(t.Context(), key); r.Good != 1 {
			t.Errorf("%v has %v", key, r)
		}
	}
}

// Two servers let the same retry in at the same moment.
func TestATripletCountsOnceForItsIdentity(t *testing.T) {
	store := newJournal()
	options := greylist.Options{}
	known := greylist.Known(store, options)
	judge(t, known, mail(0, "192.0.2.1", "ann@sender.example", "us@example.org"))
	e := mail(time.Hour, "192.0.2.1", "ann@sender.example", "us@example.org")
	one, other := known(t.Context(), nil, e), known(t.Context(), nil, e)
	for _, f := range []envelope.Finding{one, other} {
		if err := f.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if r, _ := store.Memory.Get(t.Context(), options.Secret.Identity("192.0.2.0/24")); r.Good != 1 {
		t.Errorf("the identity has %d good triplets, want 1", r.Good)
	}
}

// uncomparable is a store that can't be part of a key.
type uncomparable struct {
	*greylist.Memory
	_ []int
}

func TestAStoreThatCanNotBeCompared(t *testing.T) {
	check := greylist.Known(uncomparable{Memory: greylist.NewMemory(1 << 20)}, greylist.Options{})
	judge(t, check, mail(0, "192.0.2.1", "ann@sender.example", "us@example.org"))
	if f := judge(t, check, mail(time.Hour, "192.0.2.1", "ann@sender.example", "us@example.org")); state(f) != greylist.Returned {
		t.Errorf("the retry is %v", state(f))
	}
}
