package dmarc

import (
	"context"

	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// Model is the specification that an evaluation follows.
type Model uint8

const (
	// RFC9989 finds organizational domains by walking up the tree of DNS.
	RFC9989 Model = iota
	// RFC7489 is its predecessor. It finds organizational domains with a list of
	// public suffixes that is compiled into the program, and does not know np, psd and
	// t. The tag pct is ignored: the policy applies to every message.
	RFC7489
)

// Receiver is a mail receiver that evaluates DMARC (RFC 9989, section 3.2.11), and
// its settings. The zero value is ready to use, and is what the functions of
// the package use. It must not be changed once it is in use.
type Receiver struct {
	// Model is the specification to follow.
	Model Model
	// Unguarded takes a record without psd at its word even if a registry publishes
	// it. Then a record at com. without psd=y makes one organization of all names
	// below, and the owner of one of them passes for any other (RFC 9989, section
	// 11.8). Without it, a public suffix of the ICANN division of the list in
	// x/net/publicsuffix counts as if its record said psd=y.
	Unguarded bool
	// Forwarders are domains that forward mail to this site and are trusted to
	// forward it as it came. If one of them is authenticated, by SPF or as the d= of a
	// DKIM signature, a failure asks for nothing ([TrustedForwarder]).
	Forwarders envelope.HostSet
	// MailingLists are domains of lists whose mail users of this site want. A list
	// changes a message and so breaks its signature (RFC 7960, section 3.2.3). If one
	// of them is authenticated, a failure asks for nothing ([MailingList]).
	MailingLists envelope.HostSet
	// SPF evaluates SPF for the checks. nil is package spf without settings.
	SPF *spf.Checker
}

// Input is what is known of a message. All names may be in any form: upper
// case, U-labels, with a final dot.
type Input struct {
	// From holds the domains of the addresses in the From header field, as they
	// follow the @. None means that the field is missing or has no address.
	From []string
	// SPF is the result of SPF for MAIL FROM.
	SPF SPF
	// DKIM has the result of each signature.
	DKIM []DKIM
}

// SPF is the result of SPF (RFC 7208) for the identity MAIL FROM, which for
// the null sender is postmaster at the HELO name. The HELO identity must not be
// given here: a client can greet with any name (RFC 9989, section 4.4.2).
type SPF struct {
	Domain string // the domain that was evaluated
	Result string // pass, fail, softfail, neutral, none, temperror or permerror; "" is none
}

// DKIM is the result of one signature (RFC 6376).
type DKIM struct {
	Domain   string // d=
	Selector string // s=
	Result   string // pass, fail, policy, neutral, none, temperror or permerror
}

// Words of RFC 8601, sections 2.7.1 and 2.7.2, that make a difference here.
const (
	pass      = "pass"
	temperror = "temperror"
)

// standard is the receiver of the functions of this package.
var standard = &Receiver{}

// Evaluate evaluates a message as a Receiver without settings does.
func Evaluate(ctx context.Context, r envelope.Resolver, in Input) Result {
	return standard.Evaluate(ctx, r, in)
}
