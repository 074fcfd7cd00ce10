package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/header"
)

// maxHops bounds how many gateways in a row are followed.
const maxHops = 10

// Gateways are servers of the site that receive mail from the Internet and relay it to
// this one. A gateway hides the client: the connection is the gateway's own, and the
// client's address and HELO name are in the Received field that the gateway wrote (RFC
// 5321, section 4.4). Behind finds them there.
//
// A server that learns the client by the PROXY protocol or by the command XCLIENT of
// Postfix needs no Gateways: it sets ClientIP, Helo, TLS and Login of the envelope to
// what it learned, and the checks answer at their own stages. It must take this from its
// own proxies only. After XCLIENT the client says EHLO again, so what was found before is
// not used again.
//
// A gateway has accepted the message already. If this server rejects it, the gateway
// sends a bounce to a sender that may be forged; if this server defers it, the gateway
// tries again, and greylisting only delays mail. So let the gateway ask this server for
// unknown recipients (Postfix: reject_unverified_recipient), and mark mail instead of
// rejecting it where you can.
type Gateways struct {
	networks []netip.Prefix
	names    envelope.HostSet
}

// ParseGateways returns the gateways with addresses in networks that write one of names
// after "by" in their Received fields. names are patterns of host names. Both are
// needed: the connection proves that a gateway relayed the message, and the name that
// the Received field at its top is the gateway's. Addresses of gateways to each other,
// such as those of a content filter, must be in networks; loopback addresses always
// are.
//
// The error is an *[envelope.SyntaxError] that names the invalid value, or says that
// there are no networks or no names.
func ParseGateways(networks []netip.Prefix, names ...string) (*Gateways, error) {
	plain, err := envelope.PlainPrefixes(networks)
	if err != nil {
		return nil, err
	}
	switch {
	case len(names) == 0:
		return nil, &envelope.SyntaxError{Kind: "gateway", Value: strings.Trim(fmt.Sprint(networks), "[]"), Reason: "has no name that it writes after by"}
	case len(networks) == 0:
		return nil, &envelope.SyntaxError{Kind: "gateway", Value: strings.Join(names, ","), Reason: "has no network"}
	}
	set, err := envelope.ParseHostSet(names...)
	if err != nil {
		return nil, err
	}
	return &Gateways{plain, set}, nil
}

// Behind returns e as the first gateway knew it: with the address and the HELO name of
// the gateway's client, in place of the gateway's own. If the client of e is not a
// gateway, Behind returns e unchanged.
//
// Before the message is known, its client is not known either: the result has Relayed
// set, so that checks that need the client are Pending.
//
// Each gateway adds its field at the top. Behind reads them from there: the first field
// names the client of the gateway that is connected, and as long as that client is a
// gateway, the next field names the client of that. A field below the last gateway's is
// never read, because a stranger may have written it. TLS of the result is nil unless
// the first gateway says that its client used TLS, and Login is empty.
//
// It fails, with an error that says why, if a field is missing, was not written by a
// gateway, or does not name a client. The caller decides what this means: a tempfail,
// or to judge the gateway itself ([Gateways.BehindOrItself]).
func (g *Gateways) Behind(e envelope.Envelope) (envelope.Envelope, error) {
	switch {
	case !g.Contain(e.Client()):
		return e, nil
	case !e.Told(envelope.Data):
		e.Relayed = true
		return e, nil
	case e.Message == nil:
		return e, errors.New("the envelope of a gateway has no message")
	}
	e.Relayed, e.SpokeEarly, e.Login, e.TLS = false, false, "", nil
	hops := 0
	for field := range header.Fields(e.Message.Header()) {
		if !field.Is("Received") {
			continue
		}
		t, fault := parseReceived(header.Unfold(field.Value()))
		switch hops++; {
		case fault != "":
			return e, fmt.Errorf("field Received number %d of the message %s", hops, fault)
		case !g.names.Contains(t.host()):
			return e, fmt.Errorf("field Received number %d of the message was written by %s, which is not a gateway", hops, envelope.Excerpt(t.by))
		}
		if !t.ip.IsLoopback() && !g.Contain(t.ip) {
			e.ClientIP, e.Helo = t.ip, t.helo
			if t.tls {
				e.TLS = &tls.ConnectionState{HandshakeComplete: true}
			}
			return e, nil
		}
		if hops == maxHops {
			break
		}
	}
	return e, fmt.Errorf("the first %d Received fields of the message are of gateways, and none names a client", hops)
}

// BehindOrItself is Behind, but the client is the gateway itself if the message does not
// say who it is, for instance because a program on the gateway sent it. The checks then
// find what they find about the gateway. It never fails.
func (g *Gateways) BehindOrItself(e envelope.Envelope) (envelope.Envelope, error) {
	if found, err := g.Behind(e); err == nil {
		return found, nil
	}
	e.Relayed = false
	return e, nil
}

// Contain reports whether an address is that of a gateway. A nil Gateways has none.
func (g *Gateways) Contain(ip netip.Addr) bool {
	return g != nil && slices.ContainsFunc(g.networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}
