package greylist

import (
	"math/rand/v2"
	"testing"
	"time"
)

// trials is the number of random cases for each property.
const trials = 20_000

// property calls try with a random source for each case, and reports the seed of
// a failed one.
func property(t *testing.T, try func(t *testing.T, random *rand.Rand)) {
	t.Helper()
	seed := rand.Uint64()
	for i := range uint64(trials) {
		try(t, rand.New(rand.NewPCG(seed, i)))
		if t.Failed() {
			t.Fatalf("seed %d, case %d", seed, i)
		}
	}
}

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// between returns a duration of at least a and less than b.
func between(random *rand.Rand, a, b time.Duration) time.Duration {
	return a + time.Duration(random.Int64N(int64(b-a)))
}

// anyOptions returns valid options.
func anyOptions(random *rand.Rand) Options {
	o := Options{
		Delay:    between(random, time.Second, 2*time.Hour),
		Lifetime: between(random, time.Hour, 1000*time.Hour),
	}
	o.Window = o.Delay + between(random, time.Minute, 100*time.Hour)
	o, err := o.completed()
	if err != nil {
		panic(err)
	}
	return o
}

// see takes one step and writes its sighting.
func see(r Record, now time.Time, o Options) (state, Record) {
	got, s := step(r, now, o)
	if !s.At.IsZero() {
		r = r.Seen(s)
	}
	return got, r
}

func TestRetryWithinWindowPasses(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		first := start.Add(between(random, 0, time.Hour))
		_, r := see(Record{}, first, o)
		now := first
		for range 200 {
			now = now.Add(between(random, 0, o.Window/8))
			if now.After(first.Add(o.Window)) {
				return // no retry was within the window
			}
			var got state
			got, r = see(r, now, o)
			if got.passes() {
				return
			}
			if got != tooEarly {
				t.Errorf("a retry after %v, with a window of %v, is %v", now.Sub(first), o.Window, got)
			}
			// Rounding may add a second.
			if now.Sub(first) >= o.Delay+time.Second {
				t.Errorf("a retry after %v, with a delay of %v, is %v", now.Sub(first), o.Delay, got)
			}
		}
	})
}

func TestNoMailPassesBeforeDelay(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		var r Record
		seen := []time.Time{}
		now := start
		for range 40 {
			now = now.Add(between(random, 0, o.Delay/2))
			var got state
			got, r = see(r, now, o)
			if got.passes() {
				if waited := now.Sub(seen[0]); waited < o.Delay {
					t.Errorf("passes after %v, with a delay of %v", waited, o.Delay)
				}
				return
			}
			seen = append(seen, now)
		}
	})
}

// Whatever the clock did before, a sender passes once Delay is over, if the clock
// is right from now on.
func TestClockStepsLockNoSenderOut(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		var r Record
		for range random.IntN(10) {
			_, r = see(r, start.Add(between(random, -10_000*time.Hour, 10_000*time.Hour)), o)
		}
		now := start
		got, r := see(r, now, o)
		if got.passes() {
			return
		}
		now = now.Add(o.Delay + time.Second) // rounding may add a second
		if got, _ = see(r, now, o); got.passes() {
			return
		}
		// The window of an older sighting may have ended meanwhile.
		if got != firstSight {
			t.Errorf("a retry after the delay is %v, with %v", got, r)
		}
		_, r = see(r, now, o)
		if got, _ = see(r, now.Add(o.Delay+time.Second), o); !got.passes() {
			t.Errorf("the second retry is %v, with %v", got, r)
		}
	})
}

// A record may miss a renewal of up to a hundredth of Lifetime.
func TestGoodTripletIsRememberedForLifetime(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		r := Record{}.Seen(o.passed(start))
		now := start
		for range 20 {
			now = now.Add(between(random, -o.Lifetime, o.Lifetime-o.Lifetime/renewals))
			var got state
			if got, r = see(r, now, o); got != remembered {
				t.Errorf("at %v the triplet is %v", now, got)
			}
		}
	})
}

func TestGoodTripletIsForgottenAfterLifetime(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		r := Record{}.Seen(o.passed(start))
		now := start.Add(o.Lifetime + time.Second + between(random, 0, 1000*time.Hour))
		if got, _ := step(r, now, o); got != firstSight {
			t.Errorf("after %v without mail, with a lifetime of %v, the triplet is %v", now.Sub(start), o.Lifetime, got)
		}
	})
}

