package bolt

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
)

// node is a leaf or branch page.
type node struct {
	b []byte
	header
}

// element is an element of a node.
type element struct {
	flags      uint32
	key, value []byte // only a leaf has values
	child      uint64 // only a branch has children: the page of keys from this one on
}

// newNode returns a page, whose elements are not checked.
func newNode(b []byte) (node, error) {
	n := node{b, parseHeader(b)}
	switch {
	case n.kind != leafPage && n.kind != branchPage:
		return n, damaged("page %d is neither a leaf nor a branch", n.id)
	case n.overflow != 0:
		return n, damaged("page %d has %d overflow pages", n.id, n.overflow)
	case n.count > (len(b)-headerSize)/elementSize:
		return n, damaged("page %d has %d elements, more than fit", n.id, n.count)
	}
	return n, nil
}

// check checks the elements. Keys must be sorted, and keys and values must follow the
// elements without gaps; otherwise a missing element would not be noticed.
func (n node) check() error {
	next := int64(headerSize + n.count*elementSize)
	var before []byte
	for i := range n.count {
		e, start, end := n.parse(i)
		if start != next || end == 0 || len(e.key) == 0 {
			return damaged("element %d of page %d has a wrong position or length", i, n.id)
		}
		if bytes.Compare(before, e.key) >= 0 {
			return damaged("element %d of page %d is out of order", i, n.id)
		}
		before, next = e.key, end
	}
	return nil
}

// checkLeaf checks that a leaf has only records.
func (n node) checkLeaf() error {
	for i := range n.count {
		if n.at(i).flags != 0 {
			return damaged("element %d of page %d is not a record", i, n.id)
		}
	}
	return nil
}

// at returns an element. It has no key if it is not in the page.
func (n node) at(i int) element {
	e, _, _ := n.parse(i)
	return e
}

// parse returns an element, and the start and end of its key and value. If they are not
// in the page, end is 0.
func (n node) parse(i int) (e element, start, end int64) {
	start, key, value := n.sizes(i)
	b := n.b[headerSize+i*elementSize:]
	if n.kind == leafPage {
		e.flags = binary.NativeEndian.Uint32(b)
	} else {
		e.child = binary.NativeEndian.Uint64(b[8:])
	}
	if end = start + key + value; end > int64(len(n.b)) {
		return e, 0, 0
	}
	e.key, e.value = n.b[start:start+key], n.b[start+key:end]
	return e, start, end
}

// sizes returns where the key of an element starts, and the lengths of key and value.
func (n node) sizes(i int) (start, key, value int64) {
	at := headerSize + i*elementSize
	b := n.b[at : at+elementSize]
	word := func(i int) int64 { return int64(binary.NativeEndian.Uint32(b[i:])) }
	if n.kind == leafPage {
		return int64(at) + word(4), word(8), word(12)
	}
	return int64(at) + word(0), word(4), 0
}

// indexOf returns the index of the last element whose key is not greater, or 0. In a
// branch, the key can only be below that element.
func (n node) indexOf(key []byte) int {
	return max(0, sort.Search(n.count, func(i int) bool {
		start, size, _ := n.sizes(i)
		return start+size <= int64(len(n.b)) && bytes.Compare(n.b[start:start+size], key) > 0
	})-1)
}

// place is where a page must be in a tree of pages.
type place struct {
	id uint64
	// first is the key of the page in its parent and must be its first key: bbolt
	// finds the page by that key when it writes. next is the next key in the parent;
	// keys of the page must be less. Nil is no limit.
	first, next []byte
	depth       int
}

// below returns the place of child i of the branch page at p.
func (p place) below(n node, i int) place {
	e := n.at(i)
	child := place{e.child, e.key, p.next, p.depth + 1}
	if i+1 < n.count {
		child.next = n.at(i + 1).key
	}
	return child
}

