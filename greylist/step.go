package greylist

import "time"

// State is how far a triplet has come.
type State uint8

const (
	_ State = iota
	// FirstSight: nothing is known of it, or it came back too late.
	FirstSight
	// TooEarly: it is back before Delay is over.
	TooEarly
	// Returned: it is back in time, and let in for the first time.
	Returned
	// Remembered: it was let in before.
	Remembered
	// Promoted: it is new, but its identity has shown often enough that it comes
	// back.
	Promoted
)

var stateWords = [...]string{"", "first sight", "too early", "returned", "remembered", "promoted"}

// String returns the words for s.
func (s State) String() string {
	if int(s) < len(stateWords) {
		return stateWords[s]
	}
	return "unknown state"
}

// MarshalText implements [encoding.TextMarshaler], as String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// good reports whether mail is let in.
func (s State) good() bool { return s >= Returned && s <= Promoted }

// step is the whole of greylisting but for the identity: from the record of a
// triplet and the time it makes what the triplet has come to, and the sighting
// that must be written. A sighting without a time need not be.
func step(r Record, now time.Time, o Options) (State, Sighting) {
	switch {
	case r.Expired(now): // after Window it is a first sight again, and after Lifetime
		return FirstSight, Sighting{At: now, Until: now.Add(o.Window)}
	case r.Good > 0:
		return Remembered, o.renewal(r, now)
	case moment(seconds(now)).Before(r.First):
		// The clock was ahead when the record was written. The delay is counted
		// from now, or the sender would be locked out until the clock is there
		// again.
		return TooEarly, Sighting{At: now, Until: now.Add(o.Window)}
	case now.Before(r.First.Add(o.Delay)):
		return TooEarly, Sighting{}
	}
	return Returned, o.letIn(now)
}

// promote changes what step found for a triplet whose identity has at least
// Promote good ones.
func promote(state State, s Sighting, identity Record, now time.Time, o Options) (State, Sighting) {
	if state.good() || identity.Expired(now) || int64(identity.Good) < int64(o.Promote) {
		return state, s
	}
	return Promoted, o.letIn(now)
}

// renewals is the most times that a known triplet is written within Lifetime.
// Mail of known senders is most of the mail, and a write may wait for a disk.
const renewals = 100

// renewal returns the sighting that renews a known triplet, the zero one if the
// record would count for less than a hundredth of Lifetime longer than now.
func (o Options) renewal(r Record, now time.Time) Sighting {
	s := o.letIn(now)
	if s.Until.Sub(r.Until) < o.Lifetime/renewals {
		return Sighting{}
	}
	return s
}

func (o Options) letIn(now time.Time) Sighting {
	return Sighting{At: now, Until: now.Add(o.Lifetime), Good: 1}
}
