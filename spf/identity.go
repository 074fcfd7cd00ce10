package spf

import (
	"net/netip"
	"strings"
	"time"

	"mxrules.example/envelope"
)

// Identity is what a client says of itself and SPF can prove (RFC 7208, section
// 2.1).
type Identity uint8

const (
	// MailFrom is the sender in the MAIL command. Of the null sender it is the
	// mailbox "postmaster" at the HELO name (RFC 7208, section 2.4).
	MailFrom Identity = iota
	// Helo is the name in the HELO or EHLO command (RFC 7208, section 2.3).
	Helo
)

// String returns the word for i in a Received-SPF field: "mailfrom" or "helo"
// (RFC 7208, section 9.1).
func (i Identity) String() string {
	if i == Helo {
		return "helo"
	}
	return "mailfrom"
}

// MarshalText writes the word that String returns.
func (i Identity) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// Input is what an evaluation looks at (RFC 7208, section 4.1). It is a plain
// value, and can be compared.
type Input struct {
	// ClientIP is the address of the client. An IPv4-mapped address is IPv4, a
	// zone is left out.
	ClientIP netip.Addr
	// Helo is the argument of HELO or EHLO as it was sent.
	Helo string
	// MailFrom is the reverse path without its angle brackets, in the form of
	// RFC 5321, section 4.1.2, or RFC 6531. "" is the null sender.
	MailFrom string
	// Identity is what is to be checked.
	Identity Identity
	// Now is the time that an explanation may tell. Zero means the clock.
	Now time.Time
}

// sender is the mailbox that an evaluation is about. The local part and the
// domain are always apart, so that no @ in a quoted local part moves the
// border.
type sender struct {
	local  string // what it means: without quotes
	domain envelope.Host
}

// String returns the mailbox as RFC 5321 writes it.
func (s sender) String() string {
	return envelope.QuoteLocalPart(s.local) + "@" + string(s.domain)
}

// postmaster is the local part of a sender without one (RFC 7208, section 4.3).
const postmaster = "postmaster"

// sender returns whom the input is about. Its domain is "" if there is none
// that DNS could be asked for: an address literal, a single label, anything
// that is no name (RFC 7208, section 4.3).
func (in Input) sender() sender {
	if in.Identity == Helo || in.MailFrom == "" {
		return sender{postmaster, fullName(in.Helo)}
	}
	if m, err := envelope.ParseMailbox(in.MailFrom, true); err == nil {
		return sender{m.Local, fullName(string(m.Domain))}
	}
	// What is no mailbox is not for SPF to refuse. Where it leads to a domain
	// all the same, that domain is asked, or a local part that can't be read would
	// hide it.
	at := strings.LastIndexByte(in.MailFrom, '@')
	if at < 0 {
		return sender{}
	}
	local := end(in.MailFrom[:at])
	if local == "" {
		local = postmaster
	}
	return sender{local, fullName(in.MailFrom[at+1:])}
}

// maxArgument is how many octets of what a client has said go into macros: no
// path and no greeting that is one has more (RFC 5321, section 4.5.3.1).
const maxArgument = 255

// end returns the end of what a client has said.
func end(said string) string { return said[max(0, len(said)-maxArgument):] }

// fullName reads a name of more than one label, "" if it is none. U-labels
// become A-labels (RFC 8616, section 4).
func fullName(s string) envelope.Host {
	name, err := envelope.ParseHost(s)
	if err != nil || name.Labels() < 2 {
		return ""
	}
	return name
}
