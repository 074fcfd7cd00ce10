// Package envelope holds the words that every part of this library shares: what
// is known of an SMTP transaction, the question that a check asks of it, and the
// answer.
//
// A server that decides about mail learns of a transaction bit by bit (RFC
// 5321, section 3.3): an address, a greeting, a sender, a recipient, a message.
// Whoever judges it must keep apart what is not known yet, what can't be known
// now because DNS failed, and what will never be known. Where these are mixed
// up, a server refuses good mail because of a timeout, or lets bad mail in. Here
// each has a word of its own.
//
// # Envelope and Stage
//
// An [Envelope] is what is known, for one recipient, as a plain value. Its
// [Stage] says how far the transaction has come; the zero value means that all
// is known that ever will be, so that in a test an envelope is one literal. It
// holds addresses as RFC 5321 writes them, or RFC 6531 where SMTPUTF8 was asked
// for, and leaves reading them to the parsers below. [JSON] is its form in files.
//
// # Check and Finding
//
// A [Check] is a function from an envelope to a [Finding]. It is pure: it keeps
// nothing and writes nothing, so that it can be run twice, early, for a trial or
// beside others without harm. The one who acts on a finding calls its Commit.
//
// The [Outcome] of a finding is a word of RFC 8601: None, Pass, Fail, PermError;
// or one of the two unknowns. Pending: the envelope has not come far enough.
// TempError: DNS or a store failed. A finding that was forgotten to be filled in
// counts as TempError, so that no mistake lets mail in. A finding that fails has
// a [Status], the reply code and the enhanced code of RFC 3463 in one, and a
// Text of what was seen, which is clean of whatever a peer put into it. What
// only a refusal says to the peer is its Advice, and what only a tempfail says
// is its Retry.
//
// [All], [Any] and [Not] make checks of checks, and an unknown that can't change
// the answer does not matter. [At] makes a check of one's own. [Once] shares work
// between the checks of one judgement.
//
// # Resolver
//
// Checks ask DNS through a [Resolver], of which *net.Resolver is one. Its
// contract is written there: names in one form, and errors of two kinds, not
// found and temporary. [LookupIP], [LookupPTR], [LookupMX], [LookupTXT] and
// [Exists] keep the caller's half of it.
//
// # Names and addresses
//
// [ParseHost], [ParseMailbox] and [ParseLiteral] read what peers write (RFC
// 5321, section 4.1.2 and 4.1.3) into values that can be compared: a [Host] has
// one form, and a [Mailbox] has its local part and its domain apart. Each takes
// any input, in time that grows with its length, and names what is wrong.
//
// # Patterns
//
// Hosts and mailboxes are named by patterns, in one grammar for all checks,
// directories and options:
//
//	example.org       the host of that name; every mailbox of that domain
//	.example.org      every host below it, and not itself; their mailboxes
//	@example.org      the same as without the @, for mailboxes only
//	[192.0.2.1]       every mailbox at that address literal
//	ann@example.org   that mailbox, in any letter case
//	postmaster        the one recipient without a domain
//
// Names and mailboxes in patterns are parsed as those of peers are, with
// SMTPUTF8. A set of hosts takes the first two forms ([ParseHostSet]), a set of
// mailboxes takes all. There are no other wildcards. A check with a pattern that
// can't be parsed is misconfigured, which [Validate] finds. Where patterns are not
// enough, a check takes a [Set].
//
// # What it does not do
//
// It holds no rules and gives no verdict: that is package verdict. It asks no
// questions of its own: the checks are in packages such as helo and rdns. It
// speaks no SMTP, logs nothing and counts nothing. It reads the header of a
// message no further than to its end.
package envelope
