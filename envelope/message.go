package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// maxHeader bounds the header block that a Message keeps in memory, in octets.
const maxHeader = 1 << 20

// defaultSpoolMemory is how much of a message ReadMessage holds in memory
// unless told otherwise, in octets.
const defaultSpoolMemory = 1 << 20

// Message is a message as DATA brought it: the header block, and a body that
// can be read again and again, by several readers at once. Checks share what
// they find in it with [OncePerMessage].
type Message struct {
	content   io.ReaderAt
	size      int64
	header    []byte
	cutHeader bool
	release   func() error
	memo      memo // of OncePerMessage
}

// NewMessage returns a message that is held in memory. It does not copy raw,
// which must not change while the message is in use.
func NewMessage(raw []byte) *Message {
	m := &Message{content: bytes.NewReader(raw), size: int64(len(raw))}
	m.header, m.cutHeader = headerBlock(raw)
	return m
}

// Spool says where ReadMessage keeps a message.
type Spool struct {
	// Memory is how many octets stay in memory; a longer message goes to a
	// temporary file whole. 0 means 1 MiB.
	Memory int
	// Dir is the folder of the temporary file, "" the system's own.
	Dir string
}

// ReadMessage reads a message to its end. The caller must Close it. The error
// is that of the reader, as it came, or one of the temporary file; in both
// cases nothing is left behind.
func ReadMessage(r io.Reader, spool Spool) (*Message, error) {
	limit := int64(spool.Memory)
	if limit <= 0 {
		limit = defaultSpoolMemory
	}
	limit = min(limit, math.MaxInt64-1)
	// Not io.CopyN: it drops an error that comes with the last octet asked for.
	var head bytes.Buffer
	n, err := io.Copy(&head, io.LimitReader(r, limit+1))
	switch {
	case err != nil:
		return nil, err
	case n <= limit:
		return NewMessage(head.Bytes()), nil
	}
	return spoolToFile(io.MultiReader(&head, r), spool.Dir)
}

// spoolToFile writes what r holds to a temporary file. The file loses its name
// at once where the system allows that, so that a crash leaves nothing behind.
func spoolToFile(r io.Reader, dir string) (*Message, error) {
	file, err := os.CreateTemp(dir, "message-*")
	if err != nil {
		return nil, fmt.Errorf("message spool: %w", err)
	}
	named := os.Remove(file.Name()) != nil
	release := func() error {
		err := file.Close()
		if named {
			err = errors.Join(err, os.Remove(file.Name()))
		}
		return err
	}
	m := &Message{release: release}
	if m.size, err = io.Copy(file, r); err != nil {
		return nil, abandon(err, release)
	}
	m.content = spooled{file, m.size}
	head := make([]byte, min(m.size, maxHeader+1))
	if _, err := file.ReadAt(head, 0); err != nil {
		return nil, abandon(fmt.Errorf("message spool: %w", err), release)
	}
	m.header, m.cutHeader = headerBlock(head)
	m.header = bytes.Clone(m.header) // let go of the rest
	return m, nil
}

// spooled is a file with what was written to it. If it ends before that, some
// other hand has cut it, and a reader must not take what is left for the message.
type spooled struct {
	*os.File
	size int64
}

// ReadAt implements [io.ReaderAt].
func (s spooled) ReadAt(p []byte, offset int64) (int, error) {
	n, err := s.File.ReadAt(p, offset)
	if err == io.EOF && offset+int64(n) < s.size {
		err = fmt.Errorf("message spool: %w", io.ErrUnexpectedEOF)
	}
	return n, err
}

// abandon gives back a file that can't be used because of err. It returns err
// as it came, so that a server that compares the errors of its own reader finds
// them, and joins what went wrong here only if something did.
func abandon(err error, release func() error) error {
	if failed := release(); failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

// headerBlock returns the header of a message that begins with raw, up to and
// including its first empty line; without an empty line all of it is header.
// Lines end with LF, with or without CR before it.
func headerBlock(raw []byte) (header []byte, cut bool) {
	for start := 0; start < len(raw) && start <= maxHeader; {
		length := bytes.IndexByte(raw[start:], '\n')
		if length < 0 {
			break
		}
		end := start + length + 1
		if line := raw[start:end]; (len(line) == 1 || len(line) == 2 && line[0] == '\r') && end <= maxHeader {
			return raw[:end:end], false
		}
		start = end
	}
	if len(raw) > maxHeader {
		return raw[:maxHeader:maxHeader], true
	}
	return raw[:len(raw):len(raw)], false
}

// Header returns the header block as it came, with the empty line that ends it
// if there is one. It must not be changed. A block of more than 1 MiB is cut
// there, which HeaderCut tells.
func (m *Message) Header() []byte { return m.header }

// HeaderCut reports whether the header block is longer than Header returns.
func (m *Message) HeaderCut() bool { return m.cutHeader }

// Size returns the length of the whole message in octets.
func (m *Message) Size() int64 { return m.size }

// Open returns a reader of the whole message, header and all. Readers are
// independent of each other.
func (m *Message) Open() *io.SectionReader {
	return io.NewSectionReader(m.content, 0, m.size)
}

// Body returns a reader of what follows the header block, or what Header
// returns of it.
func (m *Message) Body() *io.SectionReader {
	start := int64(len(m.header))
	return io.NewSectionReader(m.content, start, m.size-start)
}

// Close releases what the message holds, the results of [OncePerMessage] among
// it; the message can't be read afterwards. A second Close does nothing.
func (m *Message) Close() error {
	m.memo.forget()
	release := m.release
	m.release = nil
	if release == nil {
		return nil
	}
	return release()
}
