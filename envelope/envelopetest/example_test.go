package envelopetest_test

import (
	"context"
	"fmt"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
)

// hasMX is a check of one's own: the name in the greeting has an MX record.
var hasMX = envelope.At("greeting.hasmx", envelope.Helo,
	func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		switch _, err := envelope.LookupMX(ctx, r, e.Helo); {
		case err == nil:
			return envelope.Passed("")
		case envelope.NotFound(err):
			return envelope.Failed("", envelope.Status{Code: 550, Subject: 7, Detail: 1},
				"the name %s given with HELO has no MX record", e.Helo)
		default:
			return envelope.Temporary("", err)
		}
	})

// testHasMX is the test that holds it to the contract. In a file of tests it
// is called TestHasMX.
func testHasMX(t *testing.T) {
	dns := zone.MustParse(`example.org. MX 10 mail.example.org.`)
	envelopetest.TestCheck(t, hasMX, dns,
		&envelope.Envelope{Helo: "example.org"},
		&envelope.Envelope{Helo: "nowhere.example.org"},
	)
}

// testHasMXFinds is the test that it finds the right thing: one row for each kind
// of greeting, with the questions that it costs.
func testHasMXFinds(t *testing.T) {
	dns := zone.MustParse(`
		example.org.     MX 10 mail.example.org.
		www.example.org. A  192.0.2.1
	`).Failing("broken.example.org.", zone.SERVFAIL)
	refused := envelope.Status{Code: 550, Subject: 7, Detail: 1}
	for _, tc := range []envelopetest.Case{
		{Name: "an MX record", Envelope: greeting("example.org"), Outcome: envelope.Pass, Asks: "MX"},
		{Name: "no MX record", Envelope: greeting("www.example.org"), Outcome: envelope.Fail, Status: refused,
			Says: "the name www.example.org given with HELO has no MX record", Asks: "MX"},
		{Name: "a lookup that fails", Envelope: greeting("broken.example.org"), Outcome: envelope.TempError, Asks: "MX"},
	} {
		tc.Run(t, hasMX, dns)
	}
}

func greeting(name string) *envelope.Envelope { return &envelope.Envelope{Helo: name} }

// A check, its test, and what the suite begins with: the name of the check and
// the stage from which it answers.
func Example() {
	name, from := hasMX.Describe()
	fmt.Println(name, from)
	// Output: greeting.hasmx helo
}
