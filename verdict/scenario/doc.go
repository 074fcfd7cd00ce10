// Package scenario tests policies with SMTP conversations that are written as text.
//
// A policy is code that decides about mail, so it needs tests like other code: which reply
// does this client get, and which rule decides it? A scenario file holds a site, its DNS and what clients send; the package plays it through a verdict.Session
// without sockets and without waiting, and compares each reply.
//
//	var update = flag.Bool("update", false, "rewrite the expectations of the scenarios")
//
//	var policies = scenario.Policies{"inbound": func(site scenario.Site) (verdict.Policy, error) {
//		return inbound(site.Mailboxes, site.Store), nil
//	}}
//
//	func TestScenarios(t *testing.T) { scenario.Run(t, scenario.Dir("testdata"), policies) }
//
// Run makes a subtest of each scenario. A failure shows what was expected and seen, with
// the trace of the policy, up to the first wrong reply. Cover says which rules no scenario reaches, and
// Mutate which mistakes in the policy no scenario would notice. With the flag update of
// the test binary set, Run writes what it saw into the files: replies in the form that they
// had, and those that no line expects. So the replies and verdicts of a new scenario need
// not be written by hand, only read.
//
// # The file
//
// A line begins with a word. Indented lines belong to the line before them. Lines that
// begin with # are comments. The lines below are allowed in two places: those before the
// first scenario or case hold for the whole file, those after the line of a scenario or
// case hold for it alone.
//
//	policy NAME...              the policy, a key of Policies; several play each scenario
//	zone                        the DNS, indented, in the format of package zone, whose
//	                            comments begin with ;
//	zone FILE                   the DNS in another file
//	fault servfail QUESTION     the question fails; also refused and timeout
//	fault mailboxes             a lookup of the site fails; also owners and store
//	fault unasked ...           the same for a question or lookup that nothing may ask
//	delay 200ms QUESTION        the answer takes that long
//	clock 2026-01-01T00:00:00Z  the time at which each scenario begins
//	mailbox ADDRESS [WORD]      a line of package directory: Site.Mailboxes
//	owner LOGIN ADDRESS...      the addresses of a login: Site.Owners
//	set NAME VALUE...           Site.Settings
//	good FIELDS...              see the short form; also "for POLICY FIELDS..."
//	message NAME                a message, indented
//	message NAME quoted         the same from lines that are quoted as in Go, for any octets
//	recorded                    answers, indented, each a line NAME TYPE DATA, where DATA is
//	                            that of a record, or none, nxdomain, servfail, refused or
//	                            timeout; all other questions fail
//	key DOMAIN SELECTOR         a DKIM key, published in the DNS
//	include FILE                the lines of another file
//	uncovered WHAT: WHY         what Cover need not complain about, in its words
//	unnoticed WHAT: WHY         the same for Mutate
//
// # A scenario
//
// The names of the scenarios and cases of a file are unique. After the line "scenario
// NAME" come the lines of the conversation, written as in RFC
// 5321: C: is what the client sends, S: what the server replies.
//
//	scenario an unknown mailbox
//	connect 192.0.2.9
//	S: 220
//	C: EHLO mail.example.net
//	S: 250
//	C: MAIL FROM:<ann@example.net>
//	S: 250
//	C: RCPT TO:<nobody@example.org>
//	S: 550 5.1.1 there is no mailbox...
//	rule recipient.listed
//
// A reply matches if it is equal, if it begins with the text before a final "...", or
// if only its code, or both its codes, are given. "S: ..." is any reply. Every reply needs a
// line. Commands may be pipelined: write all C: lines first, then the replies. The other
// lines are
//
//	connect IP [early] [tls] [lmtp] [login NAME] [as NAME] [to SERVER]
//	                        a new connection, on which the lines after it act; early: the
//	                        client spoke before the banner; SERVER: one of a fleet, which
//	                        has its own policy and shares the store
//	client NAME             go on with the connection that was opened as NAME
//	close                   the client closes the connection
//	data                    a message, indented, with its end
//	data NAME               a message of the head
//	data [NAME] signed DOMAIN SELECTOR [FIELD...]
//	                        the same with a DKIM signature by that key, over all fields
//	                        or these; "signed" again adds another signature
//	data [NAME] signed DOMAIN SELECTOR [FIELD...] altered
//	                        the same with a line more than was signed
//	octets "TEXT"           any octets, quoted as in Go: a message with its end, or a command
//	                        with its CRLF
//	wait 5m                 let time pass; what was found is kept within a transaction, so
//	                        that a client that tries again begins with RSET and MAIL, or
//	                        connects again
//	fault, heal             as above, from here on; heal ends a fault
//
// A fault of a scenario or case that no question or lookup meets fails the test: perhaps its
// name is misspelt. That of every question, "*.", need not be met.
//
// These lines are about the last reply:
//
//	rule NAME               the rule that decided, or none
//	marks NAME...           the marks of the accepted message, or none
//	undecided NAME...       the marks that a failure left unknown, or none
//	finding CHECK OUTCOME   a check in the trace, or "not asked"
//	asked A MX              the types of the questions to DNS since the last line asked,
//	                        in order of the alphabet; "asked none" shows that a decision
//	                        needs no DNS
//	store N                 how many records the store holds
//
// # The short form
//
// A case is one envelope and its verdict. The line "good" of the head has the fields of
// an envelope, a case says what differs, and lines with = what is expected.
//
//	good ip=192.0.2.9 helo=mail.example.net from=ann@example.net to=bob@example.org
//
//	case an attempt to relay
//	  to=ann@example.com
//	  = reject by recipient.ours, asked none
//	  = 554 5.7.1 the recipient ann@example.com is in no domain of this site...
//
// The first line for a recipient is
//
//	= ACTION [forced] [by RULE][, marked MARK...][, undecided MARK...][, asked TYPE...]
//
// where the action is accept, reject, tempfail or continue, forced says that only a failure
// prevents a decision, and "asked none" says that there are no questions. If the mail is
// refused, the second line is the reply, in full or in the forms of a line S:. If no line
// of a case has "asked", only the first lines are compared, without questions, and a reply
// is an error.
//
// The fields are ip, early, tls, login, helo, from, to (several times for several
// recipients, which are judged one by one), smtputf8, before (the number of recipients
// before), stage, message (as after data), octets (a message as it is), author (the From
// field of a short message), broken (as after fault, servfail for a question) and tried
// (the same mail was judged that long ago; several times for several tries, for what a
// store counts). A value with blanks is quoted as in Go. A case has at least one recipient. Without a message there is no author, so that checks of the
// author and of signatures find none.
//
// A line "for POLICY" of the head has fields that hold whatever a case says, for example
// a login for the policy of a submission server. If the file has several policies, words
// before = name those that a line is about:
//
//	case a forged message
//	  message=payment
//	  standard trial = accept, marked quarantine
//	  strict = reject by dmarc.notreject
//
// The envelope is judged as a whole, stage by stage, stage by stage as mail that a
// gateway relays (envelope.Envelope.Relayed), and with each question to DNS broken, unless
// the DNS is a recorded one. If that gives another decision than the law of package
// verdict allows, the verdict has a line that begins with "but".
//
// Package [mxrules.example/verdict/scenario/record] makes such a file of a judgement.
//
// # Limits
//
// A file has at most 4 MiB. A reply must come within ten minutes of the scenario's time.
// A scenario runs in a bubble of testing/synctest, so that a policy must not use the
// network; timers and delays of the zone take no real time. DKIM keys are Ed25519 and
// the same in each run. A program without package testing plays scenarios with package
// [mxrules.example/verdict/scenario/play].
package scenario
