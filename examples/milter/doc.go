// Command milter lets Postfix judge mail by a policy of package policies: a server of the
// milter protocol over a [verdict.Session]. It is tested with Postfix 3.7; Sendmail has the
// same protocol.
//
//	milter -listen 127.0.0.1:10050 -our-domains example.org -hostname mx.example.org
//	milter -listen unix:/var/spool/postfix/private/mxrules -policy strict ...
//
// The README has the lines for main.cf, and what Postfix decides before. Read
// conversation.go first: it is the whole adapter.
//
//   - The policy judges every stage, and the message. A refusal has the codes and all
//     lines of its reply.
//   - An accepted message gets Authentication-Results and Received-SPF on top of its
//     header, above the field Received of Postfix. Fields that claim to be such are removed.
//   - With -quarantine generic,forged Postfix holds messages with these marks, until an
//     operator releases or deletes them (postsuper).
//   - The login, TLS and the queue ID are macros that the milter asks for: {auth_authen},
//     {tls_version} and i. The client and the addresses are those of the commands. They are
//     judged as the client wrote them: the macro {mail_addr} has what Postfix made of MAIL.
//   - Before it stops, the server finishes transactions that have begun, for at most 30
//     seconds, and refuses new ones with 421.
//   - The log is JSON, with a line for each reply. Its envelope is in the form that
//     examples/judge reads.
//
// # The milter package
//
// Two packages of Go speak the protocol on the side of the milter. This program uses
// [github.com/d--j/go-milter], because of what it covers:
//
//   - Version 6 of the protocol, with the negotiation of actions, macros and steps without
//     a response. [github.com/emersion/go-milter] speaks version 2 and does not look at
//     what the MTA offers.
//   - The parameters of MAIL. Without them a milter does not know SMTPUTF8.
//   - The blank after the colon of a header field, which SMFIP_HDR_LEADSPC keeps: with
//     simple canonicalization it is part of a DKIM signature.
//   - Macros that are kept until the command they belong to ends. With the other package,
//     macros of a command remove those of the commands before.
//   - Replies with several lines, each with its codes, and a percent sign, which the
//     protocol doubles.
//   - An abort where the MTA sends none, the use of a connection for several clients, and a
//     graceful stop.
//
// Unlike the other package, it has no limit for what a peer sends: packets may have 512
// MiB, and some invalid ones make it panic. packets.go closes those connections.
//
// The adapter is not a package of the library. It has one method for each of the protocol
// and nothing that a [verdict.Session] could do instead, and the library would have to
// depend on the milter package.
package main
