package explain

import "maps"

// English returns the explanations of the checks of the library, in English. Each call
// returns a new Book, which may be changed.
func English() Book {
	book := Book{
		Language: "en",
		Titles: Titles{
			Rejected: "Your mail was refused", Deferred: "Your mail was deferred",
			Reply: "The reply", Seen: "What was seen", Asks: "What is required", Why: "Why",
			Fix: "How a postmaster can fix it", Records: "DNS records", User: "If you only wanted to send a message",
		},
		Entries: map[string]Entry{},
		Failure: failure,
		Unknown: Entry{
			Asks: "A rule of this site refused the mail.",
			Why:  byRules,
			Fix:  []string{"Ask the postmaster of this site."},
			User: askProvider,
		},
	}
	for _, part := range []map[string]Entry{clients(), greetings(), reverseNames(), lists(), blocked(), senders(), recipients(), messages(), spfEntries(), dkimEntries(), dmarcEntries(), memories()} {
		maps.Copy(book.Entries, part)
	}
	return book
}

// failure explains a check that could not answer.
var failure = Entry{
	Asks: "The server must be able to look up what its rules need.",
	Why:  "A lookup failed, in DNS or in a directory of this site. The server does not refuse mail for that reason: it asks for another try.",
	Fix: []string{
		keepTrying,
		"If it fails for hours, check that the name servers of your domain answer, over UDP and TCP and from outside your network.",
	},
	User: willRetry + " It tells you if it gives up.",
}

// Texts that several entries share.
const (
	askProvider = "This is about the server of your provider, not about your message. Send the reply to your provider, who can fix it."
	logIn       = "If you have an account here, set your mail program to send with your user name and password, on port 465 or 587. Otherwise send through the server of your own provider."
	checkSpell  = "Check the address for typing errors. If it is right, ask the recipient in another way."
	willRetry   = "Your message is not lost. Your provider tries to deliver it again."
	keepTrying  = "Your server tries again by itself. Nothing has to be done if that succeeds."
	byRules     = "The operator of this server decided so."
)

func clients() map[string]Entry {
	return map[string]Entry{
		"client.authenticated": {
			Asks: "The client must log in before it sends mail.",
			Why:  "This service is for the users of the site (RFC 6409, section 4.3).",
			Fix:  []string{"Configure the client with a user name and a password (SMTP AUTH, RFC 4954).", "A mail server that delivers mail for users of this site connects to port 25, not to this port."},
			User: logIn,
		},
		"client.tls": {
			Asks: "The connection must be encrypted.",
			Why:  "Passwords and mail of users must not be sent in clear (RFC 8314, section 3).",
			Fix:  []string{"Use port 465, or port 587 with STARTTLS."},
			User: "Set your mail program to use TLS, on port 465 or 587.",
		},
		"client.waited": {
			Asks: "The client must wait for the greeting of the server before it sends a command.",
			Why:  "RFC 5321, section 4.3.1 requires it. Programs that send spam often do not wait.",
			Fix:  []string{"Use mail software that waits for the greeting.", "If there is a proxy or a firewall before your server that changes SMTP, switch that off."},
			User: askProvider,
		},
		"client.in": {
			Asks: "The address of the client must be in a list of networks.",
			Why:  byRules,
			Fix:  []string{"Send from a server in one of these networks, or ask the postmaster of this site."},
			User: logIn,
		},
	}
}

func greetings() map[string]Entry {
	return map[string]Entry{
		"helo.present": {
			Asks: "The client must send HELO or EHLO before MAIL.",
			Why:  "RFC 5321, section 4.1.1.1 requires it.",
			Fix:  []string{"Use mail software that sends EHLO with the name of the host."},
			User: askProvider,
		},
		"helo.syntax": {
			Asks: "The HELO name must be a host name or an address in brackets.",
			Why:  "RFC 5321, section 4.1.3 defines what a client may send. A bare IP address is neither.",
			Fix:  []string{"Set the host name of your mail server to a name that exists in DNS (Postfix: myhostname or smtp_helo_name; Exim: primary_hostname or helo_data)."},
			User: askProvider,
		},
		"helo.fqdn": {
			Asks: "The HELO name must be fully qualified: it has a dot, such as mail.example.com.",
			Why:  "RFC 5321, section 2.3.5 allows only fully qualified names.",
			Fix:  []string{"Set the host name of your mail server to its full name."},
			User: askProvider,
		},
		"helo.literal": {
			Asks: "An address in the HELO name must be that of the client.",
			Why:  "A client that introduces itself with another address is misconfigured, or pretends to be another host (RFC 5321, section 4.1.3).",
			Fix:  []string{"Send the host name of your server in place of an address. Behind address translation the server does not know its outer address."},
			User: askProvider,
		},
		"helo.resolves": {
			Asks:    "The HELO name must exist in DNS, with an address or a mail server.",
			Why:     "RFC 5321, section 4.1.1.1 asks for a name that exists, so that the sending host can be identified.",
			Fix:     []string{"Create an address record for the HELO name, or set the HELO name to a name that has one."},
			Records: heloRecord,
			User:    askProvider,
		},
		"helo.matches": {
			Asks:    "The HELO name must lead to the address of the client.",
			Why:     "This site accepts only mail of hosts that use their own name. RFC 5321, section 4.1.4 does not require it.",
			Fix:     []string{"Add the address of the client to the records of the HELO name, or use the name that the PTR record of the client has."},
			Records: heloRecord,
			User:    askProvider,
		},
		"helo.notgeneric": {
			Asks:    "The HELO name must not look like that of a dial-up or unnamed address.",
			Why:     "Mail servers have names of their own. Names that are made of the address are given to computers of customers, which seldom run mail servers.",
			Fix:     []string{"Give your server a name such as mail.example.com, in DNS and as HELO name."},
			Records: ownName,
			User:    logIn,
		},
		"helo.notours": {
			Asks: "The client must not introduce itself with a name of this site.",
			Why:  "Only hosts of this site may use their names. Programs that send spam use the name of the receiver to look like a part of it.",
			Fix:  []string{"Set the HELO name to the name of your own server."},
			User: logIn,
		},
		"helo.in": {
			Asks: "The HELO name must be in a list of names.",
			Why:  byRules,
			Fix:  []string{"Ask the postmaster of this site."},
			User: askProvider,
		},
	}
}

