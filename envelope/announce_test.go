package envelope_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"mxrules.example/envelope"
)

// A message is announced when its header has come, with its header alone. What is read
// in the end does not depend on it.
func TestReadMessageAnnouncesTheHeader(t *testing.T) {
	long := "X: " + strings.Repeat("x", 1<<20) + "\r\n"
	for _, tc := range []struct {
		name, header, rest string
		announced          bool
	}{
		{"a message", "From: ann@example.org\r\n\r\n", "Good morning!\r\n", true},
		{"no body", "From: ann@example.org\r\n\r\n", "", true},
		{"no header", "\r\n", "Good morning!\r\n", true},
		{"lines that end with LF", "From: ann@example.org\n\n", "Good\n\nmorning!\n", true},
		{"a header that does not end", "From: ann@example.org\r\n", "", false},
		{"a line of blanks", "From: ann@example.org\r\n \r\n\r\n", "Good morning!\r\n", true},
		{"a line of CR", "From: ann@example.org\r\n\r\r\n\r\n", "Good morning!\r\n", true},
		{"a long body", "From: ann@example.org\r\n\r\n", strings.Repeat("Good morning!\r\n\r\n", 1000), true},
		{"a header that is too long", long, "\r\nGood morning!\r\n", false},
		{"nothing", "", "", false},
	} {
		for name, reader := range map[string]func(io.Reader) io.Reader{
			"at once":          func(r io.Reader) io.Reader { return r },
			"octet by octet":   iotest.OneByteReader,
			"the end together": iotest.DataErrReader,
		} {
			t.Run(tc.name+"/"+name, func(t *testing.T) {
				raw := tc.header + tc.rest
				var announced []*envelope.Message
				m, err := envelope.Spool{
					Memory: 100, Dir: t.TempDir(),
					Header: func(m *envelope.Message) { announced = append(announced, m) },
				}.ReadMessage(reader(strings.NewReader(raw)))
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				wantRead(t, "the message", m.Open(), raw)
				if (len(announced) == 1) != tc.announced || len(announced) > 1 {
					t.Fatalf("announced %d times", len(announced))
				}
				for _, a := range announced {
					if string(a.Header()) != tc.header || string(m.Header()) != tc.header {
						t.Errorf("announced the header %.100q, and read %.100q", a.Header(), m.Header())
					}
					wantRead(t, "the body that has not come", a.Body(), "")
				}
			})
		}
	}
}

// Only an envelope at Rcpt has a message that is arriving.
func TestArriving(t *testing.T) {
	var announced *envelope.Message
	whole, err := envelope.Spool{Header: func(m *envelope.Message) { announced = m }}.ReadMessage(strings.NewReader("A: b\r\n\r\nc"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		stage   envelope.Stage
		message *envelope.Message
		want    bool
	}{
		{envelope.Mail, announced, false},
		{envelope.Rcpt, nil, false},
		{envelope.Rcpt, whole, false},
		{envelope.Rcpt, announced, true},
		{envelope.Data, announced, false},
		{envelope.Whole, announced, false},
	} {
		e := envelope.Envelope{Stage: tc.stage, Message: tc.message}
		if got := e.Arriving(); got != tc.want {
			t.Errorf("at %v with %v: %t", tc.stage, tc.message, got)
		}
	}
}

// What was computed from the header need not be computed again.
func TestAnAnnouncedMessageSharesItsResults(t *testing.T) {
	type key struct{}
	computed := 0
	compute := func(m *envelope.Message) int {
		n, _ := envelope.OncePerMessage(context.Background(), m, key{}, func() (int, error) {
			computed++
			return len(m.Header()), nil
		})
		return n
	}
	m, err := envelope.Spool{Header: func(m *envelope.Message) { compute(m) }}.ReadMessage(strings.NewReader("A: b\r\n\r\nc"))
	if n := compute(m); err != nil || n != 8 || computed != 1 {
		t.Errorf("%d octets, computed %d times, %v", n, computed, err)
	}
	m.Close()
	if compute(m); computed != 2 {
		t.Errorf("computed %d times after Close", computed)
	}
}

// A reader that fills its buffer before it returns, like that of go-smtp, delays the
// announcement by little.
func TestReadMessageReadsAHeaderInSmallSteps(t *testing.T) {
	r := strings.NewReader("A: b\r\n\r\n" + strings.Repeat("x", 100_000))
	read := -1
	_, err := envelope.Spool{Header: func(*envelope.Message) { read = int(r.Size()) - r.Len() }}.ReadMessage(r)
	if err != nil || read < 8 || read > 200 {
		t.Error(fmt.Sprint("announced after ", read, " octets, ", err))
	}
}
