// Package gosmtp puts a policy in front of a go-smtp backend.
//
//	guard := &gosmtp.Guard{Policy: policy, Resolver: net.DefaultResolver}
//	server := smtp.NewServer(guard.Backend(backend))
//	server.Serve(guard.Listener(listener))
//
// A server on go-smtp (github.com/emersion/go-smtp, v0.25) has a Backend that is
// called at MAIL, RCPT and DATA (RFC 5321, section 4.1.1). [Guard.Backend] wraps
// it: a [verdict.Session] judges MAIL, RCPT and the message first, and the backend is
// called only if the policy lets them through. The HELO name is judged at MAIL. What
// is still open at RCPT is judged at DATA, with the whole message; its lookups start
// when the header has come. Only then does the backend get the message, complete and
// from the start.
//
// [Guard.Listener] judges earlier, in place of the banner: a client that is refused
// there gets a 554 or 421 instead of the 220. It also notices clients that speak
// before the banner. Use it on ports that start in plain text. On a port of implicit
// TLS (RFC 8314) there is no banner to delay: do without it, or put it below the TLS
// listener, where it only counts refusals.
//
// The Listener refuses a client only if no earlier rule may still accept it.
// AcceptIf(client.Authenticated) is Pending until MAIL, so the rules after it refuse
// at MAIL or later. Put rules that hold for every client before it, such as
// RejectUnless(client.Waited).
//
// # Clients behind a proxy or a gateway
//
// A load balancer hides the address of the client, and tells it with the PROXY protocol.
// Let a listener read that, whose connections return the address from RemoteAddr, such as
// the one of github.com/pires/go-proxyproto, and put it below the Listener:
//
//	guard.Listener(&proxyproto.Listener{Listener: listener, ConnPolicy: onlyTheLoadBalancer})
//
// RemoteAddr may wait for the PROXY header: the Listener calls it before BannerDelay
// begins, so that the header is not taken for a client that speaks early.
//
// A server of the site that relays mail from the Internet hides the client too.
// Guard.Behind, such as Behind of client.Gateways, finds it in the message. (go-smtp
// does not know the command XCLIENT, with which Postfix can tell the client instead. A
// server that knows it writes what it says into the envelope, with Fill for example.)
//
// # What the backend sees
//
// The backend's session is called as go-smtp calls it: with the same addresses and
// the same options. It may have these methods too:
//
//	Login() string                            // called at MAIL: the SASL identity (RFC 4954)
//	Verdict(to string, v verdict.Verdict)     // called before Data, for each recipient in the order of RCPT
//
// A method with another signature is not called, and causes no error. Let the
// compiler check it:
//
//	var _ interface{ Login() string } = (*session)(nil)
//
// Verdict has the marks of the policy, and those that a failure left undecided; to
// is the recipient as Rcpt got it. AUTH is offered if the session is an
// smtp.AuthSession.
//
// The message is what the client sent, octet by octet (for an exception see below).
// With Guard.Deliver it has the fields Authentication-Results and Received-SPF
// besides, and none that are forged in the server's name:
//
//	stamp, err := headers.For("mx.example.org")
//	guard := &gosmtp.Guard{Policy: policy, Resolver: resolver, Deliver: stamp.Deliver}
//
// The methods of a session are never called concurrently, though go-smtp calls
// Logout during other calls when the server is closed. Logout cancels the running
// judgement at once, and reaches the backend once, after its running call has
// returned.
//
// # One reply, several recipients
//
// SMTP has one reply to DATA, for all recipients. If the policy refuses the message
// for one of them, it is refused for all and not delivered (see [verdict.Merge]). A
// recipient that is accepted for good and one that depends on the message cannot
// share a transaction: the second gets 452 4.5.3 at RCPT (see [verdict.Session]).
//
// LMTP (RFC 2033) has a reply for each recipient. If some of them are refused at
// DATA, Reset, Mail and Rcpt of the backend's session are called again for the
// others, so that it delivers to these alone.
//
// # The end of a session
//
// Server.Close cancels the running judgement. From then on only Logout of the
// backend is called: the client gets a 421 or no reply, and sends its mail again. A
// backend that is reading the message gets an error.
//
// STARTTLS makes a new session of the backend. Findings about the connection are
// kept if it comes from the Listener. What was found about the HELO name is asked
// again (RFC 3207, section 4.2).
//
// # Errors of the backend
//
// An *smtp.SMTPError of the backend, wrapped or not, is sent to the client. Its
// enhanced status code is brought into the class of its code and put on every line,
// and its text is cleaned. The same holds for an error of [verdict.Verdict.Err].
// Any other error, and a nil *smtp.SMTPError, becomes a 451 4.3.0 without its text,
// which is written to the ErrorLog of the smtp.Server. (go-smtp alone makes a 554 of
// it at DATA, and sends the text.) A 421 always closes the connection (RFC 5321,
// section 3.8).
//
// # What go-smtp decides alone
//
// Some commands never reach a policy. go-smtp answers 501 to the bare <postmaster>
// of RFC 5321, section 4.5.1, to a path without @ or with an empty local part or
// domain, to a bracket that is not closed, and to an invalid parameter; 500 to an
// unknown one; 502 to commands out of order; 552 to SIZE over its limit; and 452 to
// recipients over MaxRecipients. It accepts every EHLO: its name is judged at MAIL.
//
// It removes quotes, so that <"a@b"@c> and the invalid <a@b@c> look the same. The
// last @ is taken for the one before the domain, and the envelope has the first
// form, with its quotes. go-smtp removes source routes. It takes addresses without
// brackets, addresses that are not ASCII without SMTPUTF8, and any word as HELO
// name; the policy sees those unchanged.
//
// # Problems of go-smtp
//
// Two problems with BDAT (RFC 3030) are fixed by the session. If a message is
// given up between two chunks, go-smtp may send its result as the reply to the next
// message, which is delivered and answered 554. And it takes the end of the
// connection for the end of the last chunk, and delivers a message that was cut:
// here the client gets 421 4.4.2, and the message is not delivered.
//
// Four problems are fixed only by the Listener:
//
//   - If a client stalls inside a chunk, go-smtp answers 554 with the addresses of
//     both ends in the text. Here the client gets 421 4.4.2.
//   - go-smtp then reads the rest of the chunk as commands. Here nothing is read
//     after a read that failed.
//   - go-smtp has a new session after STARTTLS, so that refusals would be counted
//     from zero.
//   - It also has a new session after each EHLO at which the backend refuses a
//     session.
//
// Two problems with DATA remain, which BDAT does not have. If a line begins with a
// dot and a CR that does not end the line, go-smtp drops the CR with the dot, so that
// message.WellFormed cannot see it. And directly after a CR that does not end a line,
// CRLF.CRLF does not end the message, which goes on to the next CRLF.CRLF. Either way
// the message that is judged is the one that is delivered.
//
// # What it does not do
//
// A client that disconnects during a judgement is noticed afterwards: set
// Policy.Timeout. AUTH, TLS and the limits of size and time are go-smtp's.
package gosmtp
