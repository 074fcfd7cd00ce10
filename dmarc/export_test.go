package dmarc

import (
	"context"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// Input is the input of an evaluation in words, so that tests of the algorithm need no
// message.
type Input struct {
	From []string // domains
	SPF  SPF
	DKIM []DKIM
}

type SPF struct{ Domain, Result string }

type DKIM struct{ Domain, Selector, Result string }

// Judge evaluates an input.
func (c *Checker) Judge(ctx context.Context, r envelope.Resolver, in Input) *Result {
	host := func(name string) envelope.Host {
		host, _ := envelope.ParseHost(name)
		return host
	}
	sender := &spf.Result{Word: in.SPF.Result, Domain: host(in.SPF.Domain)}
	signatures := new(dkim.Result)
	for _, s := range in.DKIM {
		signatures.Signatures = append(signatures.Signatures, dkim.Signature{Domain: host(s.Domain), Selector: s.Selector, Word: s.Result})
	}
	var from []envelope.Host
	for _, domain := range in.From {
		from = append(from, envelope.Host(domain))
	}
	m, fault := prepare(from, nil)
	m.add(sender, signatures)
	if fault != "" {
		return c.unevaluated(m, fault).own()
	}
	return c.discover(r).conclude(ctx, m).own()
}

// Judge evaluates an input without settings.
func Judge(ctx context.Context, r envelope.Resolver, in Input) *Result {
	return defaults.Judge(ctx, r, in)
}

// ParseRecord parses the text of a record.
func ParseRecord(text string) (Record, error) {
	record, _, err := parseRecord(text)
	return record, err
}
