package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt has checksums only for its two meta pages and trusts all others. A page
// whose header claims four billion overflow pages takes gigabytes of memory when
// it is freed; a branch that is its own child is followed without end; a page in
// use that is listed as free is overwritten. So the file is checked before bbolt
// works with it: every page is used once, for what its header says, and holds
// what this package wrote.
//
// This is the file format of bbolt, version 2, in the byte order of the machine.
// A page begins with its number (8 octets), its kind (2), how many elements it
// has (2) and how many overflow pages follow it (4). Then come the elements of
// 16 octets each, and after them the keys and values.

const (
	headerSize  = 16
	elementSize = 16
	bucketSize  = 16
	minPageSize = 1024
	maxDepth    = 32 // of pages with two children at least

	branchPage = 0x01
	leafPage   = 0x02
	freePage   = 0x10

	bucketElement = 1 // the flag of a leaf element that is a bucket

	manyIDs = 0xffff // the count of a list of free pages whose first number is the count
)

// checker reads a file without changing it.
type checker struct {
	file     io.ReaderAt
	pageSize int
	taken    []bool // the pages whose use is known
}

// checkPages reads every page of a file of the given size that is in use.
func checkPages(file io.ReaderAt, size int64, pageSize int) error {
	if pageSize < minPageSize {
		return damaged("its pages have %d octets", pageSize)
	}
	c := &checker{file: file, pageSize: pageSize}
	m, err := c.newestMeta()
	if err != nil {
		return err
	}
	// Beyond the end of the file there is nothing to read, and touching it is a
	// fault.
	if has := uint64(size) / uint64(pageSize); m.pages > has {
		return damaged("it has %d pages of %d", has, m.pages)
	}
	c.taken = make([]bool, m.pages)
	for id := range min(2, m.pages) {
		c.taken[id] = true
	}
	if err := c.checkFreePages(m.free); err != nil {
		return err
	}
	return c.checkRoot(m)
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...)
}

// meta is one of the two states of a file, of which the newer counts.
type meta struct {
	root, free uint64 // pages
	pages      uint64 // how many are in use
	number     uint64 // of the transaction
}

func (c *checker) newestMeta() (newest meta, err error) {
	err = damaged("neither of its first two pages is whole")
	for id := range uint64(2) {
		page, readErr := c.read(id, 1)
		if readErr != nil {
			continue
		}
		if m, ok := parseMeta(page[headerSize:]); ok && (err != nil || m.number > newest.number) {
			newest, err = m, nil
		}
	}
	return newest, err
}

func parseMeta(b []byte) (m meta, ok bool) {
	const magic, version, checked = 0xed0cdaed, 2, 56
	sum := fnv.New64a()
	sum.Write(b[:checked])
	ok = binary.NativeEndian.Uint32(b) == magic && binary.NativeEndian.Uint32(b[4:]) == version &&
		binary.NativeEndian.Uint64(b[checked:]) == sum.Sum64()
	return meta{
		root:   binary.NativeEndian.Uint64(b[16:]),
		free:   binary.NativeEndian.Uint64(b[32:]),
		pages:  binary.NativeEndian.Uint64(b[40:]),
		number: binary.NativeEndian.Uint64(b[48:]),
	}, ok
}

// read returns the octets of n pages.
func (c *checker) read(id uint64, n int) ([]byte, error) {
	b := make([]byte, n*c.pageSize)
	if _, err := c.file.ReadAt(b, int64(id)*int64(c.pageSize)); err != nil {
		return nil, fmt.Errorf("reading page %d: %w", id, err)
	}
	return b, nil
}

// take notes that a page is used.
func (c *checker) take(id uint64) error {
	if id >= uint64(len(c.taken)) {
		return damaged("page %d is beyond its %d pages", id, len(c.taken))
	}
	if c.taken[id] {
		return damaged("page %d is used twice", id)
	}
	c.taken[id] = true
	return nil
}

// page takes a page and returns its octets and its header. Records are so short
// that only a list of free pages has overflow pages.
func (c *checker) page(id uint64) ([]byte, header, error) {
	if err := c.take(id); err != nil {
		return nil, header{}, err
	}
	b, err := c.read(id, 1)
	if err != nil {
		return nil, header{}, err
	}
	h := parseHeader(b)
	if h.id != id {
		return nil, h, damaged("page %d says that it is page %d", id, h.id)
	}
	return b, h, nil
}

type header struct {
	id       uint64
	kind     uint16
	count    int
	overflow uint32
}

func parseHeader(b []byte) header {
	return header{
		id:       binary.NativeEndian.Uint64(b),
		kind:     binary.NativeEndian.Uint16(b[8:]),
		count:    int(binary.NativeEndian.Uint16(b[10:])),
		overflow: binary.NativeEndian.Uint32(b[12:]),
	}
}

// checkFreePages reads the list of the pages that are free.
func (c *checker) checkFreePages(first uint64) error {
	b, h, err := c.page(first)
	if err != nil {
		return err
	}
	if h.kind != freePage {
		return damaged("page %d is no list of free pages", first)
	}
	for more := range uint64(h.overflow) {
		if err := c.take(first + 1 + more); err != nil {
			return err
		}
	}
	if h.overflow > 0 {
		if b, err = c.read(first, 1+int(h.overflow)); err != nil {
			return err
		}
	}
	b = b[headerSize:]
	count := uint64(h.count)
	if count == manyIDs {
		count, b = binary.NativeEndian.Uint64(b), b[8:]
	}
	if count > uint64(len(b)/8) {
		return damaged("page %d has no room for a list of %d free pages", first, count)
	}
	for i := range int(count) {
		if err := c.take(binary.NativeEndian.Uint64(b[8*i:])); err != nil {
			return err
		}
	}
	return nil
}
