package explain

func messages() map[string]Entry {
	const software = "Correct the program that made the message, or use another one. Most such messages are made by scripts."
	form := func(asks, why string) Entry {
		return Entry{Asks: asks, Why: why, Fix: []string{software}, User: "Your mail program, or the service that sent the message, made it in a wrong format. Try another one, and report it to its maker."}
	}
	return map[string]Entry{
		"message.wellformed":   form("The message must have the format that RFC 5322 requires.", "Programs read an invalid message in different ways, so that a filter may see something else than the reader."),
		"message.linesended":   form("Every line of the message must end with CR LF, and it must have no NUL.", "Other line ends let a client hide a second message in the first (RFC 5321, section 2.3.8; SMTP smuggling)."),
		"message.singlefields": form("The fields From, Sender, Reply-To, To, Cc, Bcc, Message-ID, In-Reply-To, References, Subject and Date must occur once at most.", "Of two fields, one program shows the first and another the last (RFC 5322, section 3.6)."),
		"message.dated":        form("The message must have a Date field.", "RFC 5322, section 3.6 requires it."),
		"message.asciiheader":  form("The header of the message must be ASCII, unless the client asks for SMTPUTF8.", "Other characters must be encoded (RFC 2047), or announced (RFC 6531)."),
		"message.linelength":   form("A line of the header must have at most 998 octets.", "RFC 5322, section 2.1.1 has this limit. Fold long fields."),
		"message.noloop": {
			Asks: "The message must have passed at most 50 servers.",
			Why:  "Each server adds a Received field (RFC 5321, section 6.3). A message with so many goes round in a loop.",
			Fix:  []string{"Read the Received fields from the bottom: the names that repeat are those of the servers that forward to each other.", "Correct the forwarding or the MX record."},
			User: "The forwarding of an address leads back to itself. Tell the recipient, if you can.",
		},
		"message.bulk": {
			Asks: "The message must say that it is bulk mail.",
			Why:  byRules,
			Fix:  []string{"Add the fields List-Id (RFC 2919) and List-Unsubscribe (RFC 2369)."},
			User: askProvider,
		},
		"message.oneclick": {
			Asks: "Bulk mail must offer to unsubscribe with one click.",
			Why:  "Readers who can't unsubscribe report the mail as spam. RFC 8058 defines the fields, and large mailbox providers require them.",
			Fix: []string{
				"Add List-Unsubscribe with an https address, and List-Unsubscribe-Post: List-Unsubscribe=One-Click.",
				"Sign both fields with DKIM.",
				"Make the address accept a POST without further questions.",
			},
			User: askProvider,
		},
		"message.list": {
			Asks: "The message must be of a mailing list that this site knows.",
			Why:  byRules,
			Fix:  []string{"Ask the postmaster of this site."},
			User: askProvider,
		},
	}
}

func spfEntries() map[string]Entry {
	add := []string{
		"Add the address of the sending server to the SPF record of the domain. A domain has one SPF record: if there is one, keep it, and add only the term with the address, before its \"all\".",
		"If the message was forwarded, the forwarder must rewrite the sender (SRS), because the record of the original domain does not allow its server.",
	}
	const why = "The owner of the domain publishes which servers may use it as sender (RFC 7208)."
	return map[string]Entry{
		"spf.notfail":     {Asks: "The SPF record of the sender domain must not forbid the client.", Why: why, Fix: add, Records: spfTerm, User: askProvider},
		"spf.notsoftfail": {Asks: "The SPF record of the sender domain must not say that the client is probably not allowed.", Why: why, Fix: add, Records: spfTerm, User: askProvider},
		"spf.pass":        {Asks: "The SPF record of the sender domain must allow the client.", Why: why, Fix: add, Records: spfTerm, User: askProvider},
		"spf.helonotfail": {Asks: "The SPF record of the HELO name must not forbid the client.", Why: why, Fix: []string{"Add the address of the server to the SPF record of its HELO name, or remove that record."}, Records: heloSPF, User: askProvider},
		"spf.valid": {
			Asks: "The SPF record of the sender domain must be valid.",
			Why:  "An invalid record can't be evaluated (RFC 7208, section 4.6). Usual mistakes: two records, a misspelled term, more than ten lookups, an include of a domain without a record.",
			Fix:  []string{"Correct the record. The reason in the text names the term or the domain."},
			User: askProvider,
		},
	}
}

