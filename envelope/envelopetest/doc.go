// Package envelopetest has the suites that hold an implementation to what
// package envelope says of it: TestResolver for a Resolver of one's own, and
// TestCheck for a Check of one's own. Call them from a test.
//
//	func TestContract(t *testing.T) {
//		envelopetest.TestCheck(t, bounce.Wanted, dns, &good, &bad)
//	}
//
// Both run what they test under the law that the judge relies on (RFC 5321,
// section 4.2.1, tells a client to come back after a 4yz reply, and never after
// a 5yz one): whatever can't be known is temporary, and never counts as an
// answer.
//
// The suites know nothing of a single check: that it finds the right thing is
// for its own tests to show. They don't see what a check writes elsewhere,
// either; that it keeps to Commit is a test of its store.
package envelopetest
