package bolt

import (
	"encoding/binary"
	"hash/crc32"
	"slices"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// A log is a bucket. Its keys are consecutive numbers from 1 on, 64 bits, big-endian;
// those of the young log follow those of the old one. A value has up to perValue keys,
// each with its record, and the CRC-32C of number, keys and records.
var logBuckets = [2][]byte{[]byte("recent 0"), []byte("recent 1")}

const (
	numberSize = 8
	maxNumber  = 1 << 63 // more than a file can have; the next number must not overflow
	entrySize  = len(greylist.Key{}) + recordSize
	// perValue is so small that many values fit into a page. bbolt does not split
	// pages of less than five values, but gives them overflow pages.
	perValue = 15
)

// appendLog appends records to a log whose last value has the number last. It returns
// the number of the new last value.
func appendLog(log *bbolt.Bucket, last uint64, records map[greylist.Key]packed) (uint64, error) {
	log.FillPercent = 1 // nothing is ever inserted between its values
	all := make([]byte, 0, len(records)*entrySize)
	for key, p := range records {
		all = append(append(all, key[:]...), p[:]...)
	}
	for entries := range slices.Chunk(all, perValue*entrySize) {
		last++
		number := binary.BigEndian.AppendUint64(nil, last)
		value := binary.BigEndian.AppendUint32(entries, logSum(number, entries))
		if err := log.Put(number, value); err != nil {
			return 0, err
		}
	}
	return last, nil
}

func logSum(number, entries []byte) uint32 {
	return crc32.Update(crc32.Checksum(number, castagnoli), castagnoli, entries)
}

// contents is what was read of a log.
type contents struct {
	first, last uint64                  // numbers
	length      int                     // records
	records     map[greylist.Key]packed // nil if they are not wanted
}

// add adds the next value.
func (c *contents) add(k, v []byte) error {
	entries := v[:max(len(v)-sumSize, 0)]
	if len(k) != numberSize || len(entries) == 0 || len(entries)%entrySize != 0 {
		return damaged("a value of a log has %d bytes, and its key %d", len(v), len(k))
	}
	number := binary.BigEndian.Uint64(k)
	if number == 0 || number > maxNumber {
		return damaged("a log has the value %d", number)
	}
	if binary.BigEndian.Uint32(v[len(entries):]) != logSum(k, entries) {
		return damaged("the checksum of the value %d of a log is wrong", number)
	}
	if c.length == 0 {
		c.first = number
	} else if number != c.last+1 {
		return damaged("in a log the value %d follows the value %d", number, c.last)
	}
	c.last = number
	c.length += len(entries) / entrySize
	for entry := range slices.Chunk(entries, entrySize) {
		if c.records != nil {
			c.records[greylist.Key(entry)] = packed(entry[len(greylist.Key{}):])
		}
	}
	return nil
}

// follows reports whether c can be the log that began after old, and old the one
// before it.
func (c *contents) follows(old *contents) bool {
	return c.length == 0 && old.length == 0 || c.length > 0 && (old.length == 0 || c.first == old.last+1)
}
