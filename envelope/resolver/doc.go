// Package resolver provides the [envelope.Resolver] for production: a stub
// resolver (RFC 1034, section 5.3.1) with a cache.
//
// Most of the time of a judgement is spent waiting for DNS, and the checks of a
// message repeat many questions. *[net.Resolver] satisfies envelope.Resolver,
// but it cannot tell NXDOMAIN from NODATA, has no cache, and sends most equal
// questions once for each caller. A [Resolver] answers a question in four steps:
//
//   - It looks into the cache. An answer is kept for its TTL (RFC 1035, section
//     3.2.1), but for at least 5 seconds and at most an hour. The minimum makes
//     all checks of a message see the same answer, even one with the TTL 0.
//     NXDOMAIN and NODATA are kept for at most 15 minutes, and not at all if the
//     answer has no SOA record (RFC 2308). Failures are kept for 5 seconds (RFC
//     9520), so that a name whose servers are down delays a message once and not
//     once for each check. When the cache is full, the answer that was not used
//     for the longest time is removed.
//   - It joins an equal question that is already open. That lookup continues until
//     its last caller has gone, so a caller whose context ends does not disturb
//     the others.
//   - It asks the servers in order, those that failed recently last, until one
//     gives a usable reply. A query goes over UDP, from a new port and with a
//     random ID (RFC 5452), with EDNS (RFC 6891), and over TCP if the reply does
//     not fit (RFC 7766).
//   - It takes from the reply the records of the name, and those of the names that
//     its aliases lead to (RFC 1034, section 5.3.3). All other records are
//     ignored.
//
// # Failures
//
// Only NOERROR and NXDOMAIN are answers. Everything else is a temporary failure: a
// *[net.DNSError] without IsNotFound. The Resolver tries the next server when one
//
//   - does not reply in time,
//   - refuses or resets the connection,
//   - replies with another code, such as SERVFAIL or REFUSED,
//   - returns a referral, or an empty reply although it is neither recursive nor
//     authoritative,
//   - replies with records of other names or types only,
//   - or, over TCP, sends a truncated or broken reply, or a reply to another query.
//
// After FORMERR and NOTIMP the query is repeated without EDNS first (RFC 6891,
// section 7). Over UDP, messages with another ID or question are ignored, and a
// reply that is truncated or cannot be decoded is requested again over TCP. The
// question fails when every server was tried Config.Attempts times; the failure is
// a timeout if the last try was one.
//
// A question fails as well if its answer has a chain of more than 10 aliases or
// a loop of them, a record without data, or NXDOMAIN beside records of the name.
// Records after the first 1,000 are ignored.
//
// A name that DNS cannot hold is not found, and no server is asked. Names are in
// the presentation format of RFC 1035, section 5.1: a backslash escapes, and a
// U-label is a sequence of octets.
//
// # Limits
//
// The configured servers must be recursive resolvers: the package follows aliases
// but no delegations. It does not validate DNSSEC. Use a validating resolver,
// preferably on the same host: it answers SERVFAIL for forged data, which is a
// temporary failure here. All configured servers must validate, because after
// SERVFAIL the next server is asked. The package sends plain DNS without cookies
// and without 0x20 encoding, so the network path to the servers should be trusted.
// It uses no search list and no hosts file.
//
// Messages are encoded and decoded by package github.com/miekg/dns. Its client is
// not used: it accepts any reply with the right ID, and does not retry.
//
// The package writes no log. Resolver.Stats counts what was asked and answered, and
// Config.OnExchange reports each message.
package resolver
