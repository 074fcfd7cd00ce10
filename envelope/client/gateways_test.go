package client_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
)

const stranger = "198.51.100.9"

var theGateways = mustGateways([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8:1::/48")}, "gw.example.org", ".gw.example.org")

func mustGateways(networks []netip.Prefix, names ...string) *client.Gateways {
	g, err := client.ParseGateways(networks, names...)
	if err != nil {
		panic(err)
	}
	return g
}

// relayed returns the envelope of a message that gateway 192.0.2.1 relays, with these
// lines at its top.
func relayed(lines ...string) envelope.Envelope {
	return envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "gw.example.org", MailFrom: "ann@example.net", Login: "gateway",
		Message: envelope.NewMessage([]byte(strings.Join(append(lines, "From: ann@example.net", "", "hello", ""), "\r\n"))),
	}
}

func TestClientInTheReceivedFieldOfAGateway(t *testing.T) {
	for _, tc := range []struct {
		name     string
		received string // of the gateway
		want     string // address, HELO name, "tls"
	}{
		{"Postfix", "from mail.example.net (mail.example.net [198.51.100.9])\r\n\tby gw.example.org (Postfix) with ESMTP id 4XyZ\r\n\tfor <bob@example.org>; Thu, 1 Jan 2026 00:00:00 +0000 (UTC)", stranger + " mail.example.net"},
		{"Postfix with TLS", "from mail.example.net (unknown [IPv6:2001:db8:f::1])\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t key-exchange X25519 server-signature RSA-PSS (2048 bits))\r\n\t(Client did not present a certificate)\r\n\tby a.gw.example.org (Postfix) with ESMTPS id 1; date", "2001:db8:f::1 mail.example.net tls"},
		{"Postfix, HELO is an address literal", "from [10.0.0.1] (mail.example.net [198.51.100.9]) by gw.example.org; date", stranger + " [10.0.0.1]"},
		{"Sendmail", "from mail.example.net (host.example.net [198.51.100.9] (may be forged)) by GW.Example.ORG. (8.17/8.17) with ESMTPS; date", stranger + " mail.example.net tls"},
		{"Exim", "from host.example.net ([198.51.100.9]:4711 helo=mail.example.net) by gw.example.org with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.98) id 1; date", stranger + " mail.example.net tls"},
		{"Exim without a PTR record", "from [198.51.100.9] (helo=mail.example.net) by gw.example.org with esmtp (Exim 4.98); date", stranger + " mail.example.net"},
		{"qmail", "from unknown (HELO mail.example.net) (198.51.100.9)\r\n  by gw.example.org with SMTP; date", stranger + " mail.example.net"},
		{"Exchange", "from mail.example.net (198.51.100.9) by gw.example.org (192.0.2.1) with Microsoft SMTP Server (version=TLS1_2, cipher=X) id 15; date", stranger + " mail.example.net"},
		{"no HELO name", "from (mail.example.net [198.51.100.9]) by gw.example.org; date", stranger + " "},
		{"an IPv4-mapped address", "from a.example (a.example [::ffff:198.51.100.9]) by gw.example.org", stranger + " a.example"},
		{"another case, no date", "FROM a.example (A.example [198.51.100.9]) BY gw.example.org WITH UTF8SMTPSA", stranger + " a.example tls"},
	} {
		e, err := theGateways.Behind(relayed("Received: "+tc.received, "Received: from x (y [203.0.113.1]) by gw.example.org; date"))
		got := fmt.Sprint(e.ClientIP, " ", e.Helo)
		if e.TLS != nil {
			got += " tls"
		}
		if err != nil || got != tc.want || e.Relayed || e.Login != "" || e.MailFrom != "ann@example.net" {
			t.Errorf("%s: got %q, %v, want %q", tc.name, got, err, tc.want)
		}
	}
}

func TestFieldsThatNameNoClient(t *testing.T) {
	const ok = "from a.example (a.example [198.51.100.9]) by gw.example.org; date"
	for _, tc := range []struct {
		name, received, want string
	}{
		{"written by another server", "from a (a [198.51.100.9]) by mx.example.net; date", "field Received number 1 of the message was written by mx.example.net, which is not a gateway"},
		{"written by nothing with a name", "from a (a [198.51.100.9]) by [192.0.2.1]; date", "was written by [192.0.2.1], which is not a gateway"},
		{"a name that is hostile", "from a (a [198.51.100.9]) by \x1b\u202e; date", "was written by ??"},
		{"no from", "by gw.example.org; date", "field Received number 1 of the message has no from clause"},
		{"empty", "", "has no from clause"},
		{"no by", "from a.example (a.example [198.51.100.9])", "has no by clause"},
		{"by a comment", "from a.example (a.example [198.51.100.9]) by (gw.example.org)", "has no by clause"},
		{"no address", "from a.example by gw.example.org; date", "has no address of the client"},
		{"the address is the HELO name alone", "from [198.51.100.9] by gw.example.org; date", "has no address of the client"},
		{"the address is the HELO name of Exim", "from a.example (helo=[198.51.100.9]) by gw.example.org; date", "has no address of the client"},
		{"the address is the HELO name of qmail", "from a.example (HELO 198.51.100.9) by gw.example.org; date", "has no address of the client"},
		{"two addresses", "from a ([198.51.100.9]) (a [198.51.100.10]) by gw.example.org; date", "has two addresses of the client"},
		{"two by", "from a (a [198.51.100.9]) by gw.example.org (a [198.51.100.10]) by gw.example.org; date", "has two by clauses"},
		{"two semicolons", "from a (a [198.51.100.9]) by gw.example.org; (a [198.51.100.10]) by gw.example.org; date", "has two semicolons"},
		{"an open comment", "from a (a [198.51.100.9]) by gw.example.org ( (a [198.51.100.10]) by gw.example.org", "has a comment that does not end"},
		{"an end without a comment", "from a ([198.51.100.9]) [198.51.100.10]) by gw.example.org; date", "has a comment that does not begin"},
		{"in the second field", "from x (x [192.0.2.7]) by gw.example.org; date\r\nReceived: from gw.example.org", "field Received number 2 of the message has no by clause"},
		{"only gateways", "from x (x [192.0.2.7]) by gw.example.org; date", "the first 1 Received fields of the message are of gateways, and none names a client"},
		{"too many gateways", strings.Repeat("from x (x [192.0.2.7]) by gw.example.org\r\nReceived: ", 10) + ok, "the first 10 Received fields"},
	} {
		e, err := theGateways.Behind(relayed("Received: " + tc.received))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.want)
		}
		if e.ClientIP != netip.MustParseAddr("192.0.2.1") {
			t.Errorf("%s: the client became %s", tc.name, e.ClientIP)
		}
	}
	if _, err := theGateways.Behind(relayed("X-Received: " + ok)); err == nil {
		t.Error("a message without a Received field has a client")
	}
}

