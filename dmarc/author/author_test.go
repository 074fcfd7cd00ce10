package author_test

import (
	"errors"
	"strings"
	"testing"

	"mxrules.example/dmarc/author"
	"mxrules.example/envelope"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct{ value, want string }{
		{" user@example.org", "user@example.org"},
	} {
		got, err := author.Parse(tc.value)
		if err != nil || list(got) != tc.want {
			t.Errorf("%q: %s, %v; want %s", tc.value, list(got), err, tc.want)
		}
	}
}

func TestOf(t *testing.T) {
	_, err := author.Of(envelope.NewMessage([]byte("Subject: x\r\n\r\n")))
	if !errors.Is(err, author.ErrNone) {
		t.Error(err)
	}
}

func list(authors author.Authors) string {
	var texts []string
	for _, mailbox := range authors {
		texts = append(texts, mailbox.String())
	}
	return strings.Join(texts, ", ")
}
