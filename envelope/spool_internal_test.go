package envelope

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// If the file of a message is truncated, every reader returns an error and
// not a shorter message.
func TestATruncatedSpoolIsAnError(t *testing.T) {
	const text = "Subject: a letter\r\n\r\n"
	m, err := Spool{Memory: 1, Dir: t.TempDir()}.ReadMessage(strings.NewReader(text + strings.Repeat("a", 1000)))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if got, err := io.ReadAll(m.Body()); len(got) != 1000 || err != nil {
		t.Fatalf("before: %d octets, %v", len(got), err)
	}
	if err := m.content.(spooled).Truncate(500); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]io.Reader{"body": m.Body(), "whole": m.Open()} {
		if _, err := io.ReadAll(r); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
