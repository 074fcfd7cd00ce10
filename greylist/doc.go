// Package greylist delays the first mail of unknown senders: greylisting (RFC
// 6647).
//
// A mail server keeps a queue and retries a delivery that failed temporarily
// (RFC 5321, section 4.5.4.1). Much software that sends spam does not.
// Greylisting therefore answers a first attempt with 451 4.7.1 and accepts a
// later one. Wanted mail is delayed once for each pair of sender and recipient.
// Spam that is retried arrives later, when its source may be on a block list.
//
// # How it works
//
// [Known] looks up the triplet of a message: the identity of the sending
// system, the sender address and the recipient address. The state of the
// triplet decides:
//
//   - first sight: the triplet is unknown. Known fails.
//   - too early: a retry before Delay (5 minutes). Known fails. Early retries
//     do not extend the delay.
//   - returned: a retry after Delay and within Window (24 hours). Known passes.
//     The triplet is now good: it stays known for Lifetime (36 days). A retry
//     after Window is a first sight again.
//   - remembered: the triplet is good. Known passes, and Lifetime begins anew.
//   - promoted: the triplet is new, but its identity has Promote (5) good
//     triplets. Known passes, and the triplet is good.
//
// The identity is by default the client's [Network]. Large senders retry from
// several networks, and the delay would begin anew in each of them. Package
// greylist/identity recognizes such senders by their SPF domain or the domain of
// their reverse name.
//
// Many senders use a different address for each message. Before comparison,
// sender addresses are normalized:
//
//   - Letters become lower case.
//   - The changing parts of BATV and SRS addresses are removed.
//   - The detail of a subaddress is removed (RFC 5233).
//   - Numbers, as in variable envelope return paths (VERP), become "#".
//
// # Records
//
// A [Store] holds one [Record] for each triplet and each identity. [Memory]
// keeps records in this process and loses them when it exits;
// greylist/bolt keeps them in a file, greylist/redis on a server that several
// mail servers share. Mail servers that see retries of the same message need
// one shared store, or must exchange records; records merge without conflict
// ([Record.Merge]).
//
// Packages greylist/quota and greylist/reputation use the same stores, with keys of
// their own.
//
// A store contains no addresses. Its keys are hashes with a [Secret]: without a
// secret, anyone who holds the store could test whether an address is in it.
//
// A known triplet is written at most 100 times within Lifetime, because mail of
// known senders is most of the mail, and a write may wait for a disk. A triplet
// may therefore expire up to a hundredth of Lifetime early.
//
// A wrong clock has no lasting effect. After a step backwards, a waiting sender
// waits for at most one more Delay, and a known sender remains known.
//
// # Which mail to greylist
//
// Greylisting also delays wanted mail, such as login codes that expire within
// minutes. Apply it only to suspicious clients, and try it first with a rule
// that marks:
//
//	verdict.TempFailUnless(greylist.Known(store, options)).Unless(rdns.NotGeneric)
//	verdict.MarkUnless(greylist.Known(store, options), "grey")
//
// Both rules record what they see. A shadow rule does not, because it must have no
// effect on other mail. Accept authenticated clients before the rule (RFC 6647,
// section 5). Reject unknown recipients before it: otherwise their senders retry
// in vain. Put the rule before rules that need the message, such as those with
// dmarc.NotReject or message.WellFormed: a Pending rule that can reject delays the
// tempfail to DATA, after the message has been sent.
//
// # Limits
//
// The package does not examine content and has no allow list. To exempt mail,
// accept it in an earlier rule, give the rule a condition, or write to the store
// ([Register]). A store or an identity that fails is a TempError.
package greylist