func dkimEntries() map[string]Entry {
	const why = "A valid signature proves which domain sent the message, and that it was not changed (RFC 6376)."
	fix := []string{
		"Sign outgoing mail with DKIM, with a key of at least 1024 bits, better 2048, and publish the key in DNS.",
		"If mail is signed and the signature is not valid, look for a program that changes messages after signing: a disclaimer, a virus scanner, a gateway.",
	}
	return map[string]Entry{
		"dkim.signed":  {Asks: "The message must have a DKIM signature.", Why: why, Fix: fix, User: askProvider},
		"dkim.pass":    {Asks: "The message must have a valid DKIM signature.", Why: why, Fix: fix, User: askProvider},
		"dkim.passfor": {Asks: "The message must have a valid DKIM signature of certain domains.", Why: why, Fix: fix, User: askProvider},
		"dkim.covers":  {Asks: "A valid DKIM signature must cover certain header fields.", Why: "A field that is not signed can be added or changed by anyone on the way (RFC 6376, section 5.4).", Fix: []string{"Add the fields to those that your server signs (h=)."}, User: askProvider},
	}
}

func dmarcEntries() map[string]Entry {
	align := []string{
		"Sign outgoing mail with DKIM in the domain of the From address (d= is that domain or has the same organizational domain).",
		"Or send with a MAIL FROM in that domain, from a server that its SPF record allows.",
		"A service that sends in your name, such as one for newsletters, needs a DKIM key in your domain, or its own From address.",
	}
	const why = "DMARC lets the owner of a domain say what happens to mail in its name that neither SPF nor DKIM proves to be its own (RFC 9989)."
	const forwarded = "If you sent it through a mailing list or a forwarding address, that has changed or re-sent the message. Send to the recipient directly. Otherwise tell your provider."
	failing := func(asks string) Entry { return Entry{Asks: asks, Why: why, Fix: align, User: forwarded} }
	return map[string]Entry{
		"dmarc.pass":          failing("SPF or DKIM must prove that the message is of the domain in its From address."),
		"dmarc.notreject":     failing("Mail of a domain whose DMARC policy is reject must pass SPF or DKIM for that domain."),
		"dmarc.notquarantine": failing("Mail of a domain whose DMARC policy is quarantine must pass SPF or DKIM for that domain."),
		"dmarc.alignedfor":    failing("Mail in the name of this domain must pass SPF or DKIM for it."),
		"dmarc.published": {
			Asks:    "The domain in the From address must publish a DMARC record.",
			Why:     why,
			Fix:     []string{"Publish a record. Begin with p=none, and read the reports before you ask for more."},
			Records: dmarcRecord,
			User:    askProvider,
		},
		"dmarc.authorowned": {
			Asks: "The login must own the address in From.",
			Why:  "A user may write in the name of own addresses only (RFC 6409, section 6.1).",
			Fix:  []string{"Ask the postmaster of this site to add the address to the login."},
			User: "Set the From address in your mail program to your own address, or log in as its owner.",
		},
		"dmarc.singleauthor": {
			Asks: "The message must have one From field that names one author domain.",
			Why:  "With several, or none, it is not clear who the author is, and mail programs show different ones (RFC 5322, section 3.6.2).",
			Fix:  []string{"Write one From field. If there are several authors, they are in one domain, or one of them is in Sender."},
			User: "Your mail program made the message in a wrong format. Try another one.",
		},
	}
}
