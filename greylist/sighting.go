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

// isNil reports whether store is nil or a nil pointer. A function that fails to open
// a store returns a nil pointer.
func isNil(store Store) bool {
	v := reflect.ValueOf(store)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// comparableStore reports whether store can be part of a map key. Findings of
// other stores share nothing.
func comparableStore(store Store) bool { return reflect.ValueOf(store).Comparable() }

// get reads a record once per judgement.
func get(ctx context.Context, store Store, key Key) (Record, error) {
	if !comparableStore(store) {
		return store.Get(ctx, key)
	}
	return envelope.Once(ctx, recordKey{store, key}, func() (Record, error) { return store.Get(ctx, key) })
}

// sighting is what a Commit writes.
type sighting struct {
	store             Store
	triplet, identity Key // identity is zero if the sender is unidentified
	seen              Sighting

	mu      sync.Mutex
	written bool      // the triplet is
	pending *Sighting // of the identity, to be written after the triplet
}

// shared returns the Commit of a sighting. All rules of a judgement that found
// the same sighting share one Commit.
func shared(ctx context.Context, s *sighting) func(context.Context) error {
	if comparableStore(s.store) {
		first := s
		s, _ = envelope.Once(ctx, sightingKey{s.store, s.triplet, s.seen.Good}, func() (*sighting, error) { return first, nil })
	}
	return s.write
}

// write writes what is not written yet: everything in the first call, nothing
// in a second, the rest after a failure.
//
// The triplet is written first. If the program ends in between, the identity
// has counted one good triplet too few, never one too many.
func (s *sighting) write(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.written {
		record, err := s.store.Touch(ctx, s.triplet, s.seen)
		if err != nil {
			return err
		}
		s.written, s.pending = true, s.ofIdentity(record)
	}
	if s.pending == nil {
		return nil
	}
	_, err := s.store.Touch(ctx, s.identity, *s.pending)
	if err == nil {
		s.pending = nil
	}
	return err
}

// ofIdentity returns the sighting of the identity, given the record of the
// triplet after its own. An identity lives as long as its good triplets: each
// renewal of a triplet renews it. A new good triplet is also counted, once:
// Touch is atomic, so only one server sees the triplet become good.
func (s *sighting) ofIdentity(triplet Record) *Sighting {
	if s.identity == (Key{}) || s.seen.Good == 0 {
		return nil
	}
	of := &Sighting{At: s.seen.At, Until: s.seen.Until}
	if triplet.Good == s.seen.Good {
		of.Good = 1
	}
	return of
}
