// Package headers writes what a verdict found into the header of the message:
// the fields Authentication-Results (RFC 8601) and Received-SPF (RFC 7208,
// section 9.1).
//
// Whoever handles a message after the border server, a filter, a mailing list,
// a mail program, can't ask again what SPF, DKIM and DMARC said: the address of
// the client is gone, and the body may have changed. So the border server writes
// it down, under its own name, and whoever trusts that name reads it. That is
// worth only as much as the name: a field with it that the message brought along
// is a forgery, and a value that a stranger chose must not become a result.
//
// A [Stamp] is made for a name. It collects what the findings of a verdict have
// to say (envelope.AuthenticationResults, in the order of the rules, each once;
// the reverse name from the finding of rdns.confirmed), and writes each word only
// if it is one, and each value cleaned, cut to 256 octets, and quoted where the
// grammar wants that. What it writes is one field, of lines that are folded near
// 78 columns and never longer than 998 octets, and [Parse] reads it back as it
// was. Outside SMTPUTF8 it is ASCII.
//
// [Stamp.Deliver] gives the message with the fields on top and without those
// that claim to be ours (RFC 8601, section 5). To find them a strict reader is
// not enough: whoever forges one writes it so that ours would overlook it and
// another would not. So a field is removed if its name is ours by the grammar,
// with comments, quotes, a version and in any letter case; if our name stands
// anywhere in front of its first semicolon; and if it can't be read and has our
// name anywhere. A field that begins behind a CR inside a line, which is none to
// us and is one to others, takes the field around it along.
//
// The package judges nothing and asks nobody. It writes no ARC fields and no
// trace of its own (Received), which are the server's.
package headers
