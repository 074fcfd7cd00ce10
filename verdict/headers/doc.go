// Package headers writes what a verdict found into the header of the message:
// the fields Authentication-Results (RFC 8601) and Received-SPF (RFC 7208,
// section 9.1).
//
// A program that handles a message after the border server, such as a filter, a
// mailing list or a mail program, cannot evaluate SPF, DKIM and DMARC again: the
// address of the client is gone, and the body may have changed. So the border
// server writes the results down under its own name, and programs that trust the
// name read them. That is worth only as much as the name: a field in our name that
// arrives with a message is forged, and a value that a stranger chose must not
// become a result.
//
// # What is written
//
// A [Stamp] is made for a name. It collects the results of the findings of a
// verdict ([envelope.AuthenticationResults]), in the order of the rules, each
// once, and writes them as one field, with lines that are folded near 78 columns
// and never longer than 998 octets. [Parse] reads it back. Without SMTPUTF8 it is
// ASCII. Words that are no keyword of the grammar are left out.
//
// A value that a stranger may have chosen is cleaned, cut to 256 octets, and inert
// for every reader, not only for those that know the grammar: there are programs
// that decode encoded words (RFC 2047) before they read a field, that remove
// comments without regard to quotes, that split a field at each semicolon, and
// that search it for dmarc=pass. So other characters stand for these:
//
//	(  )  ;  "  \       become  [  ]  ,  '  /
//	=                   becomes :, except at the end of a value
//
// In Received-SPF, = becomes : only before a question mark, because many senders
// have one in the local part. Only the quotes around the local part of an address
// stay. What is no domain, token or plain address is quoted. No field holds "=?".
//
// # What is removed
//
// [Stamp.Deliver] returns the message with the fields on top and without those
// that claim to be ours (RFC 8601, section 5). A forged field is written so that a
// strict reader overlooks it and another does not, so [Stamp.Claims] asks what any
// program could read:
//
//   - our name by the grammar: with comments, quotes, a version, in any letter
//     case, with A-labels or U-labels;
//   - our name anywhere before the first semicolon or, in a field that cannot be
//     read, anywhere in it, with characters between that are not shown, and with
//     letters of any width;
//   - an encoded word in the same places: no grammar allows one there, and it may
//     be our name in a charset that only its reader knows;
//   - a version other than 1;
//   - a field name with blanks, control characters or line ends before its colon,
//     and a field that begins inside another after a CR or one of the line ends
//     that only Unicode knows. The field around it is removed too.
//
// Fields of other names, such as ARC-Authentication-Results, stay.
//
// # What it does not do
//
// The package evaluates nothing and asks no DNS. It writes no ARC fields and no
// Received field, which are the server's. RFC 8601, section 4 wants
// Authentication-Results above all other trace fields of the same server.
package headers
