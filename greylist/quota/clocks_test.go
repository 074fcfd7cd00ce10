package quota_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
)

// model is the plain model of a limit: the times of all mail that was accepted.
type model struct {
	window time.Duration
	times  map[int64][]time.Time // by the beginning of the period
}

func (m *model) period(at time.Time) int64 {
	seconds := int64(m.window / time.Second)
	unix := at.Unix() + 62135596800 // seconds since year 1, when periods begin
	return unix - unix%seconds
}

func (m *model) accept(at time.Time) {
	m.times[m.period(at)] = append(m.times[m.period(at)], at)
}

// count returns how many count at a time: all of its period, and the part of the
// earlier period that is in the window, if its mail was spread evenly.
func (m *model) count(now time.Time) (earlier float64, current int) {
	begins := m.period(now)
	current = len(m.times[begins])
	old := m.times[begins-int64(m.window/time.Second)]
	if len(old) == 0 {
		return 0, current
	}
	first, last := old[0], old[0]
	for _, at := range old {
		if at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	after := now.Add(-m.window)
	switch {
	case !after.Before(last):
		return 0, current
	case !after.After(first):
		return float64(len(old)), current
	}
	return float64(len(old)) * float64(last.Sub(after)) / float64(last.Sub(first)), current
}

// recent reports whether mail of the current period, or within the window and two
// seconds before it, was accepted.
func (m *model) recent(now time.Time) bool {
	begins := m.period(now)
	for _, at := range m.times[begins-int64(m.window/time.Second)] {
		if at.After(now.Add(-m.window - 2*time.Second)) {
			return true
		}
	}
	return len(m.times[begins]) > 0
}

// With any clock and window, a limit is what the model says, and never exceeded in a
// period. Times in seconds, as those of records, make it exact.
func TestAgreesWithThePlainModel(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	passed, failed := 0, 0
	for round := range 400 {
		m := model{window: time.Duration(1+random.IntN(5000)) * time.Second, times: map[int64][]time.Time{}}
		n := 1 + random.IntN(20)
		step := m.window / time.Duration(1+random.IntN(2*n))
		store := new(greylist.Memory)
		check := quota.Within(store, messages, n, m.window)
		unit := []time.Duration{time.Second, time.Nanosecond}[round%2]
		now := midnight.Add(time.Duration(random.Int64N(int64(m.window))))
		for i := range 150 {
			switch random.IntN(20) {
			case 0: // the clock steps back
				now = now.Add(-time.Duration(random.Int64N(int64(2 * m.window))))
			case 1: // it is quiet, or the clock steps forward
				now = now.Add(time.Duration(random.Int64N(int64(3 * m.window))))
			default:
				now = now.Add(time.Duration(random.Int64N(int64(step) + 1)))
			}
			now = now.Truncate(unit)
			e := mail(0)
			e.Now = now
			f := check(t.Context(), nil, e)
			got := float64(f.Detail.(*quota.Result).Used)
			earlier, current := m.count(now)
			low, high := float64(current)+math.Ceil(earlier-1e-6), float64(current)+math.Ceil(earlier+1e-6)
			if unit < time.Second { // times are rounded by a second
				low, high = float64(current)+earlier-float64(n), float64(current+n)
			}
			if got < low || got > high {
				t.Fatalf("seed %d, round %d, step %d: %v are counted, the model has %v and %d", seed, round, i, got, earlier, current)
			}
			if (f.Outcome == envelope.Fail) != (got >= float64(n)) {
				t.Fatalf("seed %d, round %d, step %d: %v of %v is %v", seed, round, i, got, n, f.Outcome)
			}
			if f.Outcome == envelope.Fail {
				failed++
				if !m.recent(now) {
					t.Fatalf("seed %d, round %d, step %d: mail after a quiet window fails", seed, round, i)
				}
				continue
			}
			passed++
			if random.IntN(10) == 0 {
				continue // another rule refuses it
			}
			if err := f.Commit(t.Context()); err != nil {
				t.Fatalf("seed %d, round %d, step %d: %v", seed, round, i, err)
			}
			m.accept(now)
		}
		for begins, times := range m.times {
			if len(times) > n {
				t.Fatalf("seed %d, round %d: %d of %d are accepted in the period from %d", seed, round, len(times), n, begins)
			}
		}
	}
	if passed < 5000 || failed < 5000 {
		t.Errorf("seed %d: only %d pass and %d fail", seed, passed, failed)
	}
}

// most returns the greatest number of times in any window.
func most(times []time.Time, window time.Duration) (n int) {
	for i, first := range times {
		for j := i; j < len(times) && times[j].Sub(first) < window; j++ {
			n = max(n, j-i+1)
		}
	}
	return n
}

// What a sender gets in the long run, and in any window.
func TestThroughput(t *testing.T) {
	const n = 100
	for _, tc := range []struct {
		name    string
		tries   func(after time.Duration) bool // whether it sends all that is accepted
		one     func(after time.Duration) bool // whether it sends one message
		days    int
		most    int // in any 24 hours
		atLeast int // in all
	}{
		{name: "all the time", days: 6, most: n, atLeast: 6 * n,
			tries: func(time.Duration) bool { return true }},
		{name: "evenly, and twice the limit", days: 6, most: n, atLeast: 6 * n,
			one: func(after time.Duration) bool { return after%(7*time.Minute) == 0 }},
		{name: "a burst at noon", days: 6, most: n, atLeast: 6 * n,
			tries: func(after time.Duration) bool { return after%day == 12*hour }},
		{name: "the worst: one early, the rest late, and then all the time", days: 2, most: 2 * n, atLeast: 2 * n,
			one:   func(after time.Duration) bool { return after == 0 },
			tries: func(after time.Duration) bool { return after >= day-time.Minute }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			policy := deferring(quota.Within(new(greylist.Memory), messages, n, day))
			var times []time.Time
			for after := time.Duration(0); after < time.Duration(tc.days)*day; after += time.Minute {
				if tc.one != nil && tc.one(after) && send(t, policy, 1, after) == 1 {
					times = append(times, midnight.Add(after))
				}
				for tc.tries != nil && tc.tries(after) && send(t, policy, 1, after) == 1 {
					times = append(times, midnight.Add(after))
				}
			}
			if got := most(times, day); got > tc.most {
				t.Errorf("%d are accepted in a window, want at most %d", got, tc.most)
			}
			if len(times) < tc.atLeast {
				t.Errorf("%d are accepted, want %d or more", len(times), tc.atLeast)
			}
			t.Logf("%d in all, at most %d in a window", len(times), most(times, day))
		})
	}
}
