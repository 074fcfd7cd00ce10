package envelope_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func TestSpoolMemoryLimit(t *testing.T) {
	const mebibyte = 1 << 20
	for _, tc := range []struct {
		memory, size int
		inFile       bool
	}{
		{10, 0, false},
		{10, 9, false},
		{10, 10, false},
		{10, 11, true},
		{10, 1000, true},
		{1, 1, false},
		{1, 2, true},
		{0, mebibyte, false},
		{0, mebibyte + 1, true},
		{-5, mebibyte, false},
		{-5, mebibyte + 1, true},
		{math.MaxInt, 2 * mebibyte, false},
	} {
		t.Run(fmt.Sprint(tc.size, " octets, memory ", tc.memory), func(t *testing.T) {
			dir := t.TempDir()
			raw := strings.Repeat("x", tc.size)
			m, err := envelope.Spool{Memory: tc.memory, Dir: dir}.ReadMessage(strings.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			wantRead(t, "the message", m.Open(), raw)
			for range 2 {
				if err := m.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}
			_, err = io.ReadAll(m.Open())
			if closed := errors.Is(err, os.ErrClosed); closed != tc.inFile {
				t.Errorf("reading after Close: %v; in a file: want %t", err, tc.inFile)
			}
			wantNothingIn(t, dir)
		})
	}
}

// wantNothingIn fails the test if there is a file in dir or, where the system shows it, an open file
// that was in it.
func wantNothingIn(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	open, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range open {
		if name, err := os.Readlink(fd); err == nil && strings.HasPrefix(name, dir+string(filepath.Separator)) {
			t.Errorf("left open: %s", name)
		}
	}
}

// faulty returns its text and then err, in the same call as the last octet if
// together is set. After that it returns io.EOF, like a reader that forgets its error.
type faulty struct {
	text     string
	err      error
	together bool
}

func (f *faulty) Read(p []byte) (int, error) {
	n := copy(p, f.text)
	f.text = f.text[n:]
	if n > 0 && (f.text != "" || !f.together) {
		return n, nil
	}
	err := f.err
	f.err = io.EOF
	return n, err
}

// refusal is an error that a server recognises by its type.
type refusal struct{ code int }

func (r *refusal) Error() string { return fmt.Sprint("refused with ", r.code) }

func TestReadMessageReturnsTheErrorOfTheReader(t *testing.T) {
	const memory = 100
	for _, size := range []int{0, 1, memory - 1, memory, memory + 1, memory + 2, 10 * memory} {
		for _, together := range []bool{false, true} {
			for name, cause := range map[string]error{
				"an error":       errors.New("connection reset"),
				"one by type":    &refusal{552},
				"unexpected end": io.ErrUnexpectedEOF,
				"a wrapped end":  fmt.Errorf("connection lost: %w", io.EOF),
				"a short write":  io.ErrShortWrite,
			} {
				t.Run(fmt.Sprint(name, ", after ", size, ", together ", together), func(t *testing.T) {
					dir := t.TempDir()
					r := &faulty{text: strings.Repeat("x", size), err: cause, together: together}
					m, err := envelope.Spool{Memory: memory, Dir: dir}.ReadMessage(r)
					if m != nil {
						t.Errorf("a message of %d octets", m.Size())
					}
					if err != cause {
						t.Errorf("error %#v, want the reader's own", err)
					}
					wantNothingIn(t, dir)
				})
			}
		}
	}
}

func TestReadMessageReturnsTheErrorOfTheSpool(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	rest := strings.NewReader("too long" + strings.Repeat("x", 100_000))
	m, err := envelope.Spool{Memory: 1, Dir: missing}.ReadMessage(rest)
	if m != nil || !errors.Is(err, os.ErrNotExist) || !errors.Is(err, envelope.ErrSpool) || !strings.HasPrefix(err.Error(), "message spool: ") {
		t.Errorf("%v, %v", m, err)
	}
	if rest.Len() > 0 {
		t.Errorf("%d octets are not read, which a server would take for commands", rest.Len())
	}
	// If the rest does not come, the connection cannot continue.
	lost := &faulty{text: strings.Repeat("x", 100_000), err: io.ErrUnexpectedEOF}
	if _, err := (envelope.Spool{Memory: 1, Dir: missing}).ReadMessage(lost); err != io.ErrUnexpectedEOF {
		t.Errorf("a connection that breaks after an error of the spool: %v", err)
	}
	// A message in memory needs no directory.
	if _, err := (envelope.Spool{Memory: 4, Dir: missing}).ReadMessage(strings.NewReader("fits")); err != nil {
		t.Error(err)
	}
}
