// Package envelope defines the types that all packages of this library share: what
// is known of an SMTP transaction, a question about it, and the answer.
//
// A server learns of a transaction step by step (RFC 5321, section 3.3): an
// address, a HELO name, a sender, a recipient, a message. A decision must
// distinguish facts that are not known yet, facts that are not known now because
// DNS failed, and facts that will never be known. A server that confuses them
// rejects good mail because of a timeout, or accepts bad mail. Here each has its own
// outcome.
//
// # Envelope and Stage
//
// An [Envelope] holds what is known, for one recipient, as a plain value. Its
// [Stage] is how far the transaction has come; the zero value means that everything
// is known, so that an envelope in a test is one literal. Addresses are in the form
// of RFC 5321, or of RFC 6531 with SMTPUTF8, and are parsed by the functions below.
// [JSON] is the form of an envelope in files.
//
// # Check and Finding
//
// A [Check] is a function from an envelope to a [Finding]. It keeps no state and
// writes nothing, so that it may run twice, early, as a trial, or concurrently with
// others. A judge that acts on a finding calls its Commit.
//
// The [Outcome] of a finding is one of RFC 8601 (None, Pass, Fail, PermError) or one
// of two that are unknown. Pending: the envelope has not come far enough. TempError:
// DNS or a store failed. A finding without an outcome counts as TempError, so that a
// mistake in a check never accepts mail. A finding that fails has a [Status], which
// is a reply code with its enhanced code (RFC 3463), and a Text that says what was
// seen, in which the values of a peer are cleaned. A refusal adds the Advice of the
// finding, and a tempfail adds its Retry.
//
// [All], [Any] and [Not] combine checks; an unknown outcome that cannot change the
// result is ignored. [At] makes a check from a function. [Once] shares work between
// the checks of one judgement. [Check.Validate] finds misconfigured checks before the
// first mail.
//
// # Concurrent checks
//
// Most of the time of a judgement is spent waiting for DNS, so a judge does not ask
// one check after another. It starts a check as soon as every check before it has
// finished or waits for DNS, a store or a directory. Findings are still used in the
// order of the rules, so the verdict is the same as if each check had waited for the
// one before it. Checks that finish without waiting run one at a time, and a check
// after one that decides without waiting never starts. verdict.Policy.Sequential
// turns this off.
//
// The author of a check needs to know four things:
//
//   - A check runs concurrently with others, and its result may be discarded: its
//     context is cancelled when an earlier rule decides. It must not write; see
//     Commit.
//   - Questions to DNS count as waiting without further code, and so do sets and
//     directories that are asked with their methods. Any other call that waits, such
//     as one of a database, belongs in [Wait], or in [Consult] if it does not always
//     wait.
//   - A check with several independent questions asks them with [Concurrently], so
//     that they are sent together and their results are used in order.
//   - Work that several checks need belongs in [Once]. Concurrent callers of one key
//     wait for the first.
//
// # Resolver
//
// Checks ask DNS through a [Resolver], such as a *net.Resolver. Its contract has
// names in one form and errors of two kinds, not found and temporary. [LookupIP],
// [LookupPTR], [LookupMX], [LookupTXT], [LookupCNAME] and [Exists] convert names and
// errors to these forms.
//
// # Names and addresses
//
// [ParseHost], [ParseMailbox] and [ParseLiteral] parse what peers write (RFC 5321,
// sections 4.1.2 and 4.1.3) into values that can be compared: a [Host] has one form,
// and a [Mailbox] has separate local part and domain. They accept any input, in linear
// time, and their errors say what is wrong. Package net/mail is not used for paths,
// because it parses addresses in header fields (RFC 5322): it accepts display names
// and comments, and no source routes.
//
// # Patterns
//
// Hosts and mailboxes are selected by patterns, in one grammar for all checks,
// directories and options:
//
//	example.org       the host of that name; every mailbox of that domain
//	.example.org      every host below it, but not itself; their mailboxes
//	@example.org      the same as without the @, for mailboxes only
//	[192.0.2.1]       every mailbox at that address literal
//	ann@example.org   that mailbox, in any letter case
//	postmaster        the one recipient without a domain
//
// Names and mailboxes in patterns are parsed with [ParseHost] and [ParseMailbox].
// Sets of hosts take the first two forms ([ParseHostSet]), sets of mailboxes take
// all. There are no other wildcards. A check with a pattern that does not parse is
// misconfigured. For sets that patterns cannot describe, checks take a [Set].
//
// # What it does not do
//
// It has no rules and gives no verdict: see package verdict. It has no checks: they
// are in packages such as helo and rdns. It speaks no SMTP and logs nothing. Of a
// message it finds the end of the header and parses nothing.
package envelope
