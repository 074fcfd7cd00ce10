package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// A freelist that is too long for the count in its header begins with its count.
func TestLongFreelists(t *testing.T) {
	const pageSize, pages = minPageSize, 80_000
	freelist := func(ids, count, overflow uint64) []byte {
		b := make([]byte, 2*pageSize) // meta pages
		b = binary.NativeEndian.AppendUint64(b, 2)
		b = binary.NativeEndian.AppendUint16(b, freePage)
		b = binary.NativeEndian.AppendUint16(b, manyIDs)
		b = binary.NativeEndian.AppendUint32(b, uint32(overflow))
		b = binary.NativeEndian.AppendUint64(b, count)
		for id := range ids {
			b = binary.NativeEndian.AppendUint64(b, 2+1+overflow+id)
		}
		return append(b, make([]byte, pageSize)...)
	}
	const ids, overflow = 70_000, 70_000 * 8 / pageSize
	for _, tc := range []struct {
		name string
		file []byte
		good bool
	}{
		{"valid", freelist(ids, ids, overflow), true},
		{"longer than its pages", freelist(ids, 2*ids, overflow), false},
		{"count out of range", freelist(ids, 1<<63, overflow), false},
		{"more overflow pages than the file has", freelist(ids, ids, 1<<31), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &checker{file: bytes.NewReader(tc.file), pageSize: pageSize, taken: make([]bool, pages)}
			err := c.checkFreePages(2)
			if tc.good && err != nil || !tc.good && !errors.Is(err, ErrDamaged) {
				t.Errorf("error %v", err)
			}
			if tc.good && !(c.taken[2] && c.taken[2+overflow+ids] && !c.taken[2+overflow+ids+1]) {
				t.Error("the pages of the freelist, or those in it, are not taken")
			}
		})
	}
}