// check checks everything of a page but keys and values of records.
func (p place) check(n node) error {
	switch err := n.check(); {
	case err != nil:
		return err
	case p.depth > maxDepth:
		return damaged("page %d is at depth %d, more than %d", n.id, p.depth, maxDepth)
	case n.count == 0: // an empty bucket is inline
		return damaged("page %d has no elements", n.id)
	case p.first != nil && !bytes.Equal(n.at(0).key, p.first) || p.next != nil && bytes.Compare(n.at(n.count-1).key, p.next) >= 0:
		return damaged("page %d has keys outside of its range", n.id)
	case n.kind == leafPage:
		return n.checkLeaf()
	}
	return nil
}

// checkRoot checks the page of the buckets and the buckets. A new file has none.
func (c *checker) checkRoot(m meta) error {
	b, err := c.page(m.root)
	if err != nil {
		return err
	}
	buckets, err := parseBuckets(b)
	if err != nil || buckets.count == 0 && m.number < 2 {
		return err
	}
	last := buckets.count - 1
	if last < 1 || !bytes.Equal(buckets.at(0).key, aboutBucket) || !bytes.Equal(buckets.at(last).key, treeBucket) {
		return errForeign
	}
	if err := c.checkBucket(buckets.at(0), func(_, _ []byte) error { return nil }); err != nil {
		return err
	}
	if err := c.checkLogs(buckets); err != nil {
		return err
	}
	return c.checkBucket(buckets.at(last), func(k, v []byte) error { _, err := decodeEntry(k, v); return err })
}

// parseBuckets returns the page of the buckets.
func parseBuckets(b []byte) (node, error) {
	n, err := newNode(b)
	if err == nil && n.kind != leafPage {
		err = damaged("page %d is not a leaf", n.id)
	}
	if err == nil {
		err = n.check()
	}
	return n, err
}

// checkLogs checks the buckets between the first and the last, which are logs. There are
// up to two.
func (c *checker) checkLogs(buckets node) error {
	var logs [len(logBuckets)]contents
	for n := 1; n < buckets.count-1; n++ {
		bucket := buckets.at(n)
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

// checkBucket checks a bucket.
func (c *checker) checkBucket(bucket element, check checkRecord) error {
	root, inline, err := parseBucket(bucket)
	if err != nil {
		return err
	}
	if root != 0 {
		return c.checkTree(place{id: root}, check)
	}
	return checkRecords(inline, check)
}

// parseBucket parses a bucket. Its value has the number of its root page and a
// sequence number. A small bucket is inline: its value has the page itself, and its
// number is 0.
func parseBucket(bucket element) (root uint64, inline node, err error) {
	if bucket.flags != bucketElement || len(bucket.value) < bucketSize {
		return 0, node{}, damaged("%q is not a bucket", bucket.key)
	}
	root, page := binary.NativeEndian.Uint64(bucket.value), bucket.value[bucketSize:]
	switch {
	case root != 0 && len(page) == 0:
		return root, node{}, nil
	case root != 0 || len(page) < headerSize:
		return 0, node{}, damaged("the bucket %q has the root page %d and %d inline bytes", bucket.key, root, len(page))
	}
	if inline, err = newNode(page); err == nil && (inline.id != 0 || inline.kind != leafPage || inline.count == 0 && len(page) > headerSize) {
		err = damaged("the inline page of the bucket %q is not a leaf", bucket.key)
	}
	if err == nil {
		err = inline.check()
	}
	if err == nil {
		err = inline.checkLeaf()
	}
	return 0, inline, err
}

// checkTree checks a page and all pages below it.
func (c *checker) checkTree(at place, check checkRecord) error {
	b, err := c.page(at.id)
	if err != nil {
		return err
	}
	n, err := newNode(b)
	if err == nil {
		err = at.check(n)
	}
	if err != nil {
		return err
	}
	if n.kind == leafPage {
		return checkRecords(n, check)
	}
	for i := range n.count {
		if err := c.checkTree(at.below(n, i), check); err != nil {
			return err
		}
	}
	return nil
}

func checkRecords(leaf node, check checkRecord) error {
	for i := range leaf.count {
		e := leaf.at(i)
		if err := check(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}
