package spf

import (
	"net/netip"
	"strings"
	"time"

	"mxrules.example/envelope"
)

// The identities, in the words of a Received-SPF field (RFC 7208, section 9.1).
const (
	mailFromIdentity = "mailfrom"
	heloIdentity     = "helo"
)

// input is what an evaluation depends on (RFC 7208, section 4.1).
type input struct {
	client   netip.Addr
	helo     string
	mailFrom string // "" is the null sender, for which the HELO name is evaluated
	now      time.Time
}

// sender is the mailbox that is evaluated. The local part and the domain are kept
// apart, so that an @ in a quoted local part cannot change the domain.
type sender struct {
	local  string // without quotes and escapes
	domain envelope.Host
}

// String returns the mailbox as RFC 5321 writes it.
func (s sender) String() string {
	return envelope.Mailbox{Local: s.local, Domain: s.domain}.String()
}

// postmaster is the local part of a sender without one (RFC 7208, section 4.3).
const postmaster = "postmaster"

// sender returns the mailbox that is evaluated. Its domain is "" if that is an address
// literal, a single label or not a valid name (RFC 7208, section 4.3).
func (in *input) sender() sender {
	if in.mailFrom == "" {
		return sender{postmaster, fullName(in.helo)}
	}
	if m, err := envelope.ParseMailbox(in.mailFrom, true); err == nil {
		return sender{m.Local, fullName(string(m.Domain))}
	}
	// SPF does not refuse an invalid mailbox. If it has a domain, that domain is
	// evaluated: otherwise an invalid local part would evade SPF.
	at := strings.LastIndexByte(in.mailFrom, '@')
	if at < 0 {
		return sender{}
	}
	local := end(in.mailFrom[:at])
	if local == "" {
		local = postmaster
	}
	return sender{local, fullName(in.mailFrom[at+1:])}
}

// maxArgument is how many octets of an argument of MAIL or HELO macros use. Valid paths
// and HELO names are shorter (RFC 5321, section 4.5.3.1).
const maxArgument = 255

// end returns the last octets of an argument.
func end(argument string) string { return argument[max(0, len(argument)-maxArgument):] }

// fullName parses a name of more than one label. It returns "" for others. U-labels
// become A-labels (RFC 8616, section 4).
func fullName(s string) envelope.Host {
	name, err := envelope.ParseHost(s)
	if err != nil || name.Labels() < 2 {
		return ""
	}
	return name
}
