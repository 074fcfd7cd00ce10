package dnsbl

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"mxrules.example/envelope"
)

var (
	// blocked is the status of a listed client or domain (RFC 5321, section 4.2.3:
	// transaction failed; RFC 3463: delivery not authorized).
	blocked = envelope.Status{Code: 554, Subject: 7, Detail: 1}
	// unwanted is the status of a client that is not on a list that it should be on.
	unwanted = envelope.Status{Code: 550, Subject: 7, Detail: 1}
)

// maxShown is how many lists a text has. The others are only counted.
const maxShown = 3

// Result is the answers of the lists. A *Result is the Detail of every finding of this
// package that depends on lists; it belongs to that finding alone.
type Result struct {
	// Listed are the lists that have the client or domain, in the order of the lists. It
	// is never nil. Lists that were not needed for the finding are not in it.
	Listed []Listing `json:"listed"`
	// Ignored are the answers within 127.0.0.0/8 that List.Codes does not have. They
	// are not listings, and have no Reason. A list whose answers are all here may have
	// the wrong Codes.
	Ignored []Listing `json:"ignored,omitempty"`
}

// Listing is one list that has the client or domain.
type Listing struct {
	// Zone is the zone of the list, or its Name if it has one.
	Zone string `json:"zone"`
	// Codes are the answers, in their order.
	Codes []netip.Addr `json:"codes"`
	// Reason is the text of the TXT records, clean and of at most 256 octets. It is ""
	// if it was not needed or is not clean.
	Reason string `json:"reason"`
}

func (p *poll) result() *Result {
	result := &Result{Listed: make([]Listing, 0, len(p.hits))}
	for _, h := range p.hits {
		result.Listed = append(result.Listed, h.listing)
	}
	for _, h := range p.ignored {
		result.Ignored = append(result.Ignored, h.listing)
	}
	return result
}

// finding is the finding of a check that passes without a listing, without the text of
// a failure. Its Err has the errors of all lists, also of those that did not matter.
func (p *poll) finding(check string) envelope.Finding {
	var f envelope.Finding
	switch outcome := p.outcome(); outcome {
	case envelope.TempError:
		// The name that was looked up may have the key of a subscriber, so the text has
		// only the name of the list.
		f = envelope.Temporary(check, nil)
		f = f.Observed("the lookup in the DNS list %s failed", p.failed[0].list.name)
	case envelope.PermError:
		q := p.misanswered[0]
		f = envelope.Permanent(check, blocked, "the DNS list %s returned an invalid answer for "+q.about.format,
			append([]any{q.list.name}, q.about.args...)...)
	default:
		f = envelope.Finding{Check: check, Outcome: outcome}
		if outcome == envelope.Pass && len(p.ignored) > 0 {
			h := p.ignored[0]
			f = f.Observed("the DNS list %s returned %s for "+h.about.format+", which is not an accepted code",
				append([]any{h.listing.Zone, some(h.listing.Codes)}, h.about.args...)...)
		}
	}
	f.Err = errors.Join(p.faults...)
	return f.With(p.result())
}

// listed is the finding that the lists have the client or domain. It looks up the
// reasons of the lists with a positive weight.
func (p *poll) listed(ctx context.Context, r envelope.Resolver, check string) envelope.Finding {
	var against []*hit
	for i := range p.hits {
		if h := &p.hits[i]; h.weight > 0 {
			against = append(against, h)
		}
	}
	for h, reason := range envelope.Concurrently(ctx, against, func(ctx context.Context, h *hit) string { return h.reason(ctx, r) }) {
		h.listing.Reason = reason
	}
	var format strings.Builder
	format.WriteString(against[0].about.format + " is ")
	args := slices.Clone(against[0].about.args)
	for i, h := range against[:min(len(against), maxShown)] {
		if i > 0 {
			format.WriteString(", and ")
		}
		format.WriteString("on the DNS list %s")
		args = append(args, h.listing.Zone)
		if h.listing.Reason != "" {
			format.WriteString(`, which says "%s"`)
			args = append(args, h.listing.Reason)
		}
	}
	if more := len(against) - maxShown; more > 0 {
		fmt.Fprintf(&format, ", and on %d more", more)
	}
	f := envelope.Failed(check, blocked, format.String(), args...).With(p.result())
	f.Err = errors.Join(p.faults...)
	return f
}

// onNone is the finding that a client is on none of the lists.
func onNone(check string, client netip.Addr, lists []list) envelope.Finding {
	switch len(lists) {
	case 0:
		return envelope.Failed(check, unwanted, "the client %s is on no DNS list: none is configured", client)
	case 1:
		return envelope.Failed(check, unwanted, "the client %s is not on the DNS list %s", client, lists[0].name)
	}
	var names []string
	for _, l := range lists {
		names = append(names, l.name)
	}
	return envelope.Failed(check, unwanted, "the client %s is on none of the DNS lists %s", client, some(names))
}

// some returns the first values, and how many more there are.
func some[T any](values []T) string {
	var text strings.Builder
	for i, v := range values[:min(len(values), maxShown)] {
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprint(&text, v)
	}
	if more := len(values) - maxShown; more > 0 {
		fmt.Fprintf(&text, " and %d more", more)
	}
	return text.String()
}

// Explain returns for verdict.Verdict.Explain the codes of each listing, and those
// that are not accepted.
func (result *Result) Explain() []string {
	var lines []string
	add := func(format string, l Listing) {
		lines = append(lines, fmt.Sprintf(format, l.Zone, strings.Trim(fmt.Sprint(l.Codes), "[]")))
	}
	for _, l := range result.Listed {
		add("on the DNS list %s with %s", l)
	}
	for _, l := range result.Ignored {
		add("other codes of the DNS list %s: %s", l)
	}
	return lines
}
