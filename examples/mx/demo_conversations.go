package main

import "time"

// conversation is one thing that a client may try.
type conversation struct {
	title       string
	client      string        // the address that it seems to come from
	later       time.Duration // since the first conversation
	strict      bool          // the policy of the server
	dmarc       dmarcChoice   // of the server
	outage      string        // a question that DNS fails to answer
	bannerDelay time.Duration
	early       bool     // the client does not wait for the greeting
	lines       []string // what it says before DATA
	author      string   // of the message, if it is not Bob
	forged      string   // a field on top of the message, with its line end
	want        string   // the command that the conversation ends with, and the codes of its reply
}

var conversations = []conversation{{
	title:  "A mail server as it should be",
	client: "198.51.100.10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	want:   "message 250 2.0.0",
}, {
	title:  "The same over IPv6, with the null sender of a bounce",
	client: "2001:db8::10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<>", "RCPT TO:<Alice@Example.ORG>"},
	author: "Mail Delivery System <postmaster@mail.good.example>",
	want:   "message 250 2.0.0",
}, {
	title:  "A greeting that is a bare address",
	client: "198.51.100.10",
	lines:  []string{"EHLO 198.51.100.10", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 501 5.5.4",
}, {
	title:  "A greeting with our own name",
	client: "198.51.100.10",
	lines:  []string{"EHLO mx.example.org", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 550 5.7.1",
}, {
	title:  "A client without a name in DNS",
	client: "203.0.113.5",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 550 5.7.25",
}, {
	title:  "The same client, asking the postmaster why: he takes mail from everybody",
	client: "203.0.113.5",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<postmaster@example.org>"},
	want:   "message 250 2.0.0",
}, {
	title:  "A client that claims the name of another",
	client: "203.0.113.66",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 550 5.7.25",
}, {
	title:  "A sender that is no address: refused before the recipient is known",
	client: "198.51.100.10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good..example>", "RCPT TO:<alice@example.org>"},
	want:   "MAIL 501 5.1.7",
}, {
	title:  "A sender whose domain does not exist",
	client: "198.51.100.10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@nowhere.example>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 550 5.1.8",
}, {
	title:  "A sender whose domain takes no mail, so that no answer could reach him",
	client: "198.51.100.10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@deaf.example>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 550 5.7.27",
}, {
	title:  "Mail in Alice's own name from outside",
	client: "198.51.100.10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<alice@example.org>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 550 5.7.1",
}, {
	title:  "The same from a service that our SPF record allows",
	client: "198.51.100.20",
	lines:  []string{"EHLO news.service.example", "MAIL FROM:<alice@example.org>", "RCPT TO:<alice@example.org>"},
	author: "Alice <alice@example.org>",
	want:   "message 250 2.0.0",
}, {
	title:  "Mail in the name of a mailbox of ours that does not exist",
	client: "198.51.100.20",
	lines:  []string{"EHLO news.service.example", "MAIL FROM:<nobody@example.org>", "RCPT TO:<alice@example.org>"},
	want:   "MAIL 550 5.1.0",
}, {
	title:  "An attempt to relay",
	client: "198.51.100.10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<carol@elsewhere.example>"},
	want:   "RCPT 554 5.7.1",
}, {
	title:  "Another, in the form of an address of ours",
	client: "198.51.100.10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<carol%elsewhere.example@example.org>"},
	want:   "RCPT 550 5.1.1",
}, {
	title:  "A mailbox that does not exist",
	client: "198.51.100.10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<nobody@example.org>"},
	want:   "RCPT 550 5.1.1",
}, {
	title:  "The good server while DNS is out of order: it shall come again",
	client: "198.51.100.10",
	outage: "10.100.51.198.in-addr.arpa. PTR",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	want:   "message 451 4.7.25", // what DNS says may be known by then
}, {
	title:  "A mailbox that does not exist, while DNS is out of order: no answer could change that",
	client: "198.51.100.10",
	outage: "10.100.51.198.in-addr.arpa. PTR",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<nobody@example.org>"},
	want:   "RCPT 550 5.1.1",
}, {
	title:  "A client from a blocked network: refused in place of the greeting",
	client: "203.0.113.200",
	want:   "greeting 554 5.7.1",
}, {
	title:       "A client that talks before the greeting",
	client:      "198.51.100.10",
	bannerDelay: time.Minute, // ends as soon as the client talks
	early:       true,
	lines:       []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	want:        "RCPT 554 5.5.0",
}, {
	title:  "A printer in our own network, which greets as it likes and has no name",
	client: "192.0.2.40",
	lines:  []string{"HELO printer", "MAIL FROM:<alice@example.org>", "RCPT TO:<alice@example.org>"},
	author: "Alice's printer <alice@example.org>",
	want:   "message 250 2.0.0",
}, {
	title:  "An honest server with a generic name is asked to come back",
	client: "203.0.113.77",
	lines:  []string{"EHLO 203-0-113-77.dyn.provider.example", "MAIL FROM:<ann@small.example>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 451 4.7.1",
}, {
	title:  "Twenty seconds later it is too early",
	client: "203.0.113.77",
	later:  20 * time.Second,
	lines:  []string{"EHLO 203-0-113-77.dyn.provider.example", "MAIL FROM:<ann@small.example>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 451 4.7.1",
}, {
	title:  "Ten minutes later another machine of the same sender brings the mail: it is taken, and marked",
	client: "198.51.100.78",
	later:  10 * time.Minute,
	lines:  []string{"EHLO 198-51-100-78.dyn.provider.example", "MAIL FROM:<ann@small.example>", "RCPT TO:<alice@example.org>"},
	author: "Ann <ann@small.example>",
	want:   "message 250 2.0.0",
}, {
	title:  "The same where the policy is strict",
	client: "203.0.113.77",
	strict: true,
	lines:  []string{"EHLO 203-0-113-77.dyn.provider.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 550 5.7.1",
}, {
	title:  "A server on a DNS list, where the policy is strict",
	client: "203.0.113.88",
	strict: true,
	lines:  []string{"EHLO mail.listed.example", "MAIL FROM:<>", "RCPT TO:<alice@example.org>"},
	want:   "RCPT 554 5.7.1",
}, {
	title:  "The mail server as it should be, where the policy is strict",
	client: "198.51.100.10",
	strict: true,
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	want:   "message 250 2.0.0",
}, {
	title:  "A message in the name of a bank, with a forged result in ours: it is marked, as the bank asks",
	client: "198.51.100.10",
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	author: "Your Bank <service@bank.example>",
	forged: "Authentication-Results: mx.example.org; dmarc=pass header.from=bank.example\r\n",
	want:   "message 250 2.0.0",
}, {
	title:  "One in the name of a shop, which asks to reject what is not its own, where the server does",
	client: "198.51.100.10",
	dmarc:  dmarcReject,
	lines:  []string{"EHLO mail.good.example", "MAIL FROM:<bob@good.example>", "RCPT TO:<alice@example.org>"},
	author: "Your Shop <service@shop.example>",
	want:   "message 550 5.7.26",
}}
