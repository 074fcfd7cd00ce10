// Package zone is a Resolver for tests: it answers from a text in the format of
// master files (RFC 1035, section 5), keeps a log of the questions it was
// asked, and fails, waits and changes its mind as a test wants it.
//
//	dns := zone.MustParse(`
//		example.org.       MX    10 mail.example.org.
//		mail.example.org.  A     192.0.2.1
//		                   AAAA  2001:db8::1
//	`).Failing("example.net. MX", zone.SERVFAIL)
//
// The text describes the whole world. There are no delegations: a name that
// is not in it does not exist, whatever NS and SOA records say. A question is
// answered by the algorithm of RFC 1034, section 4.3.2, without its referrals:
// the records of the name, else those of the wildcard below its closest
// encloser (RFC 4592, section 3.3.1), else those that the alias of the name
// leads to. A name that has names below it exists, even without a record of
// its own, so that it is NODATA and not NXDOMAIN (RFC 8020).
//
// A Zone, and the Server of it, give the same answers, whatever octets a name has.
// A name in a question is read as in a master file (RFC 1035, section 5.1): a
// backslash before three digits is the octet with that number, a backslash
// before another character is that character, and every other octet is itself,
// so that o'brien._spf.example and "john doe._spf.example" are found. U-labels
// in a question are octets too, because no server converts them: checks ask for
// A-labels.
//
// A Zone can also be served on a loopback port, so that other resolvers can be
// tested against it (Serve).
//
// The package knows nothing of DNSSEC, DNAME, zone transfers and updates. It is
// the place of tests and of demonstrations, not of production.
package zone