// anyRecord returns a record after some sightings.
func anyRecord(random *rand.Rand) Record {
	var r Record
	for range random.IntN(4) {
		at := start.Add(between(random, -100*time.Hour, 100*time.Hour))
		r = r.Seen(Sighting{At: at, Until: at.Add(between(random, 0, 100*time.Hour)), Good: random.Uint32N(2)})
	}
	return r
}

func TestMergeIsASemilattice(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		a, b, c := anyRecord(random), anyRecord(random), anyRecord(random)
		if a.Merge(b) != b.Merge(a) {
			t.Errorf("not commutative: %v and %v", a, b)
		}
		if a.Merge(b).Merge(c) != a.Merge(b.Merge(c)) {
			t.Errorf("not associative: %v, %v and %v", a, b, c)
		}
		if a.Merge(a) != a || a.Merge(b).Merge(b) != a.Merge(b) {
			t.Errorf("not idempotent: %v and %v", a, b)
		}
		if a.Merge(Record{}) != a {
			t.Errorf("the zero Record is not neutral to %v", a)
		}
	})
}

// Mail that passes with the record of one store passes with the merged record.
func TestMergeDelaysNoSender(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		a, b := anyRecord(random), anyRecord(random)
		now := start.Add(between(random, -100*time.Hour, 200*time.Hour))
		before, _ := step(a, now, o)
		after, _ := step(a.Merge(b), now, o)
		if before.passes() && !after.passes() {
			t.Errorf("at %v it was %v with %v, and is %v with %v merged in", now, before, a, after, b)
		}
	})
}

// The order of sightings makes no difference until a record expires.
func TestSightingsCommute(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		var sightings []Sighting
		for range 2 + random.IntN(5) {
			at := start.Add(between(random, 0, 10*time.Hour))
			sightings = append(sightings, Sighting{At: at, Until: at.Add(between(random, 10*time.Hour, 20*time.Hour)), Good: random.Uint32N(3)})
		}
		write := func() (r Record) {
			for _, s := range sightings {
				r = r.Seen(s)
			}
			return r
		}
		one := write()
		random.Shuffle(len(sightings), func(i, j int) { sightings[i], sightings[j] = sightings[j], sightings[i] })
		if other := write(); one != other {
			t.Errorf("%v and %v from the same sightings", one, other)
		}
	})
}

func TestBinaryFormKeepsARecord(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		want := anyRecord(random)
		b, err := want.AppendBinary(nil)
		if err != nil || len(b) != recordSize {
			t.Fatalf("%d bytes, error %v", len(b), err)
		}
		var got Record
		if err := got.UnmarshalBinary(b); err != nil || got != want {
			t.Errorf("%v became %v, %v", want, got, err)
		}
	})
	var r Record
	for _, length := range []int{0, recordSize - 1, recordSize + 1} {
		if err := r.UnmarshalBinary(make([]byte, length)); err == nil {
			t.Errorf("%d bytes are no error", length)
		}
	}
}

func TestGoodStopsAtItsMaximum(t *testing.T) {
	r := Record{}.Seen(Sighting{At: start, Until: start.Add(time.Hour), Good: 1<<32 - 2})
	for _, want := range []uint32{1<<32 - 1, 1<<32 - 1} {
		if r = r.Seen(Sighting{At: start, Until: start.Add(time.Hour), Good: 1}); r.Good != want {
			t.Errorf("Good is %d, want %d", r.Good, want)
		}
	}
}

func TestTimesOutOfRange(t *testing.T) {
	for _, tc := range []struct{ at, want time.Time }{
		{time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), time.Unix(1, 0)},
		{time.Unix(0, 0), time.Unix(1, 0)},
		{time.Unix(7, 1), time.Unix(8, 0)},
		{time.Unix(7, 0), time.Unix(7, 0)},
		{time.Unix(1<<32-1, 0), time.Unix(1<<32-1, 0)},
		{time.Unix(1<<40, 0), time.Unix(1<<32-1, 0)},
	} {
		r := Record{}.Seen(Sighting{At: tc.at, Until: tc.at})
		if want := tc.want.UTC(); r.First != want || r.Last != want || r.Until != want {
			t.Errorf("%v becomes %v, want %v", tc.at, r, want)
		}
	}
}
