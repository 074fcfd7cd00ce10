package picture

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

// questions returns the types of the questions that checks ask DNS about an ordinary
// message, each once, or sometimes if there are none and package analysis knows that a
// check asks about other messages.
func questions(ctx context.Context, checks []envelope.Check) []string {
	var dns ordinary
	for _, check := range checks {
		ask(ctx, &dns, check)
	}
	if len(dns.types) == 0 && slices.ContainsFunc(checks, mayAsk) {
		return []string{sometimes}
	}
	return dns.types
}

// sometimes stands for the questions about some messages.
const sometimes = "(some mail)"

// mayAsk reports whether a check asks DNS about some message. It is false for a check that
// package analysis does not know.
func mayAsk(check envelope.Check) bool {
	loads, err := analysis.Cost(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(check)}})
	return err == nil && slices.ContainsFunc(loads, func(l analysis.StageLoad) bool { return l.Most.Questions > 0 })
}

// ask calls a check. One that panics asks what it asked before.
func ask(ctx context.Context, dns *ordinary, check envelope.Check) {
	defer func() { _ = recover() }()
	e := ordinaryEnvelope()
	if check != nil {
		check(ctx, dns, &e)
	}
}

// ordinaryEnvelope returns an envelope that every check answers about.
func ordinaryEnvelope() envelope.Envelope {
	return envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"),
		Helo:     "mail.example.net",
		MailFrom: "ann@example.net",
		RcptTo:   "bob@example.org",
		Message: envelope.NewMessage([]byte("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s;\r\n" +
			" h=from:date:list-unsubscribe:list-unsubscribe-post; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n b=AAAA\r\n" +
			"From: ann@example.net\r\nTo: bob@example.org\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n" +
			"Message-ID: <1@example.net>\r\nSubject: a\r\nList-Unsubscribe: <https://example.net/u>\r\n" +
			"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n\r\n")),
	}
}

// ordinary is the DNS of a domain that sends mail, with SPF and DMARC. It notes the types
// of the questions.
type ordinary struct {
	mu    sync.Mutex
	types []string
}

func (o *ordinary) note(kind string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !slices.Contains(o.types, kind) {
		o.types = append(o.types, kind)
	}
}

const mailHost = "mail.example.net."

func notFound(name string) error {
	return &net.DNSError{Err: "no such record", Name: name, IsNotFound: true}
}

func (o *ordinary) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	if network == "ip6" {
		o.note("AAAA")
		return nil, notFound(host)
	}
	o.note("A")
	if host != mailHost {
		return nil, notFound(host)
	}
	return []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil
}

func (o *ordinary) LookupAddr(context.Context, string) ([]string, error) {
	o.note("PTR")
	return []string{mailHost}, nil
}

func (o *ordinary) LookupMX(context.Context, string) ([]*net.MX, error) {
	o.note("MX")
	return []*net.MX{{Host: mailHost, Pref: 10}}, nil
}

func (o *ordinary) LookupTXT(_ context.Context, name string) ([]string, error) {
	o.note("TXT")
	switch {
	case strings.HasPrefix(name, "_dmarc."):
		return []string{"v=DMARC1; p=reject"}, nil
	case strings.Contains(name, "_"):
		return nil, notFound(name)
	}
	return []string{"v=spf1 mx -all"}, nil
}

func (o *ordinary) LookupCNAME(_ context.Context, host string) (string, error) {
	o.note("CNAME")
	return host, nil
}
