// Package greylist asks those who are new to come back later: greylisting (RFC
// 6647).
//
// A mail server keeps a queue and tries again when it is told to (RFC 5321,
// section 4.5.4.1). Much software that sends spam does not. So mail of a sender
// that was never seen is refused for the moment, with 451 4.7.1, and let in when
// it is tried again after a while. It costs the honest a delay, once, and what
// comes back late enough may meanwhile be on a block list.
//
// # How it works
//
// What is remembered is a triplet: who sends, the sender, the recipient. It is
// kept under a [Key], a hash in which no address can be read. A first sight is
// refused. A retry after Delay (5 minutes) and within Window (24 hours) is let
// in, and the triplet remembered for Lifetime (36 days), which every further
// mail renews. A retry before that is refused again, and makes nothing worse;
// one after Window is a first sight. When an identity has Promote (5) triplets
// that came back, its new ones are let in at once.
//
// Who sends is an [Identity]. By default it is the client's [Network]. Large
// senders try again from another network each time, and would wait for hours:
// package greylist/identity tells them by their SPF domain or the domain of
// their reverse name, so that a pool of machines is one sender.
//
// Senders are folded before they are compared, so that a sender whose address
// differs from message to message is new only once: the signatures of BATV and
// SRS are taken out, and the detail of a sub-address (RFC 5233); numbers, such
// as variable return paths (VERP) have for a message or a subscriber, become #.
// Letter case does not matter.
//
// A clock that is wrong does no lasting harm: a step back makes nobody wait for
// more than Delay once again, and nobody who was let in is shut out by it. Two
// servers may see the first try and the second of one mail; they share a
// [Store], or exchange records, which merge without a conflict ([Record.Merge]).
//
// # Whom to ask it of
//
// Greylisting delays wanted mail too, such as codes for logging in that expire
// within minutes. So ask it only of those who give a reason, and try it out
// first with a rule that marks:
//
//	verdict.TempFailUnless(greylist.Known(store, options)).Unless(rdns.NotGeneric)
//	verdict.MarkUnless(greylist.Known(store, options), "grey")
//
// A rule that marks learns as one that defers does; a shadow rule never learns.
// Refuse unknown recipients by a rule before, or their senders are told to try
// again in vain; let users who are logged in through before (RFC 6647, section
// 5).
//
// # What it does not do
//
// It judges no content and keeps no allow list of its own: rules before it
// exempt whom they like, [Trusted] is a condition for other rules, and a
// [Register] can be written to by hand. [Memory] is lost with the program;
// greylist/bolt and greylist/redis are stores that last.
package greylist
