package greylist

import (
	"context"
	"sync"

	"mxrules.example/greylist/internal/stores"
)

// sightingKey is a key of stores.Once.
type sightingKey struct {
	triplet Key
	good    uint32
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
	all, _ := stores.Once(ctx, s.store, sightingKey{s.triplet, s.seen.Good}, func() (*sighting, error) { return s, nil })
	return all.write
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
