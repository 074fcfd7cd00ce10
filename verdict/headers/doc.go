// Package headers writes what a verdict found into the header of the message:
// the fields Authentication-Results (RFC 8601) and Received-SPF (RFC 7208,
// section 9.1).
//
// A program that handles a message after the border server, such as a filter, a
// mailing list or a mail program, cannot evaluate SPF, DKIM and DMARC again: the
// address of the client is unknown to it, and the body may have changed. So the
// border server writes the results into the message under its own name, and programs
// that trust the name use them. For this a server must remove fields with its own name
// that arrive with a message, because they are forged, and must write values that the
// sender chose so that they cannot be read as results.
//
// # What is written
//
// A [Stamp] writes fields with one name. It collects the results of the findings of a
// verdict ([envelope.AuthenticationResult]) in the order of the rules, each once,
// and writes them as one field. Lines are folded near 78 columns and never longer
// than 998 octets. Without SMTPUTF8 the field is ASCII. Methods, results and
// properties that are not keywords of the grammar are omitted.
//
// The sender chooses some of the values. A value is cleaned, cut to 256 octets, and
// written so that every reader takes it for a value, also one that does not follow
// the grammar: some programs decode encoded words (RFC 2047) before they read a
// field, remove comments without regard to quotes, split a field at each semicolon,
// or search it for dmarc=pass. So these characters are replaced:
//
//	(  )  ;  "  \       become  [  ]  ,  '  /
//	=                   becomes :, except at the end of a value
//
// In Received-SPF, = becomes : only before a question mark, because many local parts
// have an =. Only the quotes around the local part of an address stay. A value that
// is not a domain, a token or an address without quotes is quoted. No field has "=?".
//
// # What is removed
//
// [Stamp.Deliver] returns the message with the fields on top and without those that
// claim the name of the Stamp (RFC 8601, section 5). A forged field can be written so
// that a strict reader does not see our name in it and another program does. So Deliver
// removes every field that any program could read as one with our name:
//
//   - our name by the grammar: with comments, quotes or a version, in any letter
//     case, with A-labels or U-labels;
//   - our name anywhere before the first semicolon or, in a field that does not
//     parse, anywhere in it, even with invisible characters inside and with letters
//     of any width;
//   - an encoded word in the same places: no grammar allows one there, and it may be
//     our name in a charset that only the reader supports;
//   - a version other than 1;
//   - a field name with blanks, control characters or line ends before its colon, and
//     a field that begins inside another after a CR or a line end of Unicode. The
//     field around it is removed too.
//
// If in doubt it removes the field: only information from the sender is lost. Fields
// with other names, such as ARC-Authentication-Results, stay. [Stamp.Forged] tells a
// program that removes fields in another way, such as a milter, which these are.
//
// # What it does not do
//
// The package does not evaluate SPF, DKIM or DMARC and does not ask DNS. It does not
// write ARC and Received fields; the server writes its Received field below
// Authentication-Results (RFC 8601, section 4).
package headers
