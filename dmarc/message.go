package dmarc

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mxrules.example/dmarc/author"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// key is the key of envelope.Once: all that an evaluation depends on except the
// resolver, of which a judgement has one.
type key struct {
	checker  *Checker
	held     *envelope.HostSet
	message  *envelope.Message
	client   netip.Addr
	helo     string
	mailFrom string
	now      time.Time
}

// hearing is the evaluation of an envelope with its input and lookups.
type hearing struct {
	material *material
	asked    map[envelope.Host]found
	existing map[envelope.Host]existence
	result   Result
}

// hear evaluates the message of an envelope, once per judgement.
func (c *Checker) hear(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, held *envelope.HostSet) hearing {
	shared, _ := envelope.Once(ctx, key{c, held, e.Message, e.Client(), e.Helo, e.MailFrom, e.Now}, func() (hearing, error) {
		return c.authenticate(ctx, r, e, held), nil
	})
	return shared
}

// authenticate evaluates SPF and DKIM for an envelope, and then DMARC. If the author
// cannot be identified, it evaluates neither.
func (c *Checker) authenticate(ctx context.Context, r envelope.Resolver, e *envelope.Envelope, held *envelope.HostSet) hearing {
	authors, err := author.Of(e.Message)
	if err != nil {
		return hearing{result: c.unevaluated(new(material), err.Error())}
	}
	m, fault := prepare(authors.Domains(), held)
	d := c.discover(r)
	d.gather(ctx, e, m, fault == "")
	if fault != "" {
		return hearing{material: m, result: c.unevaluated(m, fault)}
	}
	result := d.conclude(ctx, m)
	return hearing{m, d.asked, d.existing, result}
}

// gather evaluates SPF and DKIM and, if the author domains are valid, looks up their
// records. The three are independent, so their questions go out together.
func (d *discovery) gather(ctx context.Context, e *envelope.Envelope, m *material, readable bool) {
	parts := []part{senderPolicy, signatures}
	if readable && !d.checker.rfc7489 {
		parts = append(parts, records)
	}
	var sender *spf.Result
	var signed *dkim.Result
	for _, result := range envelope.Concurrently(ctx, parts, func(ctx context.Context, p part) any { return p(ctx, d, e, m) }) {
		switch result := result.(type) {
		case *spf.Result:
			sender = result
		case *dkim.Result:
			signed = result
		case map[envelope.Host]found:
			d.asked = result
		}
	}
	m.add(sender, signed)
}

// part is a part of an evaluation that depends on no other.
type part func(ctx context.Context, d *discovery, e *envelope.Envelope, m *material) any

func senderPolicy(ctx context.Context, d *discovery, e *envelope.Envelope, _ *material) any {
	return d.checker.senderPolicy(ctx, d.resolver, e)
}

func signatures(ctx context.Context, d *discovery, e *envelope.Envelope, _ *material) any {
	return dkim.Evaluate(ctx, d.resolver, e)
}

func records(ctx context.Context, d *discovery, e *envelope.Envelope, m *material) any {
	return d.checker.records(ctx, d.resolver, m.evaluated(), claimed(ctx, e))
}

// records looks up what the walks of the author domains need, given the domains that
// may be authenticated. If no other domain could be aligned with an author domain, its
// own record ends the walk. A registered domain has a record or inherits none, but
// from a public suffix, so that the names above it are not asked for yet. Names
// below it often inherit one: for these, the names above go out together with them,
// because a round costs more than a question.
func (c *Checker) records(ctx context.Context, r envelope.Resolver, authors, claimed []envelope.Host) map[envelope.Host]found {
	d := c.discover(r)
	for _, author := range authors {
		d.alone = !slices.ContainsFunc(claimed, func(host envelope.Host) bool { return related(host, author) })
		last := envelope.Host("")
		if d.alone && registered(author) == author {
			last = author
		}
		d.lookAhead(ctx, author, author, last)
	}
	return d.asked
}

// claimed returns the domains that SPF and DKIM may authenticate, before they do.
func claimed(ctx context.Context, e *envelope.Envelope) []envelope.Host {
	hosts := dkim.Domains(ctx, e.Message)
	name := e.Helo
	if e.MailFrom != "" {
		name = e.MailFrom[strings.LastIndexByte(e.MailFrom, '@')+1:]
	}
	if host, err := envelope.ParseHost(name); err == nil {
		hosts = append(hosts, host)
	}
	return hosts
}

// senderPolicy evaluates SPF for MAIL FROM.
func (c *Checker) senderPolicy(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *spf.Result {
	if c.spf != nil {
		return c.spf.Evaluate(ctx, r, e)
	}
	return spf.Evaluate(ctx, r, e)
}

// finding turns an evaluation into the finding of a claim. If lookups failed, it is
// certain only if it is the same for every result that other answers would lead to.
func (c *Checker) finding(ctx context.Context, r envelope.Resolver, claim claim, h hearing) envelope.Finding {
	f := claim.word(claim.name, &h.result)
	if f.Outcome == envelope.TempError || h.result.Outcome != envelope.TempError && h.result.assumes() {
		f = c.reconsider(ctx, r, f, h, claim.word)
	}
	if f.Outcome == envelope.None {
		return f // the result is not one of DMARC
	}
	return f.With(h.result.own())
}

// reconsider makes a finding certain or a TempError.
func (c *Checker) reconsider(ctx context.Context, r envelope.Resolver, f envelope.Finding, h hearing, word func(string, *Result) envelope.Finding) envelope.Finding {
	var outcome envelope.Outcome
	d := c.discover(r)
	d.asked, d.existing = maps.Clone(h.asked), maps.Clone(h.existing)
	result, failure := settle(ctx, d, h.material, func(result Result) envelope.Outcome {
		outcome = word(f.Check, &result).Outcome
		return outcome
	})
	switch {
	case failure != nil:
		return envelope.Temporary(f.Check, failure)
	case outcome == f.Outcome:
		return f
	case outcome == envelope.Fail:
		result = result.known()
		return failed(f.Check, &result)
	}
	return envelope.Passed(f.Check)
}
