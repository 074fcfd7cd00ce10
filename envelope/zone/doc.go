// Package zone provides an [envelope.Resolver] for tests. It answers from a text in
// the format of master files (RFC 1035, section 5), records the questions that
// it gets, and fails, delays or changes its answers on demand.
//
//	dns := zone.MustParse(`
//		example.org.       MX    10 mail.example.org.
//		mail.example.org.  A     192.0.2.1
//		                   AAAA  2001:db8::1
//	`).Failing("example.net. MX", zone.SERVFAIL)
//
// The text is the whole DNS. There are no delegations: a name that is not in the
// text does not exist, whatever NS and SOA records the text has. A question is
// answered as in RFC 1034, section 4.3.2, without referrals:
//
//   - with the records of the name,
//   - if the name does not exist, with those of the wildcard below its closest
//     encloser (RFC 4592, section 3.3.1),
//   - if the name is an alias, with the records of its target.
//
// A name exists if a name below it exists, even without a record of its own: a
// question for it is NODATA and not NXDOMAIN (RFC 8020).
//
// Names in questions are read as in a master file (RFC 1035, section 5.1): \DDD is
// the octet with that number, a backslash before another character is that
// character, and every other octet is itself. So questions for
// o'brien._spf.example and "john doe._spf.example" work. U-labels in questions are
// octets too, as for a name server: checks convert them to A-labels before they
// ask.
//
// [Zone.Serve] serves a Zone on a loopback port, so that other resolvers can be
// tested. A Zone and its Server give the same answers.
//
// The package does not support DNSSEC, DNAME, zone transfers and updates. It is for
// tests and demonstrations, not for production.
package zone
