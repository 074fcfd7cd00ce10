// Package dmarc tells whether the domain in the From field stands behind a
// message, and what its owner asks for when it does not: DMARC (RFC 9989).
//
// SPF proves that a client may use the domain of MAIL FROM, and DKIM that a
// domain has signed a message. Readers are shown neither of these domains, but
// From. DMARC connects them. A message passes if SPF or a signature passed for a
// domain that is aligned with the one in From: the same name, or, unless the owner
// wants it strict, a name of the same organization. And the owner says in a TXT
// record at _dmarc below the domain what receivers should do with mail that fails:
// nothing, quarantine it, reject it.
//
// # How the policy is found
//
// The record is looked up at the author domain and then up the tree of DNS, name
// by name to the top, with eight questions at most (section 4.10). The records on
// the way tell which name is that of the organization: one that says psd=n, the
// one below one that says psd=y, or else the shortest. The policy is that of the
// author domain's own record, else that of its organization, else that of the
// registry above; what is published between them does not count (section 4.10.1).
// A name below the record has the policy sp, or np if it does not exist; with t=y
// the policy is one level milder (section 4.7).
//
// The organization of an identifier is found in the same way, but most need no
// question: the organization of a name is the name or above it. No name is asked
// for twice in a judgement.
//
// # When DNS does not answer
//
// A lookup that fails makes a finding TempError only if another answer would make
// another finding. To find out, the evaluation is repeated with the answers that
// are possible: no record, or one with any psd and any policy. So a name of the walk
// that does not answer does not hold up a message that is authenticated as exactly
// its author domain, and a signature of another domain whose key cannot be looked up
// does not hold up a rejection. RFC 9989 leaves failures to the receiver (sections
// 4.10.1 and 5.3.6).
//
// A message whose author cannot be told, because From is missing, repeated or
// malformed, is PermError and not None: an odd message must not be the way around
// a policy. No rule acts on PermError unless it says so, so every policy that uses
// the package needs [SingleAuthor] too. It also refuses mail in which some programs
// read another author than the one that was checked; message.WellFormed before it
// refuses whatever else in the form of a message programs read differently.
//
// # The list of public suffixes
//
// RFC 9989 has no list: a registry says psd=y. One that publishes a record and
// forgets that would make one organization of all its customers. So a public
// suffix of the list of x/net counts as if it said so, unless [Options].Unguarded is
// set. RFC 7489 is the older specification, which finds organizations by that list
// alone.
//
// # What it does not do
//
// It sends no reports: a [Result] has what a row of an aggregate report needs
// (RFC 9990). It does not know ARC. SPF is package spf, signatures are package
// dmarc/dkim, reading From is package dmarc/author.
package dmarc
