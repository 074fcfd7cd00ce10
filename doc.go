// Package mxrules documents a library of SMTP acceptance rules. The package has
// no code; its test files have the examples of whole policies.
//
// A program that receives mail must decide, before it takes responsibility for a
// message, whether to accept it, to ask the client to try again later, or to
// reject it (RFC 5321, section 4.2.5). With mxrules the program describes what it
// knows of a transaction in an Envelope, states its rules in order, and gets one
// Verdict with the reply to send.
//
//   - Package envelope has the terms that all packages share: Envelope, Stage,
//     Resolver, Finding and Check.
//   - A check answers one question about an envelope. It depends only on the
//     envelope, on DNS and on the clock. There are checks on the client
//     (envelope/client), on its HELO name (helo), on its reverse name (rdns), on
//     DNS lists (rdns/dnsbl), on the sender and the recipient (envelope/sender,
//     envelope/recipient), on SPF (spf), on the message and its author
//     (envelope/message, dmarc), on whether the mail was tried before (greylist), on
//     how much there was (greylist/quota), and on how it was answered
//     (greylist/reputation). Any function of type envelope.Check is a check.
//   - Package verdict makes rules of checks and judges envelopes by them. A server
//     has a verdict.Session for each connection.
//   - Package verdict/gosmtp puts a policy before a go-smtp backend, and
//     verdict/headers writes Authentication-Results and Received-SPF.
//     verdict/explain says what a refusal means and how to fix it.
//     verdict/picture draws a policy, and verdict/waterfall what a verdict waited for.
//     verdict/analysis proves what a policy does without mail, and
//     verdict/analysis/specimen makes mail for what was proven.
//     verdict/replay judges recorded mail again, also by another policy.
//     verdict/postfix makes a policy from the restrictions of a Postfix main.cf.
//   - A Resolver asks DNS. *net.Resolver works; envelope/resolver adds a cache,
//     failover and shared questions.
//   - For tests, envelope/zone is a DNS in memory that fails on request, and
//     envelope/envelopetest has conformance suites for checks and resolvers. Package
//     verdict/scenario tests policies with SMTP conversations as text.
//     verdict/judge makes a command that explains the policies of a site.
//
// A check package depends neither on package verdict nor on other checks, except
// that dmarc uses spf, and greylist/identity uses spf and rdns. A program that
// needs one check imports two packages.
//
// The programs in the directory examples judge envelopes on the command line (judge) and
// receive mail (mx). Package examples/policies has policies to start from.
//
// # Differences from Postfix
//
// The README has a table of Postfix restrictions and their rules. These differ on
// purpose:
//
//   - A bare 1.2.3.4 as HELO name is a syntax error: an address needs brackets
//     (RFC 5321, section 4.1.3).
//   - A final dot in a name makes no difference.
//   - A DNS answer REFUSED defers: it is a fault of the resolver, not of the
//     sender.
//   - A null MX does not make a HELO name resolve (RFC 7505).
//   - Only the accepted codes of a DNS list are listings.
//   - Unknown names are rejected permanently, unless the rule is TempFailUnless.
//   - A rejection for DMARC has the code 5.7.26 (RFC 7372).
package mxrules
