package envelopetest

import (
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// Rounds returns how many questions in a row a check waits for: questions that go
// out together count once. So a client waits Rounds times as long as for one
// answer. It runs the check in a bubble of testing/synctest, in which every answer
// of dns takes a second, and therefore fails if a goroutine of the check does not
// end. A question to a set or a directory counts if it waits as long.
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
