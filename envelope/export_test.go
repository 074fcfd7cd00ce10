package envelope

import (
	"io"
	"sync/atomic"
)

// CountReads returns how many octets of m are read from now on through Open and
// Body.
func CountReads(m *Message) *atomic.Int64 {
	counter := &countingReader{inner: m.content}
	m.content = counter
	return &counter.octets
}

type countingReader struct {
	inner  io.ReaderAt
	octets atomic.Int64
}

func (c *countingReader) ReadAt(p []byte, offset int64) (int, error) {
	n, err := c.inner.ReadAt(p, offset)
	c.octets.Add(int64(n))
	return n, err
}
