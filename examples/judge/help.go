package main

import "strings"

// help returns what -help prints.
func help() string {
	return strings.Replace(helpText, "CHECKS\n", checkNames()+"\n", 1)
}

const helpText = `judge says what a policy makes of an envelope, and why.

  judge [flags] -ip ADDRESS -helo NAME -from PATH -to PATH   one envelope
  judge [flags] FILE ...                                     lines of JSON
  judge [flags] [-]                                          from standard input

It prints the verdict, then each rule with what its check found, what the rule
did about it, and the questions that it put to DNS.

  $ judge -our-domains example.org -zone world.zone \
      -ip 192.0.2.9 -helo mail.example.net -to bob@example.org

The envelope
  -ip ADDRESS       of the client, IPv4 or IPv6; unknown if not given
  -helo NAME        the argument of HELO or EHLO, as sent
  -from PATH        of MAIL, without angle brackets; without it the null sender
  -to PATH,PATH     of RCPT, without angle brackets; may be repeated. Several
                    recipients are judged each and merged: tempfail before
                    reject before accept. Without any, a policy refuses the
                    envelope, unless -stage says that they are still to come
  -login NAME       the client has logged in
  -tls              the connection is encrypted
  -smtputf8         MAIL asked for SMTPUTF8
  -spoke-early      the client talked before the greeting
  -message FILE     the message, header and body, as DATA brought it
  -stage STAGE      how far the transaction has come: connect, helo, mail, rcpt,
                    data, or whole, which is the default
  -now TIME         of the judgement, as in 2006-01-02T15:04:05Z; without it the
                    clock

The rules
  -policy NAME      standard, which is the default: what a careful site runs;
                    strict: only servers that introduce themselves as they
                    should and are on no list; submission: our own users, who
                    have logged in
  -checks LIST      no policy, only these checks, separated by commas; "all" is
                    every check that the flags suffice for. Nothing acts, and
                    the action is "none". Greylisting is not among them: its
                    answer depends on what it remembers

The site
  -our-domains LIST  domains that the site takes mail for, .example.org for all
                     below it, [192.0.2.1] for an address literal; without any,
                     every recipient is foreign. In a check for a set of host
                     names the set is these domains and all names below
  -our-names LIST    names of its servers; .example.org is every name below
  -our-nets LIST     its networks, as 192.0.2.0/24; their clients may relay
  -mailboxes FILE    its mailboxes, one a line, and "disabled", "full" or
                     "moved" behind one that takes no mail; @example.org is
                     every mailbox of that domain. Without it policies take
                     every mailbox for known
  -owners LOGIN=LIST the addresses in whose name a login may write,
                     @example.org for all of that domain. May be repeated.
                     Without it nobody owns an address
  -dnsbl ZONE=CODES  a list of addresses in DNS and the answers that count as a
                     listing, as list.example=127.0.0.2-127.0.0.9,127.0.0.11.
                     May be repeated. The check dnsbl.scorebelow passes for
                     clients that are on fewer than two lists
  -domain-list ZONE=CODES  the same for a list of domains
  -asn-zones ZONE,ZONE     where DNS says by which autonomous systems an address
                           is announced: for IPv4, and for IPv6
  -asns LIST         the numbers of those that the check dnsbl.asn passes

DNS
  -zone FILE        judge offline: FILE is a master file (RFC 1035) that holds
                    the whole world, and what is not in it does not exist
  -dns system       ask the servers of this system
  -dns ADDRESS,ADDRESS  ask these servers: 192.0.2.53, 192.0.2.53:5353
                    DNS lists are probed first (RFC 5782, section 5), and those
                    that may not list what they are asked for are reported
  Without any of them there is no DNS, and every question fails.

Output
  -json             one line of JSON for each envelope
  -headers NAME     show the fields Authentication-Results and Received-SPF that
                    the server of that name would put on top of the message, if
                    it is accepted or there is no policy

Lines of JSON, in
  Every line is an object with any of these fields, and no others:
  {"id": anything, "stage": "rcpt", "client_ip": "192.0.2.9",
   "spoke_early": true, "helo": "mail.example.net",
   "mail_from": "ann@example.net", "rcpt_to": ["bob@example.org"],
   "login": "ann", "tls": true, "smtputf8": true, "message": "text",
   "message_base64": "for what is not UTF-8", "now": "2006-01-02T15:04:05Z",
   "zone": "master-file text", "faults": {"mail.example.net. A": "servfail"}}
  A zone in the line is the whole world of that line: that of -zone, and -dns,
  are not asked. Faults are servfail, refused or timeout, for a name and a type
  in whichever zone the line is judged. The type * is all types, and a name that
  begins with *. is all names below. A line that has faults and no zone is
  judged in a zone with nothing in it; with -dns it can't be judged.

Lines of JSON, out
  {"id": as it came, "action": "accept|continue|tempfail|reject", "code": 550,
   "status": "5.7.25", "text": "...", "rule": "rdns.exists", "marks": [],
   "undecided": [],
   "findings": [{"check": "rdns.exists", "outcome": "fail", "status": "5.7.25",
                 "text": "...", "detail": {"names": [], "confirmed": ""}}],
   "dns": {"queries": 1}}
  The findings are those of every check that was asked, conditions and what has
  to wait too, in order; the same finding for several recipients stands once.
  A detail stands only where a check has one, in the form of its package: names
  of the client, mail servers of the sender, lists, SPF, DKIM, DMARC. Queries
  counts each question once, however many checks asked it. Undecided are marks
  that a failed lookup left unknown. With -checks the
  action is "none", the code 0. With -headers there is "headers": [] with the
  fields, each without its last line end, where there are any.
  A line that can't be judged gives {"id": ..., "error": "..."}, and the next
  line is taken.

Checks
CHECKS

Exit status
  0  everything was judged, whatever came of it
  1  a line or a file can't be judged
  2  the flags are wrong, or a file that they name
`
