// Package envelopetest tests implementations of package envelope: TestCheck a Check,
// TestResolver a Resolver. Case, Expect, Says, Answers and Rounds are for the tests of
// one check.
//
// The suites test what a judge relies on. A 5yz reply makes a client give up, and a
// 4yz reply makes it try again (RFC 5321, section 4.2.1). So a lookup that failed must
// never count as one that found nothing (NXDOMAIN or an empty answer: RFC 2308, section
// 2), and an answer must not change when more of the envelope becomes known. Each suite
// runs small cases; a case that fails says what it saw.
//
// TestCheck does not test that a check finds the right thing: use Case for that.
// TestResolver does not test which servers a resolver asks. The suites do not see what
// a check writes other than by its Commit.
package envelopetest
