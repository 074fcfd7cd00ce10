package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt has checksums only in its two meta pages and trusts all others. With a
// damaged file it may allocate gigabytes (a page with four billion overflow
// pages), loop forever (a branch page that is its own child) or overwrite records
// (a page in use that is in the freelist). So the file is checked before bbolt
// opens it for writing: each page has one use, which its header confirms, and
// contains what this package wrote.
//
// The file format is version 2 of bbolt, in native byte order. A page begins with
// its number (8 bytes), its kind (2), the number of its elements (2) and the
// number of overflow pages that follow it (4). Elements of 16 bytes follow, then
// their keys and values.

const (
	headerSize  = 16
	elementSize = 16
	bucketSize  = 16
	minPageSize = 4096 // for perValue
	maxDepth    = 32   // enough, because a branch has at least two children

	branchPage = 0x01
	leafPage   = 0x02
	freePage   = 0x10

	bucketElement = 1 // flag of a leaf element that is a bucket

	manyIDs = 0xffff // element count of a freelist that begins with its own count
)

// checker checks a file.
type checker struct {
	file     io.ReaderAt
	pageSize int
	taken    []bool // pages whose use is known
}

// checkPages checks all used pages of a file of the given size.
func checkPages(file io.ReaderAt, size int64, pageSize int) error {
	if pageSize < minPageSize {
		return damaged("the page size is %d bytes", pageSize)
	}
	c := &checker{file: file, pageSize: pageSize}
	m, err := c.newestMeta()
	if err != nil {
		return err
	}
	// Reading a page beyond the end of the file would fault.
	if has := uint64(size) / uint64(pageSize); m.pages > has {
		return damaged("it has %d of %d pages", has, m.pages)
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

// meta is the content of a meta page. The newer of the two is valid.
type meta struct {
	root, free uint64 // pages
	pages      uint64 // number of used pages
	number     uint64 // of the transaction
}

func (c *checker) newestMeta() (newest meta, err error) {
	err = damaged("both meta pages are damaged")
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

// read returns the content of n pages.
func (c *checker) read(id uint64, n int) ([]byte, error) {
	b := make([]byte, n*c.pageSize)
	if _, err := c.file.ReadAt(b, int64(id)*int64(c.pageSize)); err != nil {
		return nil, fmt.Errorf("reading page %d: %w", id, err)
	}
	return b, nil
}

// take marks a page as used.
func (c *checker) take(id uint64) error {
	if id >= uint64(len(c.taken)) {
		return damaged("page %d does not exist, the last is %d", id, len(c.taken)-1)
	}
	if c.taken[id] {
		return damaged("page %d is used twice", id)
	}
	c.taken[id] = true
	return nil
}

// page takes and reads a page, without overflow pages: records are short, so only
// a freelist has them.
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
		return nil, h, damaged("page %d has the number %d", id, h.id)
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

// checkFreePages takes the pages of the freelist, and the free pages in it.
func (c *checker) checkFreePages(first uint64) error {
	b, h, err := c.page(first)
	if err != nil {
		return err
	}
	if h.kind != freePage {
		return damaged("page %d is not a freelist", first)
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
		return damaged("the freelist in page %d has %d pages, more than fit", first, count)
	}
	for i := range int(count) {
		if err := c.take(binary.NativeEndian.Uint64(b[8*i:])); err != nil {
			return err
		}
	}
	return nil
}
