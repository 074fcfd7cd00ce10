package bolt

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// element is an element of a leaf or branch page.
type element struct {
	flags      uint32
	key, value []byte // only a leaf has values
	child      uint64 // only a branch has children: the page of keys from this one on
}

// elements returns the elements of a page. Keys must be sorted, and keys and
// values must follow the elements without gaps; otherwise a missing element would
// not be noticed.
func elements(b []byte, h header) ([]element, error) {
	if h.overflow != 0 {
		return nil, damaged("page %d has %d overflow pages", h.id, h.overflow)
	}
	next := headerSize + h.count*elementSize
	if next > len(b) {
		return nil, damaged("page %d has %d elements, more than fit", h.id, h.count)
	}
	list := make([]element, h.count)
	for i := range list {
		e, end := parseElement(b, headerSize+i*elementSize, next, h.kind)
		if end == 0 {
			return nil, damaged("element %d of page %d has a wrong position or length", i, h.id)
		}
		if i > 0 && bytes.Compare(list[i-1].key, e.key) >= 0 {
			return nil, damaged("element %d of page %d is out of order", i, h.id)
		}
		list[i], next = e, end
	}
	return list, nil
}

// parseElement returns the element at an offset, and the end of its key and value.
// They must begin at start, and the key must not be empty; otherwise end is 0.
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

// checkRoot checks the page of the buckets and the buckets. A new file has none.
func (c *checker) checkRoot(m meta) error {
	b, h, err := c.page(m.root)
	if err != nil {
		return err
	}
	if h.kind != leafPage {
		return damaged("page %d is not a leaf", h.id)
	}
	buckets, err := elements(b, h)
	if err != nil || len(buckets) == 0 && m.number < 2 {
		return err
	}
	last := len(buckets) - 1
	if last < 1 || !bytes.Equal(buckets[0].key, aboutBucket) || !bytes.Equal(buckets[last].key, treeBucket) {
		return errForeign
	}
	if err := c.checkBucket(buckets[0], func(_, _ []byte) error { return nil }); err != nil {
		return err
	}
	if err := c.checkLogs(buckets[1:last]); err != nil {
		return err
	}
	return c.checkBucket(buckets[last], func(k, v []byte) error { _, err := decodeEntry(k, v); return err })
}

// checkLogs checks the logs. There are up to two.
func (c *checker) checkLogs(buckets []element) error {
	var logs [len(logBuckets)]contents
	for _, bucket := range buckets {
		i := slices.IndexFunc(logBuckets[:], func(name []byte) bool { return bytes.Equal(name, bucket.key) })
		if i < 0 {
			return errForeign
		}
		if err := c.checkBucket(bucket, logs[i].add); err != nil {
			return err
		}
	}
	if !logs[0].follows(&logs[1]) && !logs[1].follows(&logs[0]) {
		return damaged("values between the logs are missing")
	}
	return nil
}

// checkRecord checks a record of a bucket.
type checkRecord func(key, value []byte) error

// checkBucket checks a bucket. Its value has the number of its root page and a
// sequence number. A small bucket is inline: its value has the page itself, and
// its number is 0.
func (c *checker) checkBucket(bucket element, check checkRecord) error {
	if bucket.flags != bucketElement || len(bucket.value) < bucketSize {
		return damaged("%q is not a bucket", bucket.key)
	}
	root, inline := binary.NativeEndian.Uint64(bucket.value), bucket.value[bucketSize:]
	switch {
	case root != 0 && len(inline) == 0:
		return c.checkTree(root, nil, nil, 0, check)
	case root != 0 || len(inline) < headerSize:
		return damaged("the bucket %q has the root page %d and %d inline bytes", bucket.key, root, len(inline))
	}
	h := parseHeader(inline)
	if h.id != 0 || h.kind != leafPage || h.count == 0 && len(inline) > headerSize {
		return damaged("the inline page of the bucket %q is not a leaf", bucket.key)
	}
	list, err := elements(inline, h)
	if err != nil {
		return err
	}
	return checkRecords(list, h, check)
}

// checkTree checks a page and all pages below it. first is the key of the page in
// its parent and must be its first key: bbolt finds the page by that key when it
// writes. next is the next key in the parent; keys of the page must be less. Nil is
// no limit.
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
		return damaged("page %d is at depth %d, more than %d", id, depth, maxDepth)
	case len(list) == 0: // an empty bucket is inline
		return damaged("page %d has no elements", id)
	case first != nil && !bytes.Equal(list[0].key, first) || next != nil && bytes.Compare(list[len(list)-1].key, next) >= 0:
		return damaged("page %d has keys outside of its range", id)
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
			return damaged("element %d of page %d is not a record", i, h.id)
		}
		if err := check(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}
