package spf

import (
	"context"
	"errors"
	"net"

	library "blitiri.com.ar/go/spf"
	"mxrules.example/envelope"
)

// Evaluate is the function of that name with the settings of c.
func (c *Checker) Evaluate(ctx context.Context, r envelope.Resolver, in Input) Result {
	in.ClientIP = in.ClientIP.Unmap().WithZone("")
	sender := in.sender()
	result := Result{Word: WordNone, Identity: in.Identity}
	if sender.domain == "" {
		return result
	}
	result.Sender, result.Domain = sender.String(), sender.domain
	if !in.ClientIP.IsValid() {
		result.Word, result.Problem = WordPermError, &Problem{Kind: UnknownClient}
		return result
	}
	asker := &adapter{Resolver: r, in: in}
	word, err := library.CheckHostWithSender(in.ClientIP.AsSlice(), string(sender.domain), "postmaster@"+string(sender.domain),
		library.WithContext(ctx), library.WithResolver(asker))
	result.Word, result.Questions = Word(word), asker.questions
	if ctx.Err() != nil {
		result.Word, err = WordTempError, ctx.Err()
	}
	switch {
	case result.Word == WordTempError:
		result.Problem = &Problem{Kind: DNSFailure, Record: sender.domain, Err: err}
	case result.Word == WordPermError:
		result.Problem = &Problem{Kind: kindOf(err), Record: sender.domain, Err: err}
	case asker.ptrFailed != nil && result.Word != WordNone:
		result.Shaky = asker.ptrFailed
	}
	return result
}

func kindOf(err error) Kind {
	switch {
	case errors.Is(err, library.ErrMultipleRecords):
		return SeveralRecords
	case errors.Is(err, library.ErrNoResult):
		return NoRecord
	case errors.Is(err, library.ErrLookupLimitReached):
		return TooManyLookups
	case errors.Is(err, library.ErrVoidLookupLimitReached):
		return TooManyVoidLookups
	case errors.Is(err, library.ErrTooManyMXRecords):
		return TooManyMX
	}
	return BadSyntax
}

// adapter is a Resolver as the library wants it.
type adapter struct {
	envelope.Resolver
	in        Input
	questions int
	names     map[string]bool // of the client
	ptrFailed error
}

func (a *adapter) LookupTXT(ctx context.Context, name string) ([]string, error) {
	a.questions++
	return envelope.LookupTXT(ctx, a.Resolver, name)
}

func (a *adapter) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	a.questions++
	return envelope.LookupMX(ctx, a.Resolver, name)
}

func (a *adapter) LookupIPAddr(ctx context.Context, name string) ([]net.IPAddr, error) {
	a.questions++
	network := "ip4"
	if a.in.ClientIP.Is6() {
		network = "ip6"
	}
	addrs, err := envelope.LookupIP(ctx, a.Resolver, network, name)
	if a.names[name] && err != nil && !envelope.NotFound(err) {
		a.ptrFailed = err
	}
	var all []net.IPAddr
	for _, addr := range addrs {
		all = append(all, net.IPAddr{IP: addr.AsSlice()})
	}
	return all, err
}

func (a *adapter) LookupAddr(ctx context.Context, _ string) ([]string, error) {
	a.questions++
	names, err := envelope.LookupPTR(ctx, a.Resolver, a.in.ClientIP)
	if err != nil && !envelope.NotFound(err) {
		a.ptrFailed = err
	}
	a.names = make(map[string]bool)
	for _, name := range names {
		a.names[name] = true
	}
	return names, err
}
