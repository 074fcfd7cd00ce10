package helo_test

import (
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/helo"
)

// AAAA and MX are asked for together, after A.
func TestRoundsOfResolves(t *testing.T) {
	for name, want := range map[string]int{
		"mail.example.org": 1, "six.example.org": 2, "mx.example.org": 2, "nowhere.example.org": 2, "last.example.org": 2,
	} {
		t.Run(name, func(t *testing.T) {
			if got := envelopetest.Rounds(t, helo.Resolves, world(), &envelope.Envelope{Helo: name}); got != want {
				t.Errorf("%d rounds, want %d", got, want)
			}
		})
	}
}
