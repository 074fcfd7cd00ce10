package greylist

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Record is what a store knows about a triplet or an identity. Times are whole
// seconds in UTC, from 1970 to 2106. The zero Record stands for an unknown key.
type Record struct {
	// First is the time of the first sighting, rounded up to a second, so that no
	// delay is too short.
	First time.Time `json:"first"`
	// Last is the time of the last sighting that was written.
	Last time.Time `json:"last"`
	// Until is when the record expires. A store may remove it afterwards.
	Until time.Time `json:"until"`
	// Good is, for an identity, the number of triplets that became good. For a
	// triplet it is the number of sightings that passed and were written: 0 means
	// that it is not good.
	Good uint32 `json:"good"`
}

// Sighting is an event to be written into a record.
type Sighting struct {
	// At is the time of the event.
	At time.Time
	// Until is when the record expires, unless it expires later already.
	Until time.Time
	// Good is added to Record.Good.
	Good uint32
	// Limit, if it is not 0, is the greatest Good that the sighting may lead to. A
	// sighting that would exceed it is not written.
	Limit uint32
}

// Fits reports whether the Good of r, the record after the sighting, is within
// Limit.
func (s Sighting) Fits(r Record) bool { return s.Limit == 0 || r.Good <= s.Limit }

// IsZero reports whether r is the zero Record.
func (r Record) IsZero() bool { return r == Record{} }

// Expired reports whether r has expired at now. The zero Record always has.
func (r Record) Expired(now time.Time) bool { return now.After(r.Until) }

// Seen returns r after the sighting s, whatever its Limit. An expired record is replaced by a new
// one. Otherwise First becomes the earlier time, Last and Until the later, and
// Good the sum. The result does not depend on the order of sightings while the
// record has not expired.
func (r Record) Seen(s Sighting) Record { return pack(r).seen(packSighting(s)).record() }

// Merge returns the union of what two stores know about a key: the earlier
// First, the later Last and Until, the greater Good. It is commutative,
// associative and idempotent, so stores may exchange records in any order and
// repeatedly. A triplet that is good in one store is good in the result.
func (r Record) Merge(other Record) Record { return pack(r).merge(pack(other)).record() }

const recordSize = 16

// AppendBinary appends r as 16 bytes: First, Last and Until in seconds since
// 1970, then Good, each a big-endian number of 32 bits. A time out of range
// becomes the nearest in range. The error is always nil.
func (r Record) AppendBinary(b []byte) ([]byte, error) {
	p := pack(r)
	b = binary.BigEndian.AppendUint32(b, p.first)
	b = binary.BigEndian.AppendUint32(b, p.last)
	b = binary.BigEndian.AppendUint32(b, p.until)
	return binary.BigEndian.AppendUint32(b, p.good), nil
}

// UnmarshalBinary parses what AppendBinary appends. It is an error if b is not 16
// bytes long.
func (r *Record) UnmarshalBinary(b []byte) error {
	if len(b) != recordSize {
		return fmt.Errorf("a greylisting record has %d bytes, must have %d", len(b), recordSize)
	}
	*r = packed{
		first: binary.BigEndian.Uint32(b[0:]),
		last:  binary.BigEndian.Uint32(b[4:]),
		until: binary.BigEndian.Uint32(b[8:]),
		good:  binary.BigEndian.Uint32(b[12:]),
	}.record()
	return nil
}

// packed is a Record in 16 bytes without pointers. Times are seconds since 1970,
// 0 for the zero time.
type packed struct{ first, last, until, good uint32 }

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

// packSighting returns the record of a key whose first sighting is s.
func packSighting(s Sighting) packed {
	at := seconds(s.At)
	return packed{at, at, seconds(s.Until), s.Good}
}

func (p packed) record() Record {
	return Record{moment(p.first), moment(p.last), moment(p.until), p.good}
}

// seconds returns t in seconds since 1970, rounded up and limited to the range
// from 1. Only the zero time is 0.
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
