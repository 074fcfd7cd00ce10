// Package envelopetest tests implementations of the types of package envelope.
// [TestCheck] and [TestResolver] are conformance suites for a Check and a Resolver.
// [Case], [Expect], [Says], [Answers] and [Rounds] help to test a single check.
//
// The suites test what a judge relies on. After a 5yz reply a client gives up, after a
// 4yz reply it tries again (RFC 5321, section 4.2.1). So a lookup that failed must
// never count as one that found nothing (NXDOMAIN or an empty answer: RFC 2308, section
// 2), and an answer must not change when more of the envelope becomes known. Each suite
// runs small cases; a case that fails reports what it got.
//
// TestCheck does not test that a check finds the right thing: use Case for that.
// TestResolver does not test which servers a resolver asks. The suites do not detect
// that a check writes something outside of its Commit.
package envelopetest
