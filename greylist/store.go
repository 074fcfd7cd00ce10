package greylist

import (
	"context"
	"iter"
)

// Store keeps records. Package greylist has one in memory, greylist/bolt one
// in a file and greylist/redis one for many servers; the suite
// greylisttest.TestStore holds each to this contract, and will any other.
//
// Both methods are safe for use by many goroutines. They return soon after ctx
// ends, with its error; a Touch that was under way may or may not have been
// written then. Otherwise an error means that the store failed.
type Store interface {
	// Get returns the record of key, the zero Record if there is none. Whether
	// it still counts is for the caller to see.
	Get(ctx context.Context, key Key) (Record, error)
	// Touch writes a sighting: in one step that no other can come between, the
	// record of key becomes Record.Seen of it. It returns the record as it is
	// then. If there is no error, it is written: it outlives a crash of the
	// program, if the store claims to.
	Touch(ctx context.Context, key Key, s Sighting) (Record, error)
}

// Register is a Store that can be looked through and mended, as those of this
// library can.
type Register interface {
	Store
	// Merge writes a record that comes from elsewhere: in one step the record of
	// key becomes Record.Merge of both. A record that has expired already may be
	// left out.
	Merge(ctx context.Context, key Key, r Record) error
	// Forget removes the record of key, if there is one: the next sighting is a
	// first one.
	Forget(ctx context.Context, key Key) error
	// All returns every record, in no order that means anything. What is written
	// meanwhile may be among them or not. An error comes last, with a zero
	// Entry.
	All(ctx context.Context) iter.Seq2[Entry, error]
}

// Entry is a key with its record. In JSON it is one object with the fields
// key, first, last, until and good.
type Entry struct {
	Key Key `json:"key"`
	Record
}
