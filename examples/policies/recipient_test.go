package policies

import (
	"context"
	"errors"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
)

func TestRecipientChecksKeepTheContract(t *testing.T) {
	ours, err := readDomains([]string{"example.org"})
	if err != nil {
		t.Fatal(err)
	}
	listed := func(_ context.Context, m envelope.Mailbox) (bool, error) {
		if m.Local == "broken" {
			return false, errors.New("the directory is down")
		}
		return m.Local == "bob", nil
	}
	var envelopes []*envelope.Envelope
	for _, to := range []string{"bob@example.org", "nobody@example.org", "broken@example.org", "bob@example.com",
		"@a.example:bob@example.org", "bob%a.example@example.org", "postmaster", "no address", "bücher@example.org"} {
		envelopes = append(envelopes, &envelope.Envelope{RcptTo: to}, &envelope.Envelope{RcptTo: to, SMTPUTF8: true})
	}
	t.Run("ours", func(t *testing.T) { envelopetest.TestCheck(t, recipientOurs(ours), nil, envelopes...) })
	t.Run("listed", func(t *testing.T) { envelopetest.TestCheck(t, recipientListed(ours, listed), nil, envelopes...) })
	t.Run("without a directory", func(t *testing.T) { envelopetest.TestCheck(t, recipientListed(ours, nil), nil, envelopes...) })
}
