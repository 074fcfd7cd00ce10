// Package dmarc evaluates DMARC (RFC 9989): whether a message is authenticated as
// the domain in its From field, and what the domain owner requests if it is not.
//
// SPF proves that a client may use the domain of MAIL FROM. DKIM proves that a
// domain signed the message. Readers see neither domain; they see From. DMARC
// connects them. A message passes if SPF or a signature passes for a domain that is
// aligned with the one in From: the same name or, unless the owner requires strict
// alignment, a name of the same organization. The owner publishes in a TXT record at
// _dmarc below the domain what receivers should do with mail that fails: nothing,
// quarantine it, or reject it.
//
// # How the policy is found
//
// The record is looked up at the author domain and then up the DNS tree, name by
// name, with eight questions at most (section 4.10). The names are known from the
// start, so the questions go out together, and together with those of SPF and DKIM.
// The records determine which name is the organizational domain: one with psd=n, the
// one below a record with psd=y, or else the shortest. The policy is that of the
// author domain's own record, else that of the organizational domain, else that of
// the public suffix domain above; records between them do not count (section
// 4.10.1). A name below the record has the policy sp, or np if it does not exist.
// With t=y the policy is one level milder (section 4.7).
//
// The organizational domain of an identifier is found in the same way. Most
// identifiers need no question, because the organizational domain of a name is that
// name or above it. Each name is looked up once in a judgement.
//
// # When a lookup fails
//
// A failed lookup makes a finding TempError only if another answer could change the
// finding. To find out, the evaluation is repeated with each possible answer: no
// record, or one with any psd and any policy. So a failed lookup of the walk does
// not defer a message that is authenticated as exactly its author domain, and a
// failed lookup of the key of an unrelated domain does not defer a rejection. RFC
// 9989 leaves failures to the receiver (sections 4.10.1 and 5.3.6).
//
// # When the author cannot be identified
//
// If From is missing, repeated or malformed, the author cannot be identified, and
// the finding is PermError and not None: otherwise a malformed message would evade
// every policy. Rules do not act on PermError unless they say so, so a policy that
// uses this package also needs [SingleAuthor]. SingleAuthor also refuses mail in
// which some programs read a different author than the one that was evaluated. Put
// message.WellFormed before it to refuse other malformed messages.
//
// # Why public suffixes are guarded
//
// RFC 9989 does not use a list of public suffixes: a registry publishes psd=y. If a
// registry publishes a record without psd=y, all its customers become one
// organization, and each of them passes DMARC as any other (section 11.8). So a
// public suffix in the ICANN section of the list in golang.org/x/net/publicsuffix is
// treated as if its record had psd=y, unless Options.Unguarded is set. The guard
// does not change a record that has psd=y or psd=n. With Options.RFC7489,
// the older specification is used, which finds organizational domains by that list
// alone.
//
// # What it does not do
//
// It does not send reports, but a [Result] has what a row of an aggregate report
// needs (RFC 9990). It does not implement ARC. SPF is package spf, signatures are
// package dmarc/dkim, and parsing From is package dmarc/author.
package dmarc
