package explain

func senders() map[string]Entry {
	return map[string]Entry{
		"sender.syntax": {
			Asks: "The sender address must be a valid mail address.",
			Why:  "RFC 5321, section 4.1.2 defines addresses. Answers and delivery reports could not be sent to another one.",
			Fix:  []string{"Correct the envelope sender that your software sets (MAIL FROM)."},
			User: "Check the sender address in the settings of your mail program.",
		},
		"sender.fqdn": {
			Asks: "The domain of the sender must be fully qualified: it has a dot.",
			Why:  "RFC 5321, section 2.3.5 allows only domains that everyone can look up. A delivery report could not be sent.",
			Fix:  []string{"Set the domain that your server adds to local addresses (Postfix: myorigin; Exim: qualify_domain)."},
			User: "Check the sender address in the settings of your mail program.",
		},
		"sender.null": {
			Asks: "The sender must be empty, as in a delivery report.",
			Why:  byRules,
			Fix:  []string{"Ask the postmaster of this site."},
			User: askProvider,
		},
		"sender.bouncetoone": {
			Asks: "A message with an empty sender must have one recipient.",
			Why:  "A delivery report goes to the sender of the message that failed, and to no other (RFC 5321, section 6.1).",
			Fix:  []string{"Set a sender address for mail to several recipients."},
			User: askProvider,
		},
		"sender.resolves": {
			Asks:    "The domain of the sender must exist in DNS, with a mail server or an address.",
			Why:     "Answers and delivery reports could not be sent (RFC 5321, section 5.1).",
			Fix:     []string{"Create an MX record for the domain, or use a sender address in a domain that has one.", "If the domain is new, wait until its name servers know it."},
			Records: mxRecord,
			User:    "Check the sender address in the settings of your mail program for typing errors.",
		},
		"sender.takesmail": {
			Asks:    "The domain of the sender must accept mail.",
			Why:     "The domain says in DNS that it accepts none (null MX, RFC 7505). A delivery report could not be sent.",
			Fix:     []string{"Use a sender address in a domain that accepts mail, or replace the null MX record."},
			Records: mxRecord,
			User:    askProvider,
		},
		"sender.mxusable": {
			Asks: "At least one mail server of the sender domain must have a public address.",
			Why:  "An MX record with an IP address in place of a name, a name without an address, or an address that is not on the public Internet can't receive a delivery report (RFC 5321, section 5.1).",
			Fix:  []string{"Correct the MX records: each names a host with a public A or AAAA record."},
			User: askProvider,
		},
		"sender.mxnotalias": {
			Asks: "At least one MX record of the sender domain must name a host and not an alias.",
			Why:  "RFC 5321, section 5.1 does not allow a CNAME there.",
			Fix:  []string{"Replace the name in the MX record by the name that the CNAME leads to."},
			User: askProvider,
		},
		"sender.notours": {
			Asks:    "A sender address of this site may be used by its users and servers only.",
			Why:     "Mail in the name of the receiver's own domain is a usual fraud.",
			Fix:     []string{"A service that sends for this domain must be allowed by the SPF record of the domain. Its owner adds the address."},
			Records: spfTerm,
			User:    logIn,
		},
		"sender.ours": {
			Asks: "The sender must be in a domain of this site.",
			Why:  "Clients in this network may use addresses of the site only.",
			Fix:  []string{"Set a sender address in a domain of the site."},
			User: "Set the sender address in your mail program to your address at this site.",
		},
		"sender.in": {
			Asks: "The sender must be in a list of senders.",
			Why:  byRules,
			Fix:  []string{"Ask the postmaster of this site."},
			User: "Ask the recipient in another way.",
		},
		"sender.listed": {
			Asks: "A sender address in a domain of this site must exist.",
			Why:  "Answers could not be delivered.",
			Fix:  []string{"Use an address that exists, or ask the postmaster of this site to create it."},
			User: "Check the sender address in the settings of your mail program for typing errors.",
		},
		"sender.ownedbylogin": {
			Asks: "The login must own the sender address.",
			Why:  "A user may write in the name of own addresses only (RFC 6409, section 6.1).",
			Fix:  []string{"Ask the postmaster of this site to add the address to the login."},
			User: "Set the sender address in your mail program to your own address, or log in as its owner.",
		},
	}
}

