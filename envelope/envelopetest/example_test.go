package envelopetest_test

import (
	"context"
	"fmt"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
)

// hasMX is a custom check: the HELO name has an MX record.
var hasMX = envelope.At("greeting.hasmx", envelope.Helo,
	func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch _, err := envelope.LookupMX(ctx, r, e.Helo); {
		case err == nil:
			return envelope.Passed("")
		case envelope.NotFound(err):
			return envelope.Failed("", envelope.Status{Code: 550, Subject: 7, Detail: 1},
				"the HELO name %s has no MX record", e.Helo)
		default:
			return envelope.Temporary("", err)
		}
	})

// testHasMX tests that the check keeps the contract. In a test file it is named
// TestHasMX.
func testHasMX(t *testing.T) {
	dns := zone.MustParse(`example.org. MX 10 mail.example.org.`)
	envelopetest.TestCheck(t, hasMX, dns,
		&envelope.Envelope{Helo: "example.org"},
		&envelope.Envelope{Helo: "nowhere.example.org"},
	)
}

// testHasMXFinds tests the findings of the check: one row for each kind of HELO name,
// with its questions to DNS.
func testHasMXFinds(t *testing.T) {
	dns := zone.MustParse(`
		example.org.     MX 10 mail.example.org.
		www.example.org. A  192.0.2.1
	`).Failing("broken.example.org.", zone.SERVFAIL)
	refused := envelope.Status{Code: 550, Subject: 7, Detail: 1}
	for _, tc := range []envelopetest.Case{
		{Name: "an MX record", Envelope: greeting("example.org"), Outcome: envelope.Pass, Asks: "MX"},
		{Name: "no MX record", Envelope: greeting("www.example.org"), Outcome: envelope.Fail, Status: refused,
			Says: "the HELO name www.example.org has no MX record", Asks: "MX"},
		{Name: "a failed lookup", Envelope: greeting("broken.example.org"), Outcome: envelope.TempError, Asks: "MX"},
	} {
		tc.Run(t, hasMX, dns)
	}
}

func greeting(name string) *envelope.Envelope { return &envelope.Envelope{Helo: name} }

// A check, its tests, and what a judge knows of it before the first mail: its name and
// the stage from which it answers.
func Example() {
	name, from := hasMX.Describe()
	fmt.Println(name, from)
	// Output: greeting.hasmx helo
}
