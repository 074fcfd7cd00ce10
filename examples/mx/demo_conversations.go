package main

import (
	"time"

	"mxrules.example/examples/policies"
	"mxrules.example/verdict"
)

// conversation is one SMTP conversation with the expected end.
type conversation struct {
	title       string
	client      string                                      // the address of the client
	later       time.Duration                               // since the first conversation
	policy      func(policies.Site) (verdict.Policy, error) // of the server, nil is Standard
	outage      string                                      // a DNS question that fails
	bannerDelay time.Duration
	early       bool     // the client does not wait for the banner
	login       string   // of the client, which then also uses TLS
	lines       []string // of the client before DATA
	author      string   // of the message, Bob by default
	fields      string   // of the message before the others, with their line ends
	route       []step   // what servers did to the message
	want        string   // the last command and the codes of its reply
}

// mail returns the commands of a transaction before DATA.
func mail(helo, from, to string) []string {
	return []string{"EHLO " + helo, "MAIL FROM:<" + from + ">", "RCPT TO:<" + to + ">"}
}

var conversations = []conversation{{
	title:  "A well configured mail server",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "bob@good.example", "alice@example.org"),
	want:   "message 250 2.0.0",
}, {
	title:  "A bounce over IPv6",
	client: "2001:db8::10",
	lines:  mail("mail.good.example", "", "Alice@Example.ORG"),
	author: "Mail Delivery System <postmaster@mail.good.example>",
	want:   "message 250 2.0.0",
}, {
	title:  "A HELO name that is a bare address",
	client: "198.51.100.10",
	lines:  mail("198.51.100.10", "bob@good.example", "alice@example.org"),
	want:   "RCPT 501 5.5.4",
}, {
	title:  "A HELO name of the server itself",
	client: "198.51.100.10",
	lines:  mail("mx.example.org", "bob@good.example", "alice@example.org"),
	want:   "RCPT 550 5.7.1",
}, {
	title:  "A client without a PTR record",
	client: "203.0.113.5",
	lines:  mail("mail.good.example", "bob@good.example", "alice@example.org"),
	want:   "RCPT 550 5.7.25",
}, {
	title:  "The same client to the postmaster: accepted from every client",
	client: "203.0.113.5",
	lines:  mail("mail.good.example", "bob@good.example", "postmaster@example.org"),
	want:   "message 250 2.0.0",
}, {
	title:  "A client with a forged PTR name",
	client: "203.0.113.66",
	lines:  mail("mail.good.example", "bob@good.example", "alice@example.org"),
	want:   "RCPT 550 5.7.25",
}, {
	title:  "A malformed sender, rejected before RCPT",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "bob@good..example", "alice@example.org"),
	want:   "MAIL 501 5.1.7",
}, {
	title:  "A sender domain that does not exist",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "bob@nowhere.example", "alice@example.org"),
	want:   "RCPT 550 5.1.8",
}, {
	title:  "A sender domain with a null MX",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "bob@deaf.example", "alice@example.org"),
	want:   "RCPT 550 5.7.27",
}, {
	title:  "A sender in a domain of the site",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "alice@example.org", "alice@example.org"),
	want:   "RCPT 550 5.7.1",
}, {
	title:  "The same from a service with an SPF pass",
	client: "198.51.100.20",
	lines:  mail("news.service.example", "alice@example.org", "alice@example.org"),
	author: "Alice <alice@example.org>",
	want:   "message 250 2.0.0",
}, {
	title:  "A sender in a domain of the site that does not exist",
	client: "198.51.100.20",
	lines:  mail("news.service.example", "nobody@example.org", "alice@example.org"),
	want:   "MAIL 550 5.1.0",
}, {
	title:  "An attempt to relay",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "bob@good.example", "carol@elsewhere.example"),
	want:   "RCPT 554 5.7.1",
}, {
	title:  "An attempt to relay with a percent sign",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "bob@good.example", "carol%elsewhere.example@example.org"),
	want:   "RCPT 550 5.1.1",
}, {
	title:  "A recipient that does not exist",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "bob@good.example", "nobody@example.org"),
	want:   "RCPT 550 5.1.1",
}, {
	title:  "The mail server, while the PTR lookup fails: deferred",
	client: "198.51.100.10",
	outage: "10.100.51.198.in-addr.arpa. PTR",
	lines:  mail("mail.good.example", "bob@good.example", "alice@example.org"),
	want:   "message 451 4.7.25", // DNS may have answered until DATA
}, {
	title:  "A recipient that does not exist, while the PTR lookup fails: rejected",
	client: "198.51.100.10",
	outage: "10.100.51.198.in-addr.arpa. PTR",
	lines:  mail("mail.good.example", "bob@good.example", "nobody@example.org"),
	want:   "RCPT 550 5.1.1",
}, {
	title:  "A client in a blocked network, rejected in place of the greeting",
	client: "203.0.113.200",
	want:   "greeting 554 5.7.1",
}, {
	title:       "A client that speaks before the greeting",
	client:      "198.51.100.10",
	bannerDelay: time.Minute, // ends when the client speaks
	early:       true,
	lines:       mail("mail.good.example", "bob@good.example", "alice@example.org"),
	want:        "RCPT 554 5.5.0",
}, {
	title:  "A printer in a network of the site, with an invalid HELO name and no PTR record",
	client: "192.0.2.40",
	lines:  []string{"HELO printer", "MAIL FROM:<alice@example.org>", "RCPT TO:<alice@example.org>"},
	author: "Alice's printer <alice@example.org>",
	want:   "message 250 2.0.0",
}, {
	title:  "A client with a generic name is greylisted",
	client: "203.0.113.77",
	lines:  mail("203-0-113-77.dyn.provider.example", "ann@small.example", "alice@example.org"),
	want:   "RCPT 451 4.7.1",
}, {
	title:  "A retry after twenty seconds is too early",
	client: "203.0.113.77",
	later:  20 * time.Second,
	lines:  mail("203-0-113-77.dyn.provider.example", "ann@small.example", "alice@example.org"),
	want:   "RCPT 451 4.7.1",
}, {
	title:  "A retry of the same sender from another machine after ten minutes is accepted, and marked",
	client: "198.51.100.78",
	later:  10 * time.Minute,
	lines:  mail("198-51-100-78.dyn.provider.example", "ann@small.example", "alice@example.org"),
	author: "Ann <ann@small.example>",
	want:   "message 250 2.0.0",
}, {
	title:  "A client with a generic name, with the strict policy",
	client: "203.0.113.77",
	policy: policies.Strict,
	lines:  mail("203-0-113-77.dyn.provider.example", "bob@good.example", "alice@example.org"),
	want:   "RCPT 550 5.7.1",
}, {
	title:  "A client on a DNS list, with the strict policy",
	client: "203.0.113.88",
	policy: policies.Strict,
	lines:  mail("mail.listed.example", "", "alice@example.org"),
	want:   "RCPT 554 5.7.1",
}, {
	title:  "The well configured mail server, with the strict policy",
	client: "198.51.100.10",
	policy: policies.Strict,
	lines:  mail("mail.good.example", "bob@good.example", "alice@example.org"),
	want:   "message 250 2.0.0",
}, {
	title:  "A message that fails the DMARC policy quarantine, with a forged result: marked",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "bob@good.example", "alice@example.org"),
	author: "Your Bank <service@bank.example>",
	fields: "Authentication-Results: mx.example.org; dmarc=pass header.from=bank.example\r\n",
	want:   "message 250 2.0.0",
}, {
	title:  "A message that fails the DMARC policy reject, with the strict policy",
	client: "198.51.100.10",
	policy: policies.Strict,
	lines:  mail("mail.good.example", "bob@good.example", "alice@example.org"),
	author: "Your Shop <service@shop.example>",
	want:   "message 550 5.7.26",
}, {
	title:  "A forged message of a bank, which SPF and DMARC forbid",
	client: "198.51.100.10",
	lines:  mail("mail.good.example", "service@savings.example", "alice@example.org"),
	author: "Your Savings Bank <service@savings.example>",
	want:   "message 550 5.7.23",
}, {
	title:  "A forwarded message with a valid DKIM signature: accepted although SPF fails",
	client: "198.51.100.30",
	lines:  mail("forward.example", "bob@good.example", "alice@example.org"),
	route:  []step{signedBy("good.example")},
	want:   "message 250 2.0.0",
}, {
	title:  "A forwarded message whose body was changed after it was signed",
	client: "198.51.100.30",
	lines:  mail("forward.example", "bob@good.example", "alice@example.org"),
	route:  []step{signedBy("good.example"), withFooter},
	want:   "message 550 5.7.23",
}, {
	title:  "A post that a known mailing list changed and signed: accepted although DMARC fails",
	client: "198.51.100.40",
	lines:  mail("lists.example", "talk-bounces@lists.example", "alice@example.org"),
	route:  []step{signedBy("good.example"), withFooter, signedBy("lists.example")},
	want:   "message 250 2.0.0",
}, {
	title:  "A newsletter without one-click unsubscribe, with the policy bulk",
	client: "198.51.100.10",
	policy: policies.Bulk,
	lines:  mail("mail.good.example", "bob@good.example", "alice@example.org"),
	fields: "Precedence: bulk\r\n",
	route:  []step{signedBy("good.example")},
	want:   "message 550 5.7.1",
}, {
	title:  "A message of a user who has logged in, with the policy submission",
	client: "203.0.113.5",
	policy: policies.Submission,
	login:  "alice",
	lines:  mail("laptop", "alice@example.org", "alice@example.org"),
	author: "Alice <alice@example.org>",
	want:   "message 250 2.0.0",
}, {
	title:  "The second message of that user, who may send one a day: deferred",
	client: "203.0.113.5",
	policy: policies.Submission,
	login:  "alice",
	lines:  mail("laptop", "alice@example.org", "alice@example.org"),
	want:   "RCPT 450 4.7.28",
}}