// A message may pass several gateways, and programs on one of them.
func TestGatewaysInARow(t *testing.T) {
	e, err := theGateways.Behind(relayed(
		"Received: from filter (localhost [127.0.0.1]) by gw.example.org; date",
		"Received: from edge.gw.example.org (edge [192.0.2.7]) by gw.example.org; date",
		"Received: from mail.example.net (mail.example.net [198.51.100.9]) by edge.gw.example.org; date",
		"Received: from forged (forged [203.0.113.1]) by gw.example.org; date",
	))
	if err != nil || e.ClientIP.String() != stranger || e.Helo != "mail.example.net" {
		t.Errorf("%s %s: %v", e.ClientIP, e.Helo, err)
	}
}

func TestBehindLeavesOtherEnvelopes(t *testing.T) {
	direct := relayed("Received: from a (a [203.0.113.1]) by gw.example.org; date")
	direct.ClientIP = netip.MustParseAddr(stranger)
	local := direct
	local.ClientIP = netip.MustParseAddr("127.0.0.1")
	for _, e := range []envelope.Envelope{direct, local, {}} {
		if got, err := theGateways.Behind(e); err != nil || got != e {
			t.Errorf("%v became %v: %v", e, got, err)
		}
	}
	var none *client.Gateways
	if e := relayed(); none.Contain(e.ClientIP) {
		t.Error("no gateways contain one")
	}
}

func TestBeforeTheMessageTheClientIsNotKnown(t *testing.T) {
	for stage := envelope.Connect; stage <= envelope.Rcpt; stage++ {
		e := relayed()
		e.Stage, e.Message, e.ClientIP = stage, nil, netip.MustParseAddr("::ffff:192.0.2.1")
		if got, err := theGateways.Behind(e); err != nil || !got.Relayed {
			t.Errorf("%s: %v, %v", stage, got.Relayed, err)
		}
	}
}

func TestGatewaysNameWhatIsInvalid(t *testing.T) {
	network := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	for _, tc := range []struct {
		networks []netip.Prefix
		names    []string
		want     string
	}{
		{[]netip.Prefix{{}}, []string{"gw.example.org"}, "invalid Prefix"},
		{network, []string{"a b"}, "a b"},
		{network, nil, `gateway "192.0.2.0/24" has no name that it writes after by`},
		{nil, []string{"gw.example.org"}, `gateway "gw.example.org" has no network`},
	} {
		if _, err := client.ParseGateways(tc.networks, tc.names...); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v %q: %v", tc.networks, tc.names, err)
		}
	}
}

// FuzzReceived lets a client choose its HELO name and its PTR name, and a gateway write
// them as they come. Behind finds the address of the client or none.
func FuzzReceived(f *testing.F) {
	for _, helo := range []string{
		"mail.example.net", "[203.0.113.1]", "x ([203.0.113.1])", "x (y [203.0.113.1]) by gw.example.org", "[203.0.113.1] (helo=x) by gw.example.org (",
		"x (y [203.0.113.1]) by gw.example.org;", "[203.0.113.1] (helo=x)", "x] helo=[203.0.113.1]", ") (203.0.113.1", "a\\", "(", "x helo=203.0.113.1 by",
	} {
		f.Add(helo, "mail.example.net")
		f.Add("mail.example.net", helo)
	}
	f.Fuzz(func(t *testing.T, helo, ptr string) {
		if strings.ContainsAny(helo+ptr, "\r\n") {
			return
		}
		for _, received := range []string{
			"from " + helo + " (" + ptr + " [198.51.100.9]) by gw.example.org (Postfix) with ESMTP id 1; date",
			"from " + ptr + " ([198.51.100.9] helo=" + helo + ") by gw.example.org with esmtp; date",
			"from " + ptr + " (HELO " + helo + ") (198.51.100.9) by gw.example.org with SMTP; date",
		} {
			e, err := theGateways.Behind(relayed("Received: " + received))
			if err == nil && e.ClientIP.String() != stranger {
				t.Errorf("the client of %q is %s", received, e.ClientIP)
			}
		}
	})
}
