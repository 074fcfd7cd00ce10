package envelope

import (
	"crypto/tls"
	"net/netip"
	"time"
)

// Envelope is what is known of one SMTP transaction at one time, for one recipient.
// It is a plain value: write it as a literal and copy it freely. Fields of later
// stages than Stage are ignored.
type Envelope struct {
	// Stage is how far the transaction has come. The zero value, Whole, means that
	// everything is known.
	Stage Stage

	// ClientIP is the address of the client. The zero value is an unknown address,
	// which is in no network. Read it with Client, which unmaps it.
	ClientIP netip.Addr
	// SpokeEarly says that the client sent data before the banner of the server
	// (RFC 5321, section 4.3.1).
	SpokeEarly bool
	// TLS is the state of the TLS connection, nil without TLS. It is known from Mail
	// on, because a client may send STARTTLS after EHLO.
	TLS *tls.ConnectionState
	// Login is the SASL identity (RFC 4954), "" if there is none. It is known from
	// Mail on.
	Login string

	// Helo is the argument of HELO, EHLO or LHLO, unchanged.
	Helo string
	// MailFrom is the reverse path without its angle brackets, in the form of RFC
	// 5321, section 4.1.2: a local part that needs quotes has them. "" is the null
	// sender.
	MailFrom string
	// RcptTo is the forward path of the recipient, in the same form.
	RcptTo string
	// Recipients is how many recipients of this transaction were accepted before
	// RcptTo.
	Recipients int
	// SMTPUTF8 says that MAIL had the parameter SMTPUTF8 (RFC 6531).
	SMTPUTF8 bool

	// Message is the message, known from Data on; before that see Arriving.
	Message *Message

	// Relayed says that the client is a gateway of the site, and that the gateway's own
	// client, which the checks are about, is not known before the message. It has no
	// effect from Data on, when ClientIP and Helo must be those of that client; see
	// client.Gateways.
	Relayed bool

	// Now is the time of the judgement. Zero means the time of the clock, which a
	// judgement reads once.
	Now time.Time
}

// Reached reports whether the transaction has come to stage, so that the fields up to
// that stage are known. A whole envelope has reached every stage. For relayed mail,
// whose client is not known before the message, Reached is false before Data.
func (e *Envelope) Reached(stage Stage) bool {
	if e.Relayed && e.Stage != Whole && e.Stage < Data {
		return false
	}
	return e.Told(stage)
}

// Told reports whether the command of stage has come, for relayed mail too. It is for
// checks that use nothing about the client: not its address, HELO name, TLS or login. A
// gateway passes on the sender and the recipients of its own client, so that an unknown
// mailbox can be rejected at RCPT.
func (e *Envelope) Told(stage Stage) bool {
	if e.Stage == Whole {
		return true
	}
	return stage != Whole && e.Stage >= stage
}

// UpTo returns e as it is known at stage, without the fields of later stages.
func (e *Envelope) UpTo(stage Stage) Envelope {
	known := Envelope{Stage: stage, Relayed: e.Relayed, Now: e.Now}
	if known.Told(Connect) {
		known.ClientIP, known.SpokeEarly = e.ClientIP, e.SpokeEarly
	}
	if known.Told(Helo) {
		known.Helo = e.Helo
	}
	if known.Told(Mail) {
		known.TLS, known.Login, known.MailFrom, known.SMTPUTF8 = e.TLS, e.Login, e.MailFrom, e.SMTPUTF8
	}
	if known.Told(Rcpt) {
		known.RcptTo, known.Recipients = e.RcptTo, e.Recipients
	}
	if known.Told(Data) {
		known.Message = e.Message
	}
	return known
}

// Client returns the address of the client without a zone, and as IPv4 if it is
// IPv4-mapped (::ffff:192.0.2.1). It is invalid if the address is unknown.
func (e *Envelope) Client() netip.Addr {
	return e.ClientIP.Unmap().WithZone("")
}

// plainPrefix returns p, or the IPv4 prefix that it means if p is IPv4-mapped.
func plainPrefix(p netip.Prefix) netip.Prefix {
	const mapped = 96 // bits before the IPv4 address, RFC 4291, section 2.5.5.2
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p
}

// PlainPrefixes returns prefixes that match addresses of Client: an IPv4-mapped one
// (::ffff:192.0.2.0/120) becomes the IPv4 prefix that it means, every other one is
// unchanged. The error is a *[SyntaxError] if one is invalid, such as the zero value.
func PlainPrefixes(prefixes []netip.Prefix) ([]netip.Prefix, error) {
	plain := make([]netip.Prefix, 0, len(prefixes))
	for _, p := range prefixes {
		if !p.IsValid() {
			return nil, &SyntaxError{Kind: "network", Value: p.String(), Reason: "has no valid address and length"}
		}
		plain = append(plain, plainPrefix(p))
	}
	return plain, nil
}

// Time returns Now, or the time of the clock if Now is zero.
func (e *Envelope) Time() time.Time {
	if e.Now.IsZero() {
		return time.Now()
	}
	return e.Now
}
