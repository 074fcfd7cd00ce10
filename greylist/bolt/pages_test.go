package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// A list of more free pages than its count can say has the count before them.
func TestLongListsOfFreePages(t *testing.T) {
	const pageSize, pages = minPageSize, 80_000
	list := func(ids, count, overflow uint64) []byte {
		b := make([]byte, 2*pageSize) // the first two pages
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
		{"as long as it says", list(ids, ids, overflow), true},
		{"longer than its pages", list(ids, 2*ids, overflow), false},
		{"longer than anything", list(ids, 1<<63, overflow), false},
		{"on more pages than there are", list(ids, ids, 1<<31), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &checker{file: bytes.NewReader(tc.file), pageSize: pageSize, taken: make([]bool, pages)}
			err := c.checkFreePages(2)
			if tc.good && err != nil || !tc.good && !errors.Is(err, ErrDamaged) {
				t.Errorf("got %v", err)
			}
			if tc.good && !(c.taken[2] && c.taken[2+overflow+ids] && !c.taken[2+overflow+ids+1]) {
				t.Error("the pages of the list, or those in it, are not taken")
			}
		})
	}
}
