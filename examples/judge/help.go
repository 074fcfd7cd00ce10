package main

// help describes the flags of this program for -help.
const help = `  standard (the default) is for an MX of any site; strict only for clients with
  consistent names that are on no list; bulk is standard, and what the large
  providers require of bulk mail; submission is for users of the site, after a
  login; trial is standard, and shows what strict would reject. -checks has no
  greylisting, quotas and reputation: they depend on a store

Postfix
  -import FILE      the restrictions of this main.cf of Postfix, with the tables
                    that it names, as the policy import. A report is printed
                    first: what became of each restriction, and what differs on
                    purpose. What cannot be carried over is an error
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
                     fewer than two lists. With -dns lists are probed first (RFC
                     5782, section 5), and those that do not serve are reported
  -domain-list ZONE=CODES  a DNS list of domains, in the same form
  -asn-zones ZONE,ZONE     zones with the origin AS of an address, for IPv4 and
                           for IPv6
  -asns LIST         numbers for which the check dnsbl.asn passes

The pages of refusals
  -link URL         print the link to the page of a refusal on the server with
                    this address, as examples/mx -web-link sends it
  -link-key FILE    the key of the links: links.key of examples/mx`