func reverseNames() map[string]Entry {
	const own = "Your network provider creates PTR records, or gives you a form for it. Cloud providers have a setting at the address."
	return map[string]Entry{
		"rdns.exists": {
			Asks:    "The address of the client must have a PTR record in DNS.",
			Why:     "Hosts on the Internet should have names (RFC 1912, section 2.1). A server without one is often a computer that sends without the knowledge of its owner.",
			Fix:     []string{"Create a PTR record for the address, with the name of the server, and an address record of that name.", own},
			Records: ptrRecord,
			User:    askProvider,
		},
		"rdns.confirmed": {
			Asks:    "A name in the PTR record of the client must lead back to its address.",
			Why:     "Anyone can write any name into the PTR records of their own addresses. Only the owner of the name can confirm it (RFC 8601, section 2.7.3, iprev).",
			Fix:     []string{"Create an address record for the name in the PTR record, with the address of the client. Or change the PTR record to a name that has this address.", own},
			Records: ptrRecord,
			User:    askProvider,
		},
		"rdns.notgeneric": {
			Asks:    "The name of the client must not look like that of a dial-up or unnamed address.",
			Why:     "Mail servers have names of their own. Addresses with names that are made of the address seldom run mail servers.",
			Fix:     []string{"Change the PTR record to a name such as mail.example.com.", own},
			Records: ownName,
			User:    logIn,
		},
		"rdns.in": {
			Asks: "A confirmed name of the client must be in a list of names.",
			Why:  byRules,
			Fix:  []string{"Ask the postmaster of this site."},
			User: askProvider,
		},
		"rdns.notin": {
			Asks: "No name of the client may be in a list of names.",
			Why:  "The operator of this server does not accept mail of hosts with these names.",
			Fix:  []string{"Ask the postmaster of this site. If the names are those of a dial-up network, send through the server of your provider."},
			User: logIn,
		},
		"rdns.matcheshelo": {
			Asks: "A PTR name of the client must be equal to its HELO name.",
			Why:  byRules,
			Fix:  []string{"Set the HELO name to the name in the PTR record of the server."},
			User: askProvider,
		},
		"rdns.backshelo": {
			Asks: "A client that introduces itself with a name of a well-known domain must have a confirmed PTR name in that domain.",
			Why:  "Anyone can write a well-known name into HELO. The servers of that domain have PTR records that confirm it.",
			Fix:  []string{"Set the HELO name to a name of your own domain."},
			User: askProvider,
		},
	}
}

func lists() map[string]Entry {
	const delist = "Look up the entry at the operator of the list, who says why the address or name is listed and how to remove it. Fix the cause first, or it is listed again."
	listed := func(what string) Entry {
		return Entry{
			Asks: what + " must not be on a DNS list that this site uses.",
			Why:  "The operator of the list found that unwanted mail comes from there (RFC 5782 describes such lists).",
			Fix:  []string{delist, "If your address is shared with others, send through a server with an address of its own."},
			User: askProvider,
		}
	}
	return map[string]Entry{
		"dnsbl.notlisted":       listed("The address of the client"),
		"dnsbl.scorebelow":      listed("The address of the client"),
		"dnsbl.helonotlisted":   listed("The HELO name"),
		"dnsbl.sendernotlisted": listed("The domain of the sender"),
		"dnsbl.ptrnotlisted":    listed("The PTR name of the client"),
		"dnsbl.listed": {
			Asks: "The address of the client must be on an allow list that this site uses.",
			Why:  byRules,
			Fix:  []string{"Apply at the operator of the list, or ask the postmaster of this site."},
			User: askProvider,
		},
		"dnsbl.asn": {
			Asks: "The network of the client must be one of a list of networks.",
			Why:  byRules,
			Fix:  []string{"Ask the postmaster of this site."},
			User: askProvider,
		},
	}
}

// blocked has the entries for what must not be so: rules that refuse if a check passes.
func blocked() map[string]Entry {
	entry := func(asks string) Entry {
		return Entry{Asks: asks, Why: byRules, Fix: []string{"Ask the postmaster of this site."}, User: askProvider}
	}
	return map[string]Entry{
		"not(client.in)":    entry("The address of the client must not be in a list of blocked networks."),
		"not(helo.in)":      entry("The HELO name must not be in a list of blocked names."),
		"not(rdns.in)":      entry("No name of the client may be in a list of blocked names."),
		"not(sender.in)":    entry("The sender must not be in a list of blocked senders."),
		"not(recipient.in)": entry("The recipient must not be in a list of addresses that accept no mail."),
		"not(dnsbl.listed)": entry("The address of the client must not be on a DNS list that this site uses."),
		"not(dnsbl.asn)":    entry("The network of the client must not be one of a list of blocked networks."),
	}
}
