package judge

import (
	"strings"

	"mxrules.example/envelope"
)

// help returns the output of -help.
func (c *Command) help() string {
	place := map[string]string{
		"{NAME}": c.Name, "{POLICIES}": "  " + strings.Join(c.names(), "\n  "), "{DEFAULT}": ", which must be given",
		"{FREE}": "of the rules of the policy", "{CHECKS}": "", "{OWN}": "",
		"{OTHERWISE}": "every DNS question fails",
	}
	if preset := c.preset(); preset != "" {
		place["{DEFAULT}"] = ". Default: " + preset
	}
	if c.Checks != nil {
		place["{FREE}"] = "whose flags are given"
		place["{CHECKS}"] = "Checks\n" + inLines(namesOf(c.Checks)) + "\n\n"
	}
	if c.Flags.Help != "" {
		place["{OWN}"] = strings.Trim(c.Flags.Help, "\n") + "\n\n"
	}
	if c.Resolver != nil {
		place["{OTHERWISE}"] = "the resolver of the program answers"
	}
	var pairs []string
	for name, text := range place {
		pairs = append(pairs, name, text)
	}
	return strings.NewReplacer(pairs...).Replace(helpText)
}

func namesOf(checks []envelope.Check) (names []string) {
	for _, check := range checks {
		name, _ := check.Describe()
		names = append(names, name)
	}
	return names
}

