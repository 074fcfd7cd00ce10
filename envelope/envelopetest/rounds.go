package envelopetest

import (
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// Rounds returns the number of round trips to DNS that a check waits for: questions
// that are sent together count once. It runs the check in a bubble of testing/synctest,
// in which every answer of dns takes a second, and fails if a goroutine of the check
// does not end. A question to a set or a directory counts if it waits a second.
//
//	if n := envelopetest.Rounds(t, rdns.Confirmed, dns, e); n != 2 { ... }
func Rounds(t *testing.T, check envelope.Check, dns *zone.Zone, e *envelope.Envelope) (rounds int) {
	t.Helper()
	dns.Delaying("*.", time.Second)
	defer dns.Delaying("*.", 0)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		check(t.Context(), dns, e)
		rounds = int(time.Since(began) / time.Second)
	})
	return rounds
}
