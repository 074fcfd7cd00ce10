// Package mxrules is the door to a library of SMTP acceptance rules. It holds
// no code of its own; this page is the tour.
//
// Whoever receives mail must decide, before taking a message, whether to
// accept it, to ask for another try, or to refuse it (RFC 5321). mxrules lets a
// program say how: it describes what it knows of a transaction in an Envelope,
// states its rules in order, and gets one Verdict with the reply to send.
//
//   - Package envelope has the shared words: Envelope, Stage, Resolver, Finding
//     and Check. Everything else speaks in them.
//   - A check answers one question about an envelope. It is a pure function of
//     the envelope and of DNS. There are checks on who connects
//     (envelope/client), on the greeting (helo), on the name of the client's
//     address (rdns), on DNS lists (rdns/dnsbl), on the sender and the recipient
//     (envelope/sender, envelope/recipient), on what the sender's domain
//     allows (spf), on the message and its author (envelope/message, dmarc), and
//     on whether a stranger comes back (greylist). A check of one's own is a
//     function.
//   - Package verdict puts checks into rules, tries the rules in order with
//     whatever is known so far, and gives the verdict with its trace.
//   - Package verdict/gosmtp puts a policy in front of a go-smtp backend, and
//     verdict/headers writes what was found into the header of the message.
//   - A Resolver asks DNS: *net.Resolver will do, envelope/resolver is made for
//     mail servers.
//   - For tests, envelope/zone is a DNS in memory that fails as it is told, and
//     envelope/envelopetest has the suites that hold checks and resolvers to
//     their contracts.
//
// Packages are independent: a program that wants one check imports two
// packages, and gets nothing that it did not ask for.
//
// The programs under examples judge envelopes on the command line (judge) and
// receive mail (mx), and examples/policies has rules to start from.
package mxrules
