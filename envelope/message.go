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

// defaultSpoolMemory is the default of Spool.Memory, in octets.
const defaultSpoolMemory = 1 << 20

// Message is the content that the client sent with DATA: a header block, and a body
// that can be read many times and concurrently. Checks share what they compute from
// it with [OncePerMessage].
type Message struct {
	content   io.ReaderAt
	size      int64
	header    []byte
	cutHeader bool
	arriving  bool     // only the header has come
	announced *Message // this message as Spool.Header got it, whose memo it uses; nil if none did
	release   func() error
	memo      memo // of OncePerMessage
}

// NewMessage returns a message in memory. It does not copy raw, which must not
// change while the message is in use.
func NewMessage(raw []byte) *Message {
	m := &Message{content: bytes.NewReader(raw), size: int64(len(raw))}
	m.header, m.cutHeader = headerBlock(raw)
	return m
}

// Spool reads a message, and says where it is stored.
type Spool struct {
	// Memory is the size in octets up to which a message is kept in memory. A larger
	// message is written to a temporary file. 0 means 1 MiB.
	Memory int
	// Dir is the directory of the temporary file. "" means [os.TempDir].
	Dir string
	// Header, if it is not nil, is called when the header has come, with a message that
	// has no body yet: for the Header method of a verdict.Session. It is not called for a
	// header of more than 1 MiB.
	Header func(*Message)
}

// ErrSpool is in the error for a message that could not be kept, because the disk is
// full, for example. The usual reply is 452 4.3.1 (RFC 3463, section 3.4).
var ErrSpool = errors.New("message spool")

// ReadMessage reads a message to its end. The caller must Close it. The error is
// that of r, not wrapped, or [ErrSpool] with that of the temporary file. After an
// error of r the end of the message may not have been reached: a server must close
// the connection, so that the rest is not read as commands. After ErrSpool, and
// after ErrTooLarge of [NewDataReader], it can continue. After an error there is no
// file left.
func (spool Spool) ReadMessage(r io.Reader) (*Message, error) {
	a := &arrival{from: r, announce: spool.Header}
	m, err := spool.read(a)
	switch {
	case err == nil:
		m.announced = a.message
		return m, nil
	case a.err != nil:
		return nil, err
	}
	if io.Copy(io.Discard, a); a.err != nil {
		return nil, a.err
	}
	return nil, fmt.Errorf("%w: %w", ErrSpool, err)
}

func (spool Spool) read(r io.Reader) (*Message, error) {
	limit := int64(spool.Memory)
	if limit <= 0 {
		limit = defaultSpoolMemory
	}
	limit = min(limit, math.MaxInt64-1)
	// Not io.CopyN: it drops an error that comes together with the last octet.
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

// spoolToFile writes the content of r to a temporary file. Where the system allows
// it the file is removed at once and stays open, so that a crash leaves no file.
func spoolToFile(r io.Reader, dir string) (*Message, error) {
	file, err := os.CreateTemp(dir, "message-*")
	if err != nil {
		return nil, err
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
		return nil, abandon(err, release)
	}
	m.header, m.cutHeader = headerBlock(head)
	m.header = bytes.Clone(m.header) // so that head can be freed
	return m, nil
}

// spooled is a temporary file of size octets. If another process truncates it, a read
// fails, so that a part is not taken for the whole message.
type spooled struct {
	*os.File
	size int64
}

// ReadAt implements [io.ReaderAt].
func (s spooled) ReadAt(p []byte, offset int64) (int, error) {
	n, err := s.File.ReadAt(p, offset)
	if err == io.EOF && offset+int64(n) < s.size {
		err = fmt.Errorf("%w: %w", ErrSpool, io.ErrUnexpectedEOF)
	}
	return n, err
}

// abandon releases a file after err. It returns err unwrapped, so that a server can
// compare it with the errors of its reader, or joined with the error of release.
func abandon(err error, release func() error) error {
	if failed := release(); failed != nil {
		return errors.Join(err, failed)
	}
	return err
}

// headerBlock returns the header of a message that begins with raw: everything up to
// its first empty line, which is included, or all if there is none. Lines end with
// LF or CRLF. cut reports whether the header is longer than maxHeader.
func headerBlock(raw []byte) (header []byte, cut bool) {
	var end headerEnd
	length, found := end.find(raw[:min(len(raw), maxHeader)])
	if !found {
		length = min(len(raw), maxHeader)
	}
	return raw[:length:length], !found && len(raw) > maxHeader
}

// Header returns the header block unchanged, with the empty line that ends it if
// there is one. The caller must not modify it. A block of more than 1 MiB is cut
// there; see HeaderCut.
func (m *Message) Header() []byte { return m.header }

// HeaderCut reports whether the header block is longer than Header returns.
func (m *Message) HeaderCut() bool { return m.cutHeader }

// Size returns the length of the whole message in octets.
func (m *Message) Size() int64 { return m.size }

// Open returns a reader of the whole message, with its header. Readers are
// independent of each other.
func (m *Message) Open() *io.SectionReader {
	return io.NewSectionReader(m.content, 0, m.size)
}

// Body returns a reader of what follows the octets that Header returns.
func (m *Message) Body() *io.SectionReader {
	start := int64(len(m.header))
	return io.NewSectionReader(m.content, start, m.size-start)
}

// results holds the results of OncePerMessage.
func (m *Message) results() *memo {
	if m.announced != nil {
		return &m.announced.memo
	}
	return &m.memo
}

// Close releases the message and the results of [OncePerMessage]. The message cannot
// be read afterwards. A second Close does nothing.
func (m *Message) Close() error {
	m.results().forget()
	release := m.release
	m.release = nil
	if release == nil {
		return nil
	}
	return release()
}
