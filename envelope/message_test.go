package envelope_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"mxrules.example/envelope"
)

// mebibyte is the limit of the header block of a Message.
const mebibyte = 1 << 20

// keep has the ways in which a message can be stored.
var keep = map[string]func(t *testing.T, raw string) *envelope.Message{
	"memory": func(t *testing.T, raw string) *envelope.Message { return envelope.NewMessage([]byte(raw)) },
	"read into memory": func(t *testing.T, raw string) *envelope.Message {
		return spooled(t, raw, envelope.Spool{Memory: len(raw) + 1, Dir: t.TempDir()})
	},
	"file": func(t *testing.T, raw string) *envelope.Message {
		return spooled(t, raw, envelope.Spool{Memory: 1, Dir: t.TempDir()})
	},
}

func spooled(t *testing.T, raw string, spool envelope.Spool) *envelope.Message {
	t.Helper()
	m, err := spool.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestMessageIsSplitAtItsFirstEmptyLine(t *testing.T) {
	for _, tc := range []struct{ name, header, body string }{
		{"CRLF", "Subject: x\r\nFrom: a@b\r\n\r\n", "body\r\n"},
		{"LF", "Subject: x\nFrom: a@b\n\n", "body\n"},
		{"mixed", "Subject: x\r\nFrom: a@b\n\r\n", "body\n"},
		{"LF after CRLF", "Subject: x\r\n\n", "\r\nbody\r\n"},
		{"the first of several", "Subject: x\r\n\r\n", "one\r\n\r\ntwo\r\n"},
		{"no header", "\r\n", "body\r\n"},
		{"no header, LF", "\n", "body\n"},
		{"no body", "Subject: x\r\n\r\n", ""},
		{"only header", "Subject: x\r\n", ""},
		{"only header, no line end", "Subject: x", ""},
		{"cut in the middle of the empty line", "Subject: x\r\n\r", ""},
		{"nothing", "", ""},
		{"a line with a blank is not empty", "Subject: x\r\n \r\n\r\n", "body"},
		{"CR alone ends no line", "Subject: x\r\r\nFrom: a@b\r\n\r\n", "body"},
		{"CR CR LF is not empty", "Subject: x\r\n\r\r\n\r\n", "body"},
		{"NUL and 8-bit octets", "Subject: \x00\xff\r\n\r\n", "\x00\xff\r\n"},
	} {
		for how, hold := range keep {
			t.Run(tc.name+", "+how, func(t *testing.T) {
				raw := tc.header + tc.body
				if raw == "" && how == "file" {
					return // an empty message is never spooled
				}
				m := hold(t, raw)
				if got := string(m.Header()); got != tc.header {
					t.Errorf("header %q, want %q", got, tc.header)
				}
				if m.HeaderCut() {
					t.Error("the header is said to be cut")
				}
				if got := m.Size(); got != int64(len(raw)) {
					t.Errorf("size %d, want %d", got, len(raw))
				}
				for range 2 { // a second time too
					wantRead(t, "the message", m.Open(), raw)
					wantRead(t, "the body", m.Body(), tc.body)
				}
			})
		}
	}
}

func wantRead(t *testing.T, what string, r io.Reader, want string) {
	t.Helper()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != want {
		t.Errorf("%s has %d octets (%.40q), %v, want %d (%.40q)", what, len(got), got, err, len(want), want)
	}
}

func TestHeaderIsCutAtOneMebibyte(t *testing.T) {
	fields := func(length int) string { // lines that make a block of that length
		const line = "Received: from a by b\r\n"
		lines := strings.Repeat(line, length/len(line))
		return strings.Repeat("X", length-len(lines)-2) + "\r\n" + lines
	}
	for _, tc := range []struct {
		name   string
		raw    string
		header int
		cut    bool
	}{
		{"just fits, with its empty line", fields(mebibyte-2) + "\r\nbody", mebibyte, false},
		{"just fits, LF", fields(mebibyte-1) + "\nbody", mebibyte, false},
		{"the empty line is half inside", fields(mebibyte-1) + "\r\nbody", mebibyte, true},
		{"the empty line is outside", fields(mebibyte) + "\r\nbody", mebibyte, true},
		{"the empty line is outside, LF", fields(mebibyte) + "\nbody", mebibyte, true},
		{"far longer", fields(3*mebibyte) + "\r\nbody", mebibyte, true},
		{"no line end at all", strings.Repeat("x", 3*mebibyte), mebibyte, true},
		{"only header, just fits", fields(mebibyte), mebibyte, false},
		{"only header, one octet too many", fields(mebibyte) + "x", mebibyte, true},
		{"a long body counts for nothing", "Subject: x\r\n\r\n" + strings.Repeat("x", 2*mebibyte), 14, false},
	} {
		for how, hold := range keep {
			t.Run(tc.name+", "+how, func(t *testing.T) {
				m := hold(t, tc.raw)
				if got := len(m.Header()); got != tc.header || m.HeaderCut() != tc.cut {
					t.Errorf("header of %d octets, cut %t, want %d, %t", got, m.HeaderCut(), tc.header, tc.cut)
				}
				if !bytes.Equal(m.Header(), []byte(tc.raw[:tc.header])) {
					t.Error("the header is not what the message begins with")
				}
				wantRead(t, "the message", m.Open(), tc.raw)
				wantRead(t, "the body", m.Body(), tc.raw[tc.header:])
			})
		}
	}
}

func TestReadMessageReadsToTheEnd(t *testing.T) {
	raw := "Subject: x\r\n\r\n" + strings.Repeat("0123456789", 50)
	for name, slow := range map[string]func(io.Reader) io.Reader{
		"as it comes":               func(r io.Reader) io.Reader { return r },
		"octet by octet":            iotest.OneByteReader,
		"the end with the last":     iotest.DataErrReader,
		"half of what was asked":    iotest.HalfReader,
		"nothing, then octets":      func(r io.Reader) io.Reader { return &hesitant{r: r} },
		"hidden from every shorcut": func(r io.Reader) io.Reader { return struct{ io.Reader }{r} },
	} {
		for _, memory := range []int{1, len(raw) - 1, len(raw), len(raw) + 1} {
			t.Run(fmt.Sprint(name, ", memory ", memory), func(t *testing.T) {
				m, err := envelope.Spool{Memory: memory, Dir: t.TempDir()}.ReadMessage(slow(strings.NewReader(raw)))
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				wantRead(t, "the message", m.Open(), raw)
			})
		}
	}
}

// hesitant is a reader that returns nothing at every other call.
type hesitant struct {
	r    io.Reader
	wait bool
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.wait = !h.wait; h.wait {
		return 0, nil
	}
	return h.r.Read(p)
}

func TestConcurrentReadersOfAMessage(t *testing.T) {
	header, body := "Subject: x\r\n\r\n", strings.Repeat("0123456789", 10_000)
	for how, hold := range keep {
		t.Run(how, func(t *testing.T) {
			m := hold(t, header+body)
			var readers sync.WaitGroup
			for range 8 {
				readers.Go(func() {
					wantRead(t, "the message", m.Open(), header+body)
					wantRead(t, "the body", m.Body(), body)
					if string(m.Header()) != header {
						t.Errorf("header %q", m.Header())
					}
				})
			}
			readers.Wait()
		})
	}
}

func TestAppendingToTheHeaderDoesNotChangeTheMessage(t *testing.T) {
	for how, hold := range keep {
		m := hold(t, "Subject: x\r\n\r\nbody")
		_ = append(m.Header(), "evil"...)
		t.Run(how, func(t *testing.T) { wantRead(t, "the body", m.Body(), "body") })
	}
}
