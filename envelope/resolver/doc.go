// Package resolver asks DNS for a mail server: it is the [envelope.Resolver]
// for production.
//
// What a mail server decides is what DNS says, and the time it takes is DNS
// round trips. *net.Resolver keeps to the contract of envelope.Resolver, but it
// hides whether a name does not exist or only lacks the record asked for, asks
// for A and AAAA together, forgets every answer and asks the same question as
// often as it is put. This one is a stub resolver (RFC 1034, section 5.3.1) with
// a memory, made of four layers:
//
//   - A question in normal form goes to the cache first. Answers are kept as
//     long as they say (RFC 1035, section 3.2.1; RFC 2308 for what does not
//     exist), but for 5 seconds at least, also with a TTL of 0, so that the
//     checks of one message see the same, and for no longer than an hour, or 15
//     minutes for what does not exist. What does not exist is not kept if no SOA
//     record says for how long. All take no more memory than Config says.
//   - Equal questions that are open share one exchange. It ends when nobody waits
//     for it any more, so that one caller who leaves takes nothing from others.
//   - An exchange goes from server to server, those that failed of late last,
//     until one gives an answer that settles the question. It goes over UDP with
//     a fresh port and ID (RFC 5452) and EDNS (RFC 6891), and over TCP where the
//     answer was too long (RFC 7766).
//   - A reply counts if it bears the ID and the question. Of its records count
//     those of the name asked for, and of the names that its aliases lead to.
//
// A failure is never taken for an answer: whatever is not a clear "no such
// name" or "no such record" is temporary.
//
// # When servers misbehave
//
// What does not bear the ID and the question of a query is read over, however
// much of it comes. What does not come over UDP as a whole, with TC set or
// without, or can't be read, is asked for again over TCP. A server is given
// up, and the next one asked, when its time is up, when it refuses or breaks
// a connection, answers with any code but NOERROR and NXDOMAIN, refers to
// other servers, answers for other names or types, or has nothing to say and
// neither has the zone nor is recursive, and when its reply over TCP is cut
// off or is to another question. FORMERR and NOTIMP are first answered by the
// same query without EDNS (RFC 6891, section 7). When every server has been
// tried as often as Config says, the question has failed, by timeout if that
// was the last thing to happen. More than 10 aliases, in a loop or not, a
// record without data, and records of a name that does not exist are failures
// too. Of more than 1,000 records the first 1,000 count.
// A name that no zone can hold is not found, and nothing is asked. All others
// are asked for, whatever octets they have: a backslash in a name means what it
// means in a master file (RFC 1035, section 5.1), and U-labels are octets.
//
// Failures are kept for 5 seconds (RFC 9520), so that a name that can't be
// resolved does not cost its time again for each check that asks.
//
// # What it does not do
//
// The servers must be recursive resolvers: the package follows aliases, but
// no delegations. It does not validate DNSSEC. A server that does, at best
// one on the same machine, answers SERVFAIL for what is forged, which is a
// temporary failure here if every server asked does so: one that does not
// validate, beside others that do, undoes their work. It applies no search
// list, reads no file of hosts, and asks over plain DNS only, without 0x20
// and cookies: the way to the servers should be a trusted one. It logs
// nothing: Stats and Config.OnExchange tell what happens.
package resolver
