package greylist

import (
	"context"
	"reflect"
	"sync"

	"mxrules.example/envelope"
)

// Keys of envelope.Once.
type (
	recordKey struct {
		store any
		key   Key
	}
	sightingKey struct {
		store   any
		triplet Key
		good    uint32
	}
)

// comparableStore reports whether a store can be part of a key. One whose values
// can't be compared shares nothing.
func comparableStore(store Store) bool { return reflect.ValueOf(store).Comparable() }

// get reads a record once per judgement.
func get(ctx context.Context, store Store, key Key) (Record, error) {
	if !comparableStore(store) {
		return store.Get(ctx, key)
	}
	return envelope.Once(ctx, recordKey{store, key}, func() (Record, error) { return store.Get(ctx, key) })
}

// sighting is what a Commit writes: one, whatever the number of rules that
// found it.
type sighting struct {
	store             Store
	triplet, identity Key
	seen              Sighting

	mu      sync.Mutex
	written bool      // the triplet is
	counted *Sighting // what is to be written of the identity then
}

// shared returns the Commit of a sighting. All that ask about one triplet in
// one judgement get that of the first.
func shared(ctx context.Context, s *sighting) func(context.Context) error {
	if comparableStore(s.store) {
		first := s
		s, _ = envelope.Once(ctx, sightingKey{s.store, s.triplet, s.seen.Good}, func() (*sighting, error) { return first, nil })
	}
	return s.write
}

// write writes what is not written yet: nothing the second time, and after a
// failure what is missing.
func (s *sighting) write(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.written {
		record, err := s.store.Touch(ctx, s.triplet, s.seen)
		if err != nil {
			return err
		}
		s.written, s.counted = true, s.count(record)
	}
	if s.counted == nil {
		return nil
	}
	_, err := s.store.Touch(ctx, s.identity, *s.counted)
	if err == nil {
		s.counted = nil
	}
	return err
}

// count returns what is to be written of the identity once the record of the
// triplet is as given, nil if nothing is.
//
// Touch is atomic, so that of all servers that let a triplet in only one sees it
// become good, and it is counted once. The triplet is written first: if the
// program dies between the two, a count is missing, and none is there too many.
func (s *sighting) count(triplet Record) *Sighting {
	if s.identity == (Key{}) || s.seen.Good == 0 {
		return nil
	}
	counted := &Sighting{At: s.seen.At, Until: s.seen.Until}
	if triplet.Good == s.seen.Good {
		counted.Good = 1
	}
	return counted
}
