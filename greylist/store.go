package greylist

import (
	"context"
	"iter"
)

// Store keeps records. [Memory], greylist/bolt and greylist/redis implement it;
// greylisttest.TestStore tests that a Store keeps this contract.
//
// Methods are safe for concurrent use. They return soon after ctx ends, with
// its error; a Touch that had started may or may not be written. Any other error
// means that the store failed.
type Store interface {
	// Get returns the record of key, the zero Record if there is none. It may
	// return a record that has expired.
	Get(ctx context.Context, key Key) (Record, error)
	// Touch atomically replaces the record of key by Record.Seen of it, and
	// returns the new record. A nil error means that the record is written: if
	// the store is persistent, it survives a crash of the program.
	//
	// If the new record does not fit the limit of the sighting (Sighting.Fits), Touch
	// returns it without an error and writes nothing.
	Touch(ctx context.Context, key Key, s Sighting) (Record, error)
}

// Register is a Store whose records can be listed and edited. All stores of this
// module are Registers.
type Register interface {
	Store
	// Merge atomically replaces the record of key by Record.Merge of it and r.
	// It may ignore a record that has expired.
	Merge(ctx context.Context, key Key, r Record) error
	// Forget removes the record of key, if there is one. The next sighting is
	// then a first sight.
	Forget(ctx context.Context, key Key) error
	// All returns every record, in no particular order. Records that are written
	// during the iteration may or may not be included. An error ends the
	// iteration and comes with a zero Entry.
	All(ctx context.Context) iter.Seq2[Entry, error]
}

// Entry is a record with its key. In JSON it is one object with the fields key,
// first, last, until and good.
type Entry struct {
	Key Key `json:"key"`
	Record
}
