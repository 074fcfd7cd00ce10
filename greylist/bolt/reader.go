package bolt

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// A page can also be damaged while the file is open: a disk or another program can alter
// it. Besides what pages.go says, bbolt could then exhaust the stack, which ends the
// program. So the Store reads records with a reader, and bbolt writes only to pages that
// a reader has checked. Calls that need none of the damaged pages succeed.

// reader reads the buckets of an open file, in a transaction. It is for one goroutine.
type reader struct {
	// data is the file in memory. bbolt has no method that returns pages, and reading
	// them from the file takes several times as long.
	data     unsafe.Pointer
	pageSize int
	pages    uint64 // in use
	tree     uint64 // the root page of the tree, 0 if it is inline
	inline   node   // the inline tree
	logs     [len(logBuckets)]uint64
	sound    map[visit]uint16 // kinds of the pages that were found valid in this transaction
}

// visit is a page and the beginning of the key that led to it.
type visit struct {
	id    uint64
	first greylist.Key
}

// begin returns the reader of a transaction. It is valid until the transaction ends or
// is committed, because bbolt can move the file in memory then.
func begin(tx *bbolt.Tx) (*reader, error) {
	info := tx.DB().Info()
	r := &reader{
		data:     *(*unsafe.Pointer)(unsafe.Pointer(&info.Data)),
		pageSize: info.PageSize,
		pages:    uint64(tx.Size()) / uint64(info.PageSize),
	}
	b, err := r.page(uint64(tx.Cursor().Bucket().Root()))
	if err != nil {
		return nil, err
	}
	buckets, err := parseBuckets(b)
	if err != nil {
		return nil, err
	}
	found := false
	for i := range buckets.count {
		bucket := buckets.at(i)
		root, inline, err := parseBucket(bucket)
		if err != nil {
			return nil, err
		}
		switch string(bucket.key) {
		case string(treeBucket):
			found = true
			r.tree, r.inline = root, inline
		case string(logBuckets[0]):
			r.logs[0] = root
		case string(logBuckets[1]):
			r.logs[1] = root
		}
	}
	if !found {
		return nil, damaged("the bucket %q is missing", treeBucket)
	}
	return r, nil
}

// page returns a page.
func (r *reader) page(id uint64) ([]byte, error) {
	if id >= r.pages {
		return nil, damaged("page %d does not exist, the last is %d", id, r.pages-1)
	}
	b := unsafe.Slice((*byte)(unsafe.Add(r.data, id*uint64(r.pageSize))), r.pageSize)
	return b, checkID(b, id)
}

// node returns a page of a bucket, whose elements are not checked.
func (r *reader) node(at place) (node, error) {
	if at.depth > maxDepth {
		return node{}, damaged("page %d is at depth %d, more than %d", at.id, at.depth, maxDepth)
	}
	b, err := r.page(at.id)
	if err != nil {
		return node{}, err
	}
	return newNode(b)
}

// valid is node, and checks the elements. It checks a page once.
func (r *reader) valid(at place) (node, error) {
	n, err := r.node(at)
	v := visit{id: at.id}
	copy(v.first[:], at.first)
	if kind, found := r.sound[v]; err != nil || found && kind == n.kind {
		return n, err
	}
	if err := at.check(n); err != nil {
		return n, err
	}
	if r.sound == nil {
		r.sound = map[visit]uint16{}
	}
	r.sound[v] = n.kind
	return n, nil
}

// check checks the pages that lead from a root page to key, and those beside them if
// neighbours is set: when a record is deleted, bbolt may merge pages.
func (r *reader) check(root uint64, key []byte, neighbours bool) error {
	if root == 0 {
		return nil // inline, in the page of the buckets
	}
	for at := (place{id: root}); ; {
		n, err := r.valid(at)
		if err != nil || n.kind == leafPage {
			return err
		}
		i := n.indexOf(key)
		for _, beside := range [...]int{i - 1, i + 1} {
			if !neighbours || beside < 0 || beside >= n.count {
				continue
			}
			if _, err := r.valid(at.below(n, beside)); err != nil {
				return err
			}
		}
		at = at.below(n, i)
	}
}

// find returns the value of key in the tree, nil if there is none.
func (r *reader) find(key []byte) (value []byte, err error) {
	n := r.inline
	for at := (place{id: r.tree}); at.id != 0; at = at.below(n, n.indexOf(key)) {
		if n, err = r.node(at); err != nil {
			return nil, err
		}
		if n.count == 0 {
			return nil, damaged("page %d has no elements", at.id)
		}
		if n.kind == leafPage {
			break
		}
	}
	if i := n.indexOf(key); i < n.count {
		if e := n.at(i); bytes.Equal(e.key, key) {
			return e.value, nil
		}
	}
	return nil, nil
}

// leaves calls yield with each leaf, in order, or with the error of a page, until it
// returns false. It begins with the leaf of key.
func (r *reader) leaves(root uint64, key []byte, yield func(node, error) bool) {
	if root == 0 {
		yield(r.inline, nil)
		return
	}
	r.below(place{id: root}, key, yield)
}

func (r *reader) below(at place, key []byte, yield func(node, error) bool) bool {
	n, err := r.valid(at)
	if err != nil {
		return yield(node{}, err)
	}
	if n.kind == leafPage {
		return yield(n, nil)
	}
	for i := n.indexOf(key); i < n.count; i++ {
		if !r.below(at.below(n, i), key, yield) {
			return false
		}
	}
	return true
}

// checkFreelist checks the header of the freelist in page first, which bbolt uses in each
// transaction. Its size follows from the count: bbolt allocates the pages that it needs
// while it may still contain those pages.
func (r *reader) checkFreelist(first uint64) error {
	b, err := r.page(first)
	if err != nil {
		return err
	}
	h := parseHeader(b)
	count := uint64(h.count)
	if count == manyIDs {
		count = binary.NativeEndian.Uint64(b[headerSize:])
	}
	size, more := uint64(r.pageSize), uint64(h.overflow)
	if h.kind != freePage || count > r.pages ||
		(headerSize+8*count-1)/size > more || (headerSize+8*(count+more+2))/size < more {
		return damaged("page %d is not a freelist", first)
	}
	return nil
}
