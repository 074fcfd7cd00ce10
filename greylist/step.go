package greylist

import "time"

// state is the state of a triplet.
type state uint8

const (
	_          state = iota
	firstSight       // no record, or a retry after Window
	tooEarly         // a retry before Delay
	returned         // a retry in time, passed for the first time
	remembered       // passed before
	promoted         // new, but its identity has enough good triplets
)

var stateNames = [...]string{"", "first sight", "too early", "returned", "remembered", "promoted"}

func (s state) String() string { return stateNames[s] }

// passes reports whether mail in this state is accepted.
func (s state) passes() bool { return s >= returned }

// step is greylisting without identities. From the record of a triplet it
// returns the state of the triplet at now, and the sighting to write: none if
// its time is zero.
func step(r Record, now time.Time, o Options) (state, Sighting) {
	switch {
	case r.Expired(now): // after Window or Lifetime
		return firstSight, Sighting{At: now, Until: now.Add(o.Window)}
	case r.Good > 0:
		return remembered, o.renewal(r, now)
	case moment(seconds(now)).Before(r.First):
		// The clock was ahead when the record was written. The delay restarts
		// now; otherwise the sender would wait until the clock reaches that
		// time again.
		return tooEarly, Sighting{At: now, Until: now.Add(o.Window)}
	case now.Before(r.First.Add(o.Delay)):
		return tooEarly, Sighting{}
	}
	return returned, o.passed(now)
}

// renewals is the most times that a known triplet is written within Lifetime.
const renewals = 100

// renewal returns the sighting that renews a known triplet. It is zero if the
// triplet would gain less than a hundredth of Lifetime.
func (o Options) renewal(r Record, now time.Time) Sighting {
	s := o.passed(now)
	if s.Until.Sub(r.Until) < o.Lifetime/renewals {
		return Sighting{}
	}
	return s
}

// passed returns the sighting of mail that is accepted.
func (o Options) passed(now time.Time) Sighting {
	return Sighting{At: now, Until: now.Add(o.Lifetime), Good: 1}
}
