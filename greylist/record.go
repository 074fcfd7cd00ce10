package greylist

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// Record is what a store knows of one key: of a triplet, or of an identity.
// Its times are whole seconds, in UTC. The zero Record is that of a key of
// which nothing is known.
type Record struct {
	// First is when the key was seen for the first time, rounded up, so that no
	// delay counted from it is too short.
	First time.Time `json:"first"`
	// Last is when it was seen last.
	Last time.Time `json:"last"`
	// Until is how long the record counts. A store may forget it afterwards.
	Until time.Time `json:"until"`
	// Good counts, for a triplet, how often mail was let in; for an identity,
	// how many of its triplets came to be known.
	Good uint32 `json:"good"`
}

// Sighting is what happened to a key, as it is written into its record.
type Sighting struct {
	// At is the time of it.
	At time.Time
	// Until is how long the record counts from now on, at least.
	Until time.Time
	// Good is added to the count of the record.
	Good uint32
}

// IsZero reports whether nothing is known at all.
func (r Record) IsZero() bool { return r == Record{} }

// Expired reports whether r no longer counts at the time now. It is true of
// the zero Record.
func (r Record) Expired(now time.Time) bool { return now.After(r.Until) }

// Seen returns r after a sighting: what Touch writes. A record that has expired
// counts for nothing, and a new one begins. Else First becomes the earlier, Last
// and Until the later, and Good grows. So the order in which sightings are
// written makes no difference while the record counts, and a clock that stepped
// back sets First back with it.
func (r Record) Seen(s Sighting) Record { return pack(r).seen(packSighting(s)).record() }

// Merge returns what two stores know together of one key: the earlier First,
// the later Last and Until, the greater Good. It is commutative, associative
// and idempotent, so that stores may exchange their records in any order and
// as often as they like; and a key that is known to one of them, for as long
// as it is, is known afterwards.
func (r Record) Merge(other Record) Record { return pack(r).merge(pack(other)).record() }

// RecordSize is the length of a Record in its binary form.
const RecordSize = 16

// AppendBinary implements [encoding.BinaryAppender]: First, Last and Until in
// seconds since 1970, and Good, each as a big-endian number of 32 bits. A time
// that does not fit (it does until 2106) becomes the nearest that does.
func (r Record) AppendBinary(b []byte) ([]byte, error) {
	p := pack(r)
	b = binary.BigEndian.AppendUint32(b, p.first)
	b = binary.BigEndian.AppendUint32(b, p.last)
	b = binary.BigEndian.AppendUint32(b, p.until)
	return binary.BigEndian.AppendUint32(b, p.good), nil
}

// MarshalBinary implements [encoding.BinaryMarshaler], as AppendBinary.
func (r Record) MarshalBinary() ([]byte, error) {
	return r.AppendBinary(make([]byte, 0, RecordSize))
}

// UnmarshalBinary implements [encoding.BinaryUnmarshaler]. It fails if b is not
// RecordSize octets long.
func (r *Record) UnmarshalBinary(b []byte) error {
	if len(b) != RecordSize {
		return errors.New("a record of greylisting is not 16 octets long")
	}
	*r = packed{
		first: binary.BigEndian.Uint32(b[0:]),
		last:  binary.BigEndian.Uint32(b[4:]),
		until: binary.BigEndian.Uint32(b[8:]),
		good:  binary.BigEndian.Uint32(b[12:]),
	}.record()
	return nil
}

// packed is a Record in 16 octets without a pointer: seconds since 1970, 0 for
// the zero time. All that is done to records is done to this form.
type packed struct{ first, last, until, good uint32 }

// seen is Record.Seen.
func (p packed) seen(s packed) packed {
	if p.until < s.last {
		return s
	}
	good := p.good + s.good
	if good < p.good {
		good = math.MaxUint32
	}
	p = p.merge(s)
	p.good = good
	return p
}

// merge is Record.Merge.
func (p packed) merge(other packed) packed {
	if p.first == 0 || other.first != 0 && other.first < p.first {
		p.first = other.first
	}
	p.last = max(p.last, other.last)
	p.until = max(p.until, other.until)
	p.good = max(p.good, other.good)
	return p
}

func pack(r Record) packed {
	return packed{seconds(r.First), seconds(r.Last), seconds(r.Until), r.Good}
}

// packSighting returns the record of a sighting that is the first.
func packSighting(s Sighting) packed {
	at := seconds(s.At)
	return packed{at, at, seconds(s.Until), s.Good}
}

func (p packed) record() Record {
	return Record{moment(p.first), moment(p.last), moment(p.until), p.good}
}

// seconds returns t in seconds since 1970, rounded up and brought within what
// there is; 0 for the zero time and nothing else.
func seconds(t time.Time) uint32 {
	if t.IsZero() {
		return 0
	}
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	return uint32(min(max(s, 1), math.MaxUint32))
}

func moment(seconds uint32) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}
