// Package gosmtp puts a policy in front of a go-smtp backend.
//
//	guard := &gosmtp.Guard{Policy: policy, Resolver: net.DefaultResolver}
//	server := smtp.NewServer(guard.Backend(backend))
//	server.Serve(guard.Listener(listener))
//
// A server on go-smtp (github.com/emersion/go-smtp, v0.25) has a Backend that
// is told of MAIL, RCPT and DATA (RFC 5321, section 4.1.1). [Guard.Backend]
// wraps it: each command is judged first, and the backend hears only of what
// the policy lets through. A verdict that is final is kept and not asked again,
// so that a sender who is accepted at MAIL is accepted with all his recipients.
// What is still open at RCPT is judged at DATA, with the whole message, and
// only then does the backend get the message, complete and from the start.
//
// [Guard.Listener] judges earlier still, in place of the greeting: a client
// that is refused there gets a 554 or 421 instead of the banner. It also
// notices clients that talk before the greeting. It is for ports that begin in
// plain text. On a port of implicit TLS (RFC 8314) there is no greeting to hold
// back: leave it out, or put it under the TLS listener, where it only keeps
// count of refusals.
//
// # What the backend sees
//
// The session of the backend gets its calls as go-smtp makes them: the same
// addresses, the same options. It can learn and say more through these methods,
// if it has them:
//
//	Login() string                            // asked at MAIL: the SASL identity (RFC 4954)
//	Verdict(to string, v verdict.Verdict)     // told before Data, for each recipient in the order of RCPT
//
// Verdict brings the marks of the policy, and those that a failure left
// undecided; to is the recipient as Rcpt got it.
// AUTH is offered if the session is an smtp.AuthSession.
//
// The message is what the client sent, octet by octet (for an exception see
// below), unless Guard.Deliver says otherwise: with it the backend gets the fields Authentication-Results and
// Received-SPF, and none that are forged in our name.
//
//	stamp, err := headers.For("mx.example.org")
//	guard := &gosmtp.Guard{Policy: policy, Resolver: resolver, Deliver: stamp.Deliver}
//
// No two of its methods ever run at the same time, though go-smtp calls Logout
// in the middle of others when the server is closed: the judgement that runs is
// cancelled at once, and Logout reaches the backend when its own call has come
// back, once.
//
// # One reply, several recipients
//
// SMTP has one reply to DATA, for all recipients. If the policy refuses the
// message for some of several, it is refused for all of them and delivered to
// none: with a tempfail if one of them gets a tempfail, and otherwise with the
// first rejection (see [verdict.Merge]). The client then returns or sends it
// again for each. So a recipient that is already accepted for good and one that
// depends on the message can't share a transaction: the second of them gets 452
// 4.5.3 at RCPT, and comes again in a transaction of its own (RFC 5321, section
// 4.5.3.1.10).
//
// LMTP (RFC 2033) has a reply for each recipient. If some of them are refused at
// DATA, the session of the backend is taken through Reset, Mail and Rcpt once
// more with the others, so that it delivers to these alone.
//
// Guard.Report is told each reply as it is sent, with what the policy said of each
// recipient.
//
// # The end of a session
//
// Server.Close ends a judgement that is under way. From then on the backend
// hears of nothing but Logout, whatever the policy says when a lookup ends early:
// the client gets a 421 or no reply at all, and sends its mail again. A backend
// that is reading the message gets an error.
//
// # Errors of the backend
//
// An *smtp.SMTPError of the backend, wrapped or not, goes to the client, with
// its enhanced status code brought into the class of its code and put on every
// line, and its text cleaned; so does an error made by [verdict.Verdict.Err].
// Whatever else is an error, a nil *smtp.SMTPError too, is a 451 4.3.0 without
// its text, which goes to the ErrorLog of the smtp.Server. (go-smtp alone would
// make a 554 of it at DATA, and tell the client.) A 421 always closes the
// connection (RFC 5321, section 3.8).
//
// # What go-smtp decides alone
//
// Some commands never reach a policy. go-smtp answers 501 to the bare
// <postmaster> of RFC 5321, section 4.5.1, to a path without @ or with an empty
// local part or domain, to a bracket that does not close, and to a parameter
// that it can't read; 500 to one that it does not know; 502 to commands out of
// order; 552 to SIZE over its limit; and 452 to recipients over MaxRecipients.
//
// It undoes quotes, so that <"a@b"@c> and the malformed <a@b@c> look the same
// when they come here. The last @ is taken for the one before the domain, and
// the envelope has the first form, with its quotes. Source routes are gone
// before anyone sees them. It takes addresses without brackets, addresses that
// are not ASCII where SMTPUTF8 was not asked for, and any word as HELO name;
// those the policy sees as they are.
//
// # Problems of go-smtp
//
// Two problems with BDAT (RFC 3030) are fixed by the session. When a message is
// given up between two chunks, go-smtp may send its result as the reply to the
// next message, which is delivered and answered 554. And it takes the end of the
// connection for the end of the last chunk, so that a message that was cut is
// delivered: here it gets 421 4.4.2, and the backend nothing.
//
// Four problems are fixed only by the Listener. When a client stalls inside a
// chunk, go-smtp answers 554 with the addresses of both ends in the text, and
// reads the rest of the chunk as commands: here the client gets 421 4.4.2, and a
// read that has failed fails for good. After STARTTLS a connection looks like a
// new one, so that refusals are counted from zero, and so they are when the
// backend itself refuses a session at EHLO, which a client may repeat without
// end.
//
// Two problems with DATA remain, which BDAT does not have. If a line begins with
// a dot and a CR that does not end the line, go-smtp drops the CR as well as the
// dot, so that message.WellFormed can't see it. And directly after a CR that does
// not end a line, CRLF.CRLF does not end the message: what follows belongs to it,
// up to the next CRLF.CRLF. Either way the message that is judged is the one that
// is delivered.
//
// # What it does not do
//
// A client that goes away while it is being judged is noticed afterwards: set
// Policy.Timeout. Every stage is a judgement of its own, which may ask DNS what
// the one before it asked: use a Resolver that caches. The form of AUTH, TLS
// and limits of size and time are go-smtp's.
package gosmtp
