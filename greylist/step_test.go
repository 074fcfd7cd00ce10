package greylist

import (
	"math/rand/v2"
	"testing"
	"time"
)

// trials is how many cases each property is tried with.
const trials = 20_000

// property calls try with a source of chance for each case, and says which seed
// it was if one fails.
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

// upTo returns a duration of at least a and less than b.
func upTo(random *rand.Rand, a, b time.Duration) time.Duration {
	return a + time.Duration(random.Int64N(int64(b-a)))
}

// anyOptions returns settings that can work.
func anyOptions(random *rand.Rand) Options {
	o := Options{
		Delay:    upTo(random, time.Second, 2*time.Hour),
		Lifetime: upTo(random, time.Hour, 1000*time.Hour),
	}
	o.Window = o.Delay + upTo(random, time.Minute, 100*time.Hour)
	o, err := o.completed()
	if err != nil {
		panic(err)
	}
	return o
}

// see takes one step and writes what must be written.
func see(r Record, now time.Time, o Options) (State, Record) {
	state, s := step(r, now, o)
	if !s.At.IsZero() {
		r = r.Seen(s)
	}
	return state, r
}

func TestWhoRetriesWithinTheWindowGetsIn(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		first := start.Add(upTo(random, 0, time.Hour))
		_, r := see(Record{}, first, o)
		now := first
		for range 200 {
			now = now.Add(upTo(random, 0, o.Window/8))
			if now.After(first.Add(o.Window)) {
				return // its schedule jumped over all of the window
			}
			var state State
			state, r = see(r, now, o)
			if state.good() {
				return
			}
			if state != TooEarly {
				t.Errorf("a retry after %v, with a window of %v, is %v", now.Sub(first), o.Window, state)
			}
			// One second is what may be lost to rounding.
			if now.Sub(first) >= o.Delay+time.Second {
				t.Errorf("a retry after %v, with a delay of %v, is %v", now.Sub(first), o.Delay, state)
			}
		}
	})
}

func TestNobodyGetsInBeforeTheDelay(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		var r Record
		seen := []time.Time{}
		now := start
		for range 40 {
			now = now.Add(upTo(random, 0, o.Delay/2))
			var state State
			state, r = see(r, now, o)
			if state.good() {
				if waited := now.Sub(seen[0]); waited < o.Delay {
					t.Errorf("let in after %v, with a delay of %v", waited, o.Delay)
				}
				return
			}
			seen = append(seen, now)
		}
	})
}

// Whatever the clock did before, a sender that retries from now on, while the
// clock goes as it should, is let in once Delay is over.
func TestAClockThatJumpsLocksNobodyOut(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		var r Record
		for range random.IntN(10) {
			_, r = see(r, start.Add(upTo(random, -10_000*time.Hour, 10_000*time.Hour)), o)
		}
		now := start
		state, r := see(r, now, o)
		if state.good() {
			return
		}
		now = now.Add(o.Delay + time.Second) // which may be lost to rounding
		if state, _ = see(r, now, o); state.good() {
			return
		}
		// The window of an old sighting may end in between, and then a new one
		// begins.
		if state != FirstSight {
			t.Errorf("a retry after the delay is %v, with %v", state, r)
		}
		_, r = see(r, now, o)
		if state, _ = see(r, now.Add(o.Delay+time.Second), o); !state.good() {
			t.Errorf("the second retry is %v, with %v", state, r)
		}
	})
}

// A renewal may have been left out less than a hundredth of Lifetime ago.
func TestWhoIsInStaysIn(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		r := Record{}.Seen(o.letIn(start))
		now := start
		for range 20 {
			now = now.Add(upTo(random, -o.Lifetime, o.Lifetime-o.Lifetime/renewals))
			var state State
			if state, r = see(r, now, o); state != Remembered {
				t.Errorf("a jump to %v makes the triplet %v", now, state)
			}
		}
	})
}

func TestWhoStaysAwayIsForgotten(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		r := Record{}.Seen(o.letIn(start))
		now := start.Add(o.Lifetime + time.Second + upTo(random, 0, 1000*time.Hour))
		if state, _ := step(r, now, o); state != FirstSight {
			t.Errorf("after %v of absence, with a lifetime of %v, the triplet is %v", now.Sub(start), o.Lifetime, state)
		}
	})
}

// anyRecord returns a record as sightings may leave it behind.
func anyRecord(random *rand.Rand) Record {
	var r Record
	for range random.IntN(4) {
		at := start.Add(upTo(random, -100*time.Hour, 100*time.Hour))
		r = r.Seen(Sighting{At: at, Until: at.Add(upTo(random, 0, 100*time.Hour)), Good: random.Uint32N(2)})
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
			t.Errorf("not neutral: the zero Record to %v", a)
		}
	})
}

// Who is let in by what one store knows is let in by what both know.
func TestMergeShutsNobodyOut(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		o := anyOptions(random)
		a, b := anyRecord(random), anyRecord(random)
		now := start.Add(upTo(random, -100*time.Hour, 200*time.Hour))
		before, _ := step(a, now, o)
		after, _ := step(a.Merge(b), now, o)
		if before.good() && !after.good() {
			t.Errorf("at %v it was %v with %v, and is %v with %v merged in", now, before, a, after, b)
		}
	})
}

// While a record counts, the order in which its sightings are written makes no
// difference.
func TestSightingsCommute(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		var sightings []Sighting
		for range 2 + random.IntN(5) {
			at := start.Add(upTo(random, 0, 10*time.Hour))
			sightings = append(sightings, Sighting{At: at, Until: at.Add(upTo(random, 10*time.Hour, 20*time.Hour)), Good: random.Uint32N(3)})
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
			t.Errorf("%v and %v of the same sightings", one, other)
		}
	})
}

func TestTheBinaryFormKeepsARecord(t *testing.T) {
	property(t, func(t *testing.T, random *rand.Rand) {
		want := anyRecord(random)
		b, err := want.MarshalBinary()
		if err != nil || len(b) != RecordSize {
			t.Fatalf("%d octets, %v", len(b), err)
		}
		var got Record
		if err := got.UnmarshalBinary(b); err != nil || got != want {
			t.Errorf("%v became %v, %v", want, got, err)
		}
	})
	var r Record
	for _, length := range []int{0, RecordSize - 1, RecordSize + 1} {
		if err := r.UnmarshalBinary(make([]byte, length)); err == nil {
			t.Errorf("%d octets are read as a record", length)
		}
	}
}

func TestACountStaysAtItsEnd(t *testing.T) {
	r := Record{}.Seen(Sighting{At: start, Until: start.Add(time.Hour), Good: 1<<32 - 2})
	for _, want := range []uint32{1<<32 - 1, 1<<32 - 1} {
		if r = r.Seen(Sighting{At: start, Until: start.Add(time.Hour), Good: 1}); r.Good != want {
			t.Errorf("the count is %d, want %d", r.Good, want)
		}
	}
}

func TestTimesThatDoNotFit(t *testing.T) {
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
