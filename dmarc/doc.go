// Package dmarc finds out whether the domain in the From field stands behind a
// message, and what its owner asks for when it does not: DMARC (RFC 9989).
//
// SPF proves that a client may use the domain of MAIL FROM, and DKIM that a
// domain has signed a message. A reader sees neither of these domains: he sees
// From. DMARC ties them together. A message passes if SPF or a signature passed
// for a domain that is aligned with that in From: the same name, or, unless the
// owner wants it strict, one of the same organization. And the owner says in a
// TXT record at _dmarc below his domain what he asks receivers to do with mail
// that fails: nothing, quarantine it, reject it.
//
// # How it is found
//
// The record is looked for at the author domain and then up the tree of DNS,
// name by name to the top, with eight questions at most (section 4.10). The
// records on the way tell which name is that of the organization: one that says
// psd=n, the one below one that says psd=y, or else the shortest. The policy is
// that of the author domain's own record, else that of its organization, else
// that of the registry above; what is published between them does not count
// (section 4.10.1). A name below the record has the policy sp, or np if it does
// not exist; with t=y the policy is one level milder (section 4.7).
//
// Whose organization an identifier belongs to is found in the same way, but most
// need no question: the organization of a name is the name or above it. No name
// is asked for twice in a judgement.
//
// # What is not known
//
// A lookup that fails makes a result TempError only where it could have made
// another: not if an aligned identifier passed, and not for a signature of a
// domain that would not be aligned anyhow. Otherwise whoever owns a DNS that is
// down could hold up the rejection of every forgery. In one point the package
// is stricter than RFC 9989 asks: if it can't be known whether the author domain
// exists, and np differs from sp, that is a TempError too.
//
// A message whose author can't be told, because From is missing, repeated or
// malformed, is PermError and not None: oddness must not be the way around a
// policy. No rule acts on PermError unless it says so, so that [SingleAuthor]
// belongs into every policy that uses the package. It also refuses mail in
// which some programs read another author than the one that was checked;
// message.WellFormed before it refuses whatever else in the form of a message
// programs read differently.
//
// # The list of public suffixes
//
// RFC 9989 has no list: a registry says psd=y. One that publishes a record and
// forgets that would make one organization of all its customers, so that a
// public suffix of the list of x/net counts as if it said so, unless
// Receiver.Unguarded is set. [RFC7489] is the older specification, which finds
// organizations by that list alone.
//
// # What it does not do
//
// It sends no reports: a [Result] has what a row of an aggregate report needs
// (RFC 9990). It knows nothing of ARC. SPF is package spf, signatures are package
// dmarc/dkim, reading From is package dmarc/author.
package dmarc
