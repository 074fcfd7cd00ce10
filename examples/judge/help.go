package main

import "strings"

// help returns the output of -help.
func help() string {
	return strings.Replace(helpText, "CHECKS\n", checkNames()+"\n", 1)
}

const helpText = `judge explains what a policy does with an envelope.

  judge [flags] -ip ADDRESS -helo NAME -from PATH -to PATH   one envelope
  judge [flags] FILE ...                                     lines of JSON
  judge [flags] [-]                                          standard input

It prints the verdict, then each rule with the finding of its check, the action
of the rule, and its DNS questions.

  $ judge -our-domains example.org -zone world.zone \
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
  -policy NAME      standard (the default): for an MX of any site; strict: only
                    for clients with consistent names that are on no list;
                    submission: for users of the site, after a login
  -checks LIST      only these checks, separated by commas, and no policy; "all"
                    is every check whose flags are given. The action is "none".
                    Greylisting, quotas and reputation are not included:
                    they depend on a store
  -import FILE      the restrictions of this main.cf of Postfix, with the tables
                    that it names. A report is printed first: what became of
                    each restriction, and what differs on purpose. What cannot
                    be carried over is an error
  -leave-out        leave that out, with a line of the report
  -service SERVER=spf  what a server of check_policy_service does: spf or
                    greylist. The server is as in main.cf, such as
                    unix:private/policyd-spf. May be repeated
  -go               print Go source that builds the imported policy, and judge
                    nothing

The site
  -our-domains LIST  domains of the site. .example.org means all domains below
                     it, [192.0.2.1] an address literal. Default: none, so that
                     no recipient is local. A check of a set of host names uses
                     these domains and all names below them
  -our-names LIST    host names of the site. .example.org means all names below
  -our-nets LIST     networks of the site, as 192.0.2.0/24. Their clients may
                     relay
  -gateways LIST     networks of gateways of the site, which relay mail to it. A
                     message of a gateway is judged about the client that the
                     gateway received it from. Its Received field names that
                     client; without one the line is invalid. Before the
                     message the client is not known
  -gateway-names LIST  the names after "by" in the Received fields of gateways
  -mailboxes FILE    mailboxes of the site, one on each line, followed by
                     "disabled", "full" or "moved" if it does not accept mail.
                     @example.org means every mailbox of that domain. Default:
                     every mailbox exists
  -owners LOGIN=LIST addresses that a login may use as sender. @example.org
                     means all of that domain. May be repeated. Default: none
  -dnsbl ZONE=CODES  a DNS list of addresses, and the answers that are listings,
                     as list.example=127.0.0.2-127.0.0.9,127.0.0.11. May be
                     repeated. The check dnsbl.scorebelow passes for clients on
                     fewer than two lists
  -domain-list ZONE=CODES  a DNS list of domains, in the same form
  -asn-zones ZONE,ZONE     zones with the origin AS of an address, for IPv4 and
                           for IPv6
  -asns LIST         numbers for which the check dnsbl.asn passes

DNS
  -zone FILE        use only the records of this master file (RFC 1035)
  -dns system       use the servers of this system
  -dns ADDRESS,ADDRESS  use these servers: 192.0.2.53, 192.0.2.53:5353
                    DNS lists are probed first (RFC 5782, section 5), and lists
                    that do not serve are reported
  Without these flags every DNS question fails.
  -delay DURATION   make each answer of a zone take this time, as 20ms, up to
                    twice as long, to see what a policy waits for

About the policy, without mail
  -vet              print what is probably a mistake in it
  -cost             print how much it asks DNS for a message, at each command
  -implies POLICY   tell whether that policy accepts all that -policy accepts
  -find QUESTION    print the simplest cases in which it decides so: an action,
                    rule=NAME, and outcomes of checks, such as
                    "accept client.tls=fail client.in=fail"
                    With -record, -find and -implies write mail that shows each
                    case, if there is any, as a line to judge
  -picture FILE     draw its rules. A name that ends with .dot gives a graph for
                    Graphviz, .svg a picture

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
                    "old": result, "new": result}, and the last line has counts.
                    The policy of -import has the name import
  -record FILE      write a line of JSON for each line, with the answers of DNS
                    that were seen: judge gives the same verdicts from it
  -without-message  leave the message out of the record, and keep the findings
                    of checks that need it
  -hash KEY         replace mailboxes and logins in the record by hashes with
                    this key, leave out the message and the DNS, and keep the
                    findings of all checks
  -scenario FILE    write a test of package verdict/scenario that reproduces the
                    verdict on one envelope, with the DNS answers that were seen
  -anonymous        replace the addresses, names and words of the scenario:
                    addresses of 192.0.2.0/24 and 2001:db8::/32, names below
                    example. Read the file before you publish it
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
   "undecided": [],
   "findings": [{"check": "rdns.exists", "outcome": "fail", "status": "5.7.25",
                 "text": "...", "detail": {"names": [], "confirmed": ""}}],
   "rules": [{"rule": "rdns.exists", "action": "reject",
              "check": "rdns.exists", "outcome": "fail", "cause": "...",
              "conditions": [{"check": "sender.null", "outcome": "fail"}],
              "questions": [{"type": "PTR", "name": "192.0.2.99",
                             "shared": true, "error": "no such record"}]}],
   "dns": {"queries": 1, "shared": 0, "in_vain": 0, "rounds": 1}}
  The findings are those of all checks that were called, in order, also of
  conditions and pending checks; an equal finding of several recipients is
  printed once. The rules are those that were asked, with what each did, which
  conditions it had, the cause of a failure, and what it asked DNS. "off" says
  that a condition switched the rule off, "shadow" that it is a trial, and a
  question without records has an "error". A detail has the form that the
  package of the check documents.
  "queries" counts each question once, "shared" those of several rules,
  "in_vain" those whose answer no rule used, and "rounds" the successive waits;
  of several recipients they are sums. "undecided" has the marks that a failed
  lookup left unknown. With -checks the action is "none" and the code 0. With
  -headers there may be "headers": [] with the fields.
  An invalid line gives {"id": ..., "error": "..."}, and the next line follows.

Checks
CHECKS

Exit status
  0  everything was judged, with any verdicts
  1  a line or a file is invalid
  2  a flag or a file named by a flag is invalid
`
