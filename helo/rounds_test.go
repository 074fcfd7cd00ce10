package helo_test

import (
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/helo"
)

// A, AAAA and MX are asked for together.
func TestResolvesTakesOneRound(t *testing.T) {
	for _, name := range []string{"mail.example.org", "six.example.org", "mx.example.org", "nowhere.example.org", "last.example.org"} {
		t.Run(name, func(t *testing.T) {
			if got := envelopetest.Rounds(t, helo.Resolves, world(), &envelope.Envelope{Helo: name}); got != 1 {
				t.Errorf("%d rounds", got)
			}
		})
	}
}
