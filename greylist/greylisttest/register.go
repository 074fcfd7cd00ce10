package greylisttest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
)

func merges(t *testing.T, s greylist.Register) {
	now := began()
	random := rand.New(rand.NewPCG(uint64(now.Unix()), 2))
	for round := range 40 {
		var want greylist.Record
		for range 6 {
			first := now.Add(-time.Duration(random.IntN(3600)) * time.Second)
			r := greylist.Record{
				First: first,
				Last:  first.Add(time.Duration(random.IntN(3600)) * time.Second),
				Until: now.Add(time.Duration(1+random.IntN(3600)) * time.Hour),
				Good:  random.Uint32N(5),
			}
			want = want.Merge(r)
			if err := s.Merge(t.Context(), key(round), r); err != nil {
				t.Fatalf("Merge: %v", err)
			}
		}
		if got := get(t, s, key(round)); got != want {
			t.Fatalf("round %d: the record is %v, want %v", round, got, want)
		}
	}
}

func concurrentMerges(t *testing.T, s greylist.Register) {
	now := began()
	old := greylist.Record{First: now.Add(-time.Hour), Last: now, Until: now.Add(48 * time.Hour)}
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for range each {
				if err := s.Merge(t.Context(), key(1), old); err != nil {
					t.Errorf("Merge: %v", err)
				}
				if _, err := s.Touch(t.Context(), key(1), greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1}); err != nil {
					t.Errorf("Touch: %v", err)
				}
			}
		})
	}
	group.Wait()
	want := old
	want.Good = callers * each
	if got := get(t, s, key(1)); got != want {
		t.Errorf("the record is %v, want %v", got, want)
	}
}

func forgets(t *testing.T, s greylist.Register) {
	seen := greylist.Sighting{At: began(), Until: began().Add(time.Hour), Good: 1}
	for n := range 20 {
		touch(t, s, key(n), seen)
	}
	for _, k := range []greylist.Key{key(7), key(7), key(100)} { // again, and an unknown one
		if err := s.Forget(t.Context(), k); err != nil {
			t.Fatalf("Forget: %v", err)
		}
	}
	for n := range 20 {
		if r := get(t, s, key(n)); r.IsZero() != (n == 7) {
			t.Errorf("after key 7 was forgotten key %d has the record %v", n, r)
		}
	}
	if r := touch(t, s, key(7), seen); r.Good != 1 {
		t.Errorf("the first record after Forget is %v", r)
	}
}

func lists(t *testing.T, s greylist.Register) {
	for _, err := range s.All(t.Context()) {
		t.Fatalf("All of an empty store yields a record, error %v", err)
	}
	const records = 3000
	want := map[greylist.Key]greylist.Record{}
	now := began()
	var group sync.WaitGroup
	for n := range records {
		at := now.Add(time.Duration(n) * time.Second)
		seen := greylist.Sighting{At: at, Until: at.Add(48 * time.Hour), Good: uint32(n)}
		want[key(n)] = greylist.Record{}.Seen(seen)
		group.Go(func() {
			if _, err := s.Touch(t.Context(), key(n), seen); err != nil {
				t.Errorf("Touch: %v", err)
			}
		})
	}
	group.Wait()
	for e, err := range s.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if r, ok := want[e.Key]; !ok || r != e.Record {
			t.Fatalf("All yields %v with %v, want %v", e.Key, e.Record, r)
		}
		delete(want, e.Key)
	}
	if len(want) > 0 {
		t.Errorf("All omits %d of %d records", len(want), records)
	}
	seen := 0
	for range s.All(t.Context()) {
		if seen++; seen == 10 {
			break
		}
	}
	if seen != 10 {
		t.Errorf("a loop that breaks after 10 records got %d", seen)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var last error
	for _, err := range s.All(ctx) {
		last = err
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("All with a canceled context ends with the error %v", last)
	}
}