const helpText = `{NAME} explains what a policy does with an envelope.

  {NAME} [flags] -ip ADDRESS -helo NAME -from PATH -to PATH   one envelope
  {NAME} [flags] FILE ...                                     lines of JSON
  {NAME} [flags] -                                            standard input

Without an envelope and a file it reads the standard input, unless that is a
terminal.

It prints the verdict, then each rule with the finding of its check, the action
of the rule, and its DNS questions.

  $ {NAME} -zone world.zone \
      -ip 192.0.2.9 -helo mail.example.net -to bob@example.org

The envelope
  -ip ADDRESS       of the client, IPv4 or IPv6. Default: unknown
  -helo NAME        the argument of HELO or EHLO
  -from PATH        of MAIL, without angle brackets. Default: the null sender
  -to PATH,PATH     of RCPT, without angle brackets. May be repeated. Each
                    recipient is judged, and the verdicts are merged: tempfail
                    before reject before accept. Without a recipient a policy
                    rejects, unless -stage is before RCPT
  -login NAME       the client has logged in
  -tls              the connection is encrypted
  -smtputf8         MAIL has the parameter SMTPUTF8
  -spoke-early      the client spoke before the greeting
  -message FILE     the message, header and body, as received after DATA
  -stage STAGE      the last command: connect, helo, mail, rcpt, data, or whole.
                    Default: whole, the complete transaction
  -now TIME         of the judgement, as 2006-01-02T15:04:05Z. Default: now

The rules
  -policy NAME      the policy to judge by{DEFAULT}
  -checks LIST      only these checks, separated by commas, and no policy; "all"
                    is every check {FREE}.
                    The action is "none"

{OWN}DNS
  -zone FILE        use only the records of this master file (RFC 1035)
  -dns system       use the servers of this system
  -dns ADDRESS,ADDRESS  use these servers: 192.0.2.53, 192.0.2.53:5353
  Without these flags {OTHERWISE}.
  -delay DURATION   make each answer of a zone take this time, as 20ms, up to
                    twice as long, to see what a policy waits for

About the policy, without mail
  -vet              print what is probably a mistake in it
  -cost             print how much it asks DNS for a message, at each command
  -implies POLICY   tell whether this policy accepts all mail that the policy of
                    -policy accepts
  -find QUESTION    print the simplest cases in which it decides so: an action,
                    rule=NAME, and outcomes of checks, such as
                    "accept client.tls=fail client.in=fail"
                    With -record, -find and -implies write mail that shows each
                    case, if there is any, as a line to judge
  -picture FILE     draw its rules. A name that ends with .dot gives a graph for
                    Graphviz, .svg a picture
  -cover FOLDER     play the files *.scenario of this folder (package
                    verdict/scenario), and print what they reach: for each rule
                    of the policies that they name, or of -policy, what it did
                    and what it never did, and the outcomes of each check. No
                    replies are compared: the tests of the site do that
  -coverhtml FILE   write the same as a page

Output
  -json             print each result as one line of JSON
  -trace            after each explanation print the waterfall: a line for each
                    question to DNS with the time at which it began, how long it
                    took, a bar, and the rule that asked first; then who shares
                    the answer, whether no rule used it, and why it failed
  -svg FILE         draw the waterfall of one envelope as a picture
  -compare A,B      judge by two policies over the same answers, and print what
                    differs: the envelope, both verdicts, and at the end how
                    many results are equal and how often each change occurs.
                    With -json a result that differs is {"id": ..., "to": ...,
                    "old": result, "new": result}, and the last line has counts
  -record FILE      write a line of JSON for each line, with the answers of DNS
                    that were seen: the same verdicts are given from it. A
                    question that was not asked fails there. With -compare it
                    has what both policies ask; for policies of the future
                    record with "-checks all", which asks more
  -without-message  leave the message out of the record, and keep the findings
                    of checks that need it
  -hash KEY         replace mailboxes and logins in the record by hashes with
                    this key, leave out the message and the DNS, and keep the
                    findings of all checks
  -scenario FILE    write a test of package verdict/scenario that reproduces the
                    verdict on one envelope, with the DNS answers that were seen
  -anonymous        replace the addresses, names and words of the scenario:
                    addresses of 192.0.2.0/24 and 2001:db8::/32, names below
                    example. A policy must have the names of its site from
                    Settings, not as constants, to give the same verdict. Read
                    the file, and run it, before you publish it
  -headers NAME     print the fields Authentication-Results and Received-SPF
                    that the server with this name would add to a message that
                    is accepted

Lines of JSON, in
  Each line is an object with any of these fields:
  {"id": any value, "stage": "rcpt", "client_ip": "192.0.2.9",
   "spoke_early": true, "helo": "mail.example.net",
   "mail_from": "ann@example.net", "rcpt_to": ["bob@example.org"],
   "login": "ann", "tls": true, "smtputf8": true, "message": "text",
   "message_base64": "if it is not UTF-8", "now": "2006-01-02T15:04:05Z",
   "zone": "master file", "faults": {"mail.example.net. A": "servfail"}}
  The zone of a line replaces -zone and -dns for that line. A fault is servfail,
  refused or timeout, for a name and a type. The type * means all types, and a
  name that begins with *. all names below it. A line with faults and no zone
  uses -zone, or an empty zone; with -dns it is an error. With
  "asked": ["mail.example.net. A"] every other question fails: a recording
  knows nothing of them. A line of -record may also have
  {"recipients": 3, "relayed": true, "no_message": true, "hashed": true,
   "by_value": ["spf.pass"], "findings": [{"check": "spf.pass", ...}]}
  Package verdict/replay documents them.

Lines of JSON, out
  {"id": unchanged, "action": "accept|continue|tempfail|reject", "code": 550,
   "status": "5.7.25", "text": "...", "rule": "rdns.exists", "marks": [],
   "undecided": [], "forced": true, "softened": true,
   "findings": [{"check": "rdns.exists", "outcome": "fail", "status": "5.7.25",
                 "text": "...", "detail": {"names": [], "confirmed": ""}}],
   "rules": [{"rule": "rdns.exists", "action": "reject",
              "check": "rdns.exists", "outcome": "fail", "cause": "...",
              "awaits": "rcpt",
              "conditions": [{"check": "sender.null", "outcome": "fail"}],
              "questions": [{"type": "PTR", "name": "192.0.2.99",
                             "shared": true, "error": "no such record"}]}],
   "dns": {"queries": 1, "shared": 0, "in_vain": 0, "rounds": 1}}
  The findings are those of all checks that were called, in order, also of
  conditions and pending checks; an equal finding of several recipients is
  printed once. The rules are those that were asked, with what each did, which
  conditions it had, the cause of a failure, and what it asked DNS. "off" says
  that a condition switched the rule off, "shadow" that it is a trial, "awaits"
  which stage a pending check needs, and a question without records has an
  "error". A detail has the form that the package of the check documents.
  "forced" says that the rule failed and only that prevents a decision, and
  "softened" that a rejection became a tempfail.
  "queries" counts each question once, "shared" those of several rules,
  "in_vain" those whose answer no rule used, and "rounds" the successive waits;
  of several recipients they are sums. "undecided" has the marks that a failed
  lookup left unknown. With -checks the action is "none" and the code 0. With
  -headers there may be "headers": [] with the fields. A refusal that has a page
  has its "link".
  An invalid line gives {"id": ..., "error": "..."}, and the next line follows.

Policies
{POLICIES}

{CHECKS}Exit status
  0  everything was judged, with any verdicts
  1  a line or a file of lines is invalid
  2  a flag or a file named by a flag is invalid, or a question about a policy
     has no answer
`
