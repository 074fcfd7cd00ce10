package envelope_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/textproto"
	"strings"
	"testing"
	"testing/iotest"

	"mxrules.example/envelope"
)

func TestDataReader(t *testing.T) {
	for _, tc := range []struct {
		sent, message string
		err           error
		rest          string
	}{
		{".\r\n", "", nil, ""},
		{"a\r\n.\r\nQUIT\r\n", "a\r\n", nil, "QUIT\r\n"},
		{"a\r\n.\r\n.\r\n", "a\r\n", nil, ".\r\n"},
		{"..\r\n.\r\n", ".\r\n", nil, ""},
		{"...a\r\n..b\r\n.c\r\n.\r\n", "..a\r\n.b\r\nc\r\n", nil, ""},
		{"a.\r\n.\r\n", "a.\r\n", nil, ""},
		// Only CRLF "." CRLF is the end.
		{"a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", nil, ""},
		{"a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", nil, ""},
		{"a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", nil, ""},
		{"a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", nil, ""},
		{"a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", nil, ""},
		{"a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", nil, ""},
		{"a\r\r\n.\r\n", "a\r\r\n", nil, ""},
		{"\r\n.\r\n", "\r\n", nil, ""},
		{"\x00\xff\r\n.\r\n", "\x00\xff\r\n", nil, ""},
		// The connection ends.
		{"", "", io.ErrUnexpectedEOF, ""},
		{"a\r\n", "a\r\n", io.ErrUnexpectedEOF, ""},
		{"a\r\n.", "a\r\n", io.ErrUnexpectedEOF, "."},
		{"a\r\n.\r", "a\r\n", io.ErrUnexpectedEOF, ".\r"},
	} {
		for _, size := range []int{16, 4096} {
			for how, read := range map[string]func(io.Reader) io.Reader{
				"at once": func(r io.Reader) io.Reader { return r }, "octet by octet": iotest.OneByteReader,
			} {
				from := bufio.NewReaderSize(read(strings.NewReader(tc.sent)), size)
				message, err := io.ReadAll(envelope.NewDataReader(from, 0))
				if string(message) != tc.message || !errors.Is(err, tc.err) {
					t.Errorf("%q %s: got %q and %v, want %q and %v", tc.sent, how, message, err, tc.message, tc.err)
				}
				if rest, _ := io.ReadAll(from); string(rest) != tc.rest {
					t.Errorf("%q %s: %q follows, want %q", tc.sent, how, rest, tc.rest)
				}
			}
		}
	}
}

func TestDataReaderLimitsTheMessage(t *testing.T) {
	long := strings.Repeat("0123456789\r\n..", 1000)
	for _, tc := range []struct {
		sent  string
		limit int64
		err   error
	}{
		{"abc\r\n.\r\nNEXT", 5, nil},
		{"abcd\r\n.\r\nNEXT", 5, envelope.ErrTooLarge},
		{long + "\r\n.\r\nNEXT", 100, envelope.ErrTooLarge},
		{long, 100, io.ErrUnexpectedEOF},
	} {
		from := bufio.NewReaderSize(strings.NewReader(tc.sent), 16)
		message, err := io.ReadAll(envelope.NewDataReader(from, tc.limit))
		if !errors.Is(err, tc.err) || int64(len(message)) > tc.limit {
			t.Errorf("%.20q with a limit of %d: %d octets and %v", tc.sent, tc.limit, len(message), err)
		}
		if rest, _ := io.ReadAll(from); strings.HasSuffix(tc.sent, "NEXT") && string(rest) != "NEXT" {
			t.Errorf("%.20q with a limit of %d: %q follows", tc.sent, tc.limit, rest)
		}
	}
}

func TestDataReaderReturnsErrorsOfItsReader(t *testing.T) {
	broken := errors.New("the connection broke")
	from := bufio.NewReader(io.MultiReader(strings.NewReader("a\r\n"), iotest.ErrReader(broken)))
	reader := envelope.NewDataReader(from, 0)
	for range 2 {
		if _, err := io.ReadAll(reader); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
}

// plainData is a model of DataReader that reads one octet at a time.
func plainData(from *bufio.Reader) (message []byte, err error) {
	line := []byte{} // from its beginning, after CRLF
	for {
		c, err := from.ReadByte()
		if err != nil {
			return append(message, bytes.TrimPrefix(line, []byte("."))...), io.ErrUnexpectedEOF
		}
		line = append(line, c)
		if !bytes.HasSuffix(line, []byte("\r\n")) {
			continue
		}
		if string(line) == ".\r\n" {
			return message, nil
		}
		message = append(message, bytes.TrimPrefix(line, []byte("."))...)
		line = line[:0]
	}
}

func FuzzDataReader(f *testing.F) {
	for _, seed := range []string{"a\r\n.\r\nb", ".\r\n", "\r\n.\r.\r\n..\r\n.\r\n", "\n.\n\r\n.\r\n", "\r\r\n.\r\n"} {
		f.Add([]byte(seed), 7)
	}
	f.Fuzz(func(t *testing.T, sent []byte, block int) {
		want, wantErr := plainData(bufio.NewReader(bytes.NewReader(sent)))
		from := bufio.NewReaderSize(bytes.NewReader(sent), 16)
		reader := envelope.NewDataReader(from, 0)
		var got []byte
		var err error
		for p := make([]byte, 1+uint(block)%64); err == nil; {
			var n int
			n, err = reader.Read(p)
			got = append(got, p[:n]...)
		}
		if err == io.EOF {
			err = nil
		}
		if err != nil { // of a last line that may be the end nothing is read
			want = bytes.TrimSuffix(want, []byte("\r"))
			got = bytes.TrimSuffix(got, []byte("\r"))
		}
		if !bytes.Equal(got, want) || !errors.Is(err, wantErr) {
			t.Errorf("%q: got %q and %v, want %q and %v", sent, got, err, want, wantErr)
		}
	})
}

// It is compared with the readers of net/textproto and of a plain loop, which look at
// each octet, as go-smtp does.
func BenchmarkData(b *testing.B) {
	line := strings.Repeat("x", 70) + "\r\n"
	sent := []byte(strings.Repeat(line, 100<<10/len(line)) + ".\r\n")
	buffer := make([]byte, 32<<10)
	for name, read := range map[string]func(*bufio.Reader) io.Reader{
		"DataReader": func(r *bufio.Reader) io.Reader { return envelope.NewDataReader(r, 0) },
		"textproto":  func(r *bufio.Reader) io.Reader { return textproto.NewReader(r).DotReader() },
	} {
		b.Run(name, func(b *testing.B) {
			source := bytes.NewReader(sent)
			from := bufio.NewReaderSize(source, 4096)
			b.SetBytes(int64(len(sent)))
			b.ReportAllocs()
			for b.Loop() {
				source.Reset(sent)
				from.Reset(source)
				r := read(from)
				for {
					if _, err := r.Read(buffer); err != nil {
						break
					}
				}
			}
		})
	}
}
