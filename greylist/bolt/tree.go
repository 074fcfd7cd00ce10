package bolt

import (
	"bytes"
	"encoding/binary"
)

// element is what a leaf or a branch page says of a key. A leaf has the value, a
// branch the page where the keys from this one on are.
type element struct {
	flags      uint32
	key, value []byte
	child      uint64
}

// elements reads those of a page, or of a bucket that is kept within a value.
// Their keys are in order, and keys and values follow the elements without a
// gap, so that one that is missing is missed.
func elements(b []byte, h header) ([]element, error) {
	if h.overflow != 0 {
		return nil, damaged("page %d claims %d overflow pages", h.id, h.overflow)
	}
	next := headerSize + h.count*elementSize
	if next > len(b) {
		return nil, damaged("page %d has no room for %d elements", h.id, h.count)
	}
	list := make([]element, h.count)
	for i := range list {
		e, end := parseElement(b, headerSize+i*elementSize, next, h.kind)
		if end == 0 {
			return nil, damaged("element %d of page %d is not where it should be", i, h.id)
		}
		if i > 0 && bytes.Compare(list[i-1].key, e.key) >= 0 {
			return nil, damaged("element %d of page %d is out of order", i, h.id)
		}
		list[i], next = e, end
	}
	return list, nil
}

// parseElement reads the element at an offset. Its key, which is not empty, and
// its value are at start, and end is where they end, 0 if they are elsewhere.
func parseElement(b []byte, at, start int, kind uint16) (e element, end int) {
	word := func(i int) uint64 { return uint64(binary.NativeEndian.Uint32(b[at+4*i:])) }
	var offset, key, value uint64
	if kind == leafPage {
		e.flags, offset, key, value = uint32(word(0)), word(1), word(2), word(3)
	} else {
		offset, key, e.child = word(0), word(1), binary.NativeEndian.Uint64(b[at+8:])
	}
	if uint64(at)+offset != uint64(start) || key == 0 || key+value > uint64(len(b)-start) {
		return e, 0
	}
	middle := start + int(key)
	end = middle + int(value)
	e.key, e.value = b[start:middle], b[middle:end]
	return e, end
}

// checkRoot reads the page that has the buckets. A file that was never written to
// has none.
func (c *checker) checkRoot(m meta) error {
	b, h, err := c.page(m.root)
	if err != nil {
		return err
	}
	if h.kind != leafPage {
		return damaged("page %d is no leaf", h.id)
	}
	buckets, err := elements(b, h)
	if err != nil || len(buckets) == 0 && m.number < 2 {
		return err
	}
	if len(buckets) != 2 || !bytes.Equal(buckets[0].key, aboutBucket) || !bytes.Equal(buckets[1].key, recordsBucket) {
		return ErrForeign
	}
	if err := c.checkBucket(buckets[0], func(_, _ []byte) error { return nil }); err != nil {
		return err
	}
	return c.checkBucket(buckets[1], func(k, v []byte) error { _, err := decodeEntry(k, v); return err })
}

// checkRecord says what is wrong with a record of a bucket.
type checkRecord func(key, value []byte) error

// checkBucket reads a bucket: its value has the number of its page and that of a
// sequence, and the page itself if the bucket is small, with 0 for its number.
func (c *checker) checkBucket(bucket element, check checkRecord) error {
	if bucket.flags != bucketElement || len(bucket.value) < bucketSize {
		return damaged("the bucket %q is none", bucket.key)
	}
	root, inline := binary.NativeEndian.Uint64(bucket.value), bucket.value[bucketSize:]
	switch {
	case root != 0 && len(inline) == 0:
		return c.checkTree(root, nil, nil, 0, check)
	case root != 0 || len(inline) < headerSize:
		return damaged("the bucket %q has %d octets beside page %d", bucket.key, len(inline), root)
	}
	h := parseHeader(inline)
	if h.id != 0 || h.kind != leafPage || h.count == 0 && len(inline) > headerSize {
		return damaged("the bucket %q has no leaf in it", bucket.key)
	}
	list, err := elements(inline, h)
	if err != nil {
		return err
	}
	return checkRecords(list, h, check)
}

// checkTree reads a page and all below it. Its first key is the one by which the
// page above has it: bbolt finds it there by that key when it writes. Its last
// key is before the next one. There is no bound where the key is nil.
func (c *checker) checkTree(id uint64, first, next []byte, depth int, check checkRecord) error {
	b, h, err := c.page(id)
	if err != nil {
		return err
	}
	list, err := elements(b, h)
	switch {
	case err != nil:
		return err
	case depth > maxDepth:
		return damaged("page %d is %d pages deep", id, depth)
	case len(list) == 0: // bbolt keeps a bucket without records within a value
		return damaged("page %d has no elements", id)
	case first != nil && !bytes.Equal(list[0].key, first) || next != nil && bytes.Compare(list[len(list)-1].key, next) >= 0:
		return damaged("page %d has keys that belong elsewhere", id)
	case h.kind == leafPage:
		return checkRecords(list, h, check)
	case h.kind != branchPage:
		return damaged("page %d is neither a leaf nor a branch", id)
	}
	for i, child := range list {
		end := next
		if i+1 < len(list) {
			end = list[i+1].key
		}
		if err := c.checkTree(child.child, child.key, end, depth+1, check); err != nil {
			return err
		}
	}
	return nil
}

func checkRecords(list []element, h header, check checkRecord) error {
	for i, e := range list {
		if e.flags != 0 {
			return damaged("element %d of page %d is no record", i, h.id)
		}
		if err := check(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}