func recipients() map[string]Entry {
	return map[string]Entry{
		"recipient.syntax": {
			Asks: "The recipient must be a valid mail address.",
			Why:  "RFC 5321, section 4.1.2 defines addresses.",
			Fix:  []string{"Correct the address that your software sends (RCPT TO)."},
			User: checkSpell,
		},
		"recipient.fqdn": {
			Asks: "The domain of the recipient must be fully qualified: it has a dot.",
			Why:  "RFC 5321, section 2.3.5 allows only domains that everyone can look up.",
			Fix:  []string{"Send the full address, such as ann@example.com."},
			User: checkSpell,
		},
		"recipient.ours": {
			Asks: "The recipient must be in a domain of this site, or the client must log in.",
			Why:  "A server that passes on mail of strangers to strangers is an open relay, and is soon used for spam (RFC 5321, section 3.6.2).",
			Fix: []string{
				"If mail for this domain should come here, its MX record is right and this server is not configured for it: ask its postmaster.",
				"If your server should deliver to the recipient itself, remove this server from its configuration (relayhost, smarthost), or configure a login.",
			},
			User: logIn,
		},
		"recipient.role": {
			Asks: "The recipient must be a role address of this site, such as postmaster.",
			Why:  byRules,
			Fix:  []string{"Ask the postmaster of this site."},
			User: checkSpell,
		},
		"recipient.in": {
			Asks: "The recipient must be in a list of recipients.",
			Why:  byRules,
			Fix:  []string{"Ask the postmaster of this site."},
			User: checkSpell,
		},
		"recipient.listed": {
			Asks: "The mailbox must exist and accept mail.",
			Why:  "A message to a mailbox that does not exist, is disabled or has moved can't be delivered. The server says so at once, so that your server can tell you.",
			Fix:  []string{"Remove the address from address books and mailing lists.", "Servers that go on sending to many such addresses are taken for spammers."},
			User: checkSpell,
		},
		"recipient.takesmail": {
			Asks: "The domain of the recipient must accept mail.",
			Why:  "The domain says in DNS that it accepts none (null MX, RFC 7505).",
			Fix:  []string{"Send to an address in another domain."},
			User: checkSpell,
		},
	}
}

// memories are the checks that remember earlier mail.
func memories() map[string]Entry {
	return map[string]Entry{
		"greylist.known": {
			Asks: "A sender that is not known yet must try again after some minutes.",
			Why:  "Mail servers try again, and most programs that send spam do not (RFC 6647). Later mail of this sender is accepted at once.",
			Fix:  []string{keepTrying, "If it does not try again, correct the handling of replies 4yz. A retry comes from the same network or the same domain."},
			User: willRetry + " This takes some minutes, and happens only the first time.",
		},
		"greylist.trusted": {
			Asks: "The sender must have sent mail here before.",
			Why:  byRules,
			Fix:  []string{keepTrying},
			User: willRetry,
		},
		"quota.within": {
			Asks: "No more mail than the limit may be sent in this time.",
			Why:  "A stolen password, or a program that runs wild, sends as much as a server accepts. The limit bounds the damage.",
			Fix:  []string{"Wait, and send the rest later.", "If you did not send so much, change the password and look for the program that did.", "If you regularly need more, ask the postmaster of this site."},
			User: "Wait some hours before you send more. If you did not send so much, change your password at once.",
		},
		"reputation.good": {
			Asks: "Not too much of the mail of this system may have been refused lately.",
			Why:  "A system that sends to many mailboxes that do not exist, or whose mail is mostly refused, is likely to send more of that.",
			Fix:  []string{"Look into your log for the refusals of the last weeks, and fix what they name.", "Remove addresses that do not exist from your lists. The counts fade within two weeks."},
			User: askProvider,
		},
	}
}
