// Package envelopetest has the suites that hold an implementation to what
// package envelope says of it: TestResolver for a Resolver, and TestCheck for
// a Check of one's own. Call them from a test.
//
// The suites know the law that a judge relies on, and no single check. A 5yz
// reply makes a client give up and a 4yz reply makes it come back (RFC 5321,
// section 4.2.1), so what can't be known for now must never count as known: a
// lookup that failed is not one that found nothing (NXDOMAIN, or an empty
// answer: RFC 2308, section 2), and an answer that was once given must not
// change when more of the envelope becomes known. Each suite plays a list of
// small cases, and each case says in words what it saw.
//
// That a check finds the right thing, and that a resolver asks the right
// servers, is for their own tests to show. What a check writes elsewhere than
// in its Commit the suites can't see.
package envelopetest
