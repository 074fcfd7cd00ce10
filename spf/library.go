package spf

import (
	"context"
	"math"
	"net"
	"strconv"

	library "blitiri.com.ar/go/spf"
)

// decide evaluates the records of the sender's domain. If the first term that can match
// needs no DNS, it decides alone, whatever follows. Otherwise the library decides.
//
// The library gets each record from render, with a number for every term that needs
// DNS, and asks numbered about the numbers. Its own limits are disabled, because
// numbered counts. The package doc explains why.
func (ev *evaluation) decide() (string, error) {
	first := ev.follow(nil)
	if t := ev.immediate(first); t != nil {
		ev.decided = &question{first, t}
		return qualified[t.qualifier], nil
	}
	ev.questions = make([]*question, 1, 8) // 0 is the domain of the sender
	word, err := library.CheckHostWithSender(ev.client.AsSlice(), "", postmaster+"@0",
		library.WithContext(ev.ctx),
		library.WithResolver(numbered{ev, first}),
		library.OverrideLookupLimit(math.MaxUint),
		library.OverrideVoidLookupLimit(math.MaxUint))
	return string(word), err
}

// immediate returns the first term of a record that can match, if it matches without
// DNS. It returns nil if there is none or the record is nil.
func (ev *evaluation) immediate(rec *record) *term {
	if rec == nil {
		return nil
	}
	for i := range rec.directives {
		switch t := &rec.directives[i]; t.mechanism {
		case all:
			return t
		case ip4, ip6:
			if t.network.Contains(ev.client) {
				return t
			}
		default:
			return nil
		}
	}
	return nil
}

// render writes a record for the library: "include:3", "redirect=5" and, for every
// other term, "exists:4". Terms that need no DNS are decided here: a network without
// the client is left out, and one with it ends the record.
func (ev *evaluation) render(rec *record) string {
	b := []byte("v=spf1")
	for i := range rec.directives {
		t := &rec.directives[i]
		name, last := exists, false
		switch t.mechanism {
		case include:
			name = include
		case all:
			last = true
		case ip4, ip6: // never of the other family (RFC 7208, section 5.6)
			if !t.network.Contains(ev.client) {
				continue
			}
			last = true
		}
		b = append(b, ' ', t.qualifier)
		b = append(b, name...)
		b = ev.appendNumber(append(b, ':'), rec, t)
		if last {
			return string(b)
		}
	}
	if rec.redirect != nil {
		b = ev.appendNumber(append(b, " redirect="...), rec, rec.redirect)
	}
	return string(b)
}

// appendNumber assigns a number to a term and writes it.
func (ev *evaluation) appendNumber(b []byte, rec *record, t *term) []byte {
	ev.questions = append(ev.questions, &question{rec, t})
	return strconv.AppendInt(b, int64(len(ev.questions)-1), 10)
}

// numbered answers the questions of the library. Its errors have the form that the
// library needs: an unwrapped *net.DNSError, not found or temporary.
type numbered struct {
	ev    *evaluation
	first *record // of the sender's domain, nil if there is none
}

var (
	notFound = &net.DNSError{Err: "no such record", IsNotFound: true}
	// over ends the evaluation. The library's result is then ignored: the Problem
	// determines the result.
	over    = &net.DNSError{Err: "the evaluation is over", IsTemporary: true}
	matched = []net.IPAddr{{IP: net.IPv4(127, 0, 0, 2)}}
)

// LookupTXT answers with the record to which an include or redirect leads.
func (n numbered) LookupTXT(_ context.Context, number string) ([]string, error) {
	q := n.question(number)
	rec := n.first
	if q != nil {
		rec = n.ev.follow(q)
	}
	switch {
	case n.ev.result.Problem != nil:
		return nil, over
	case rec == nil:
		return nil, notFound
	}
	rec.via = q
	return []string{n.ev.render(rec)}, nil
}

// LookupIPAddr answers whether a term matches: if it does, with an address.
func (n numbered) LookupIPAddr(_ context.Context, number string) ([]net.IPAddr, error) {
	q := n.question(number)
	matches := n.ev.matches(q)
	switch {
	case n.ev.result.Problem != nil:
		return nil, over
	case !matches:
		return nil, notFound
	}
	n.ev.decided = q
	return matched, nil
}

// LookupMX is never called: the library gets no mx.
func (numbered) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, over }

// LookupAddr is never called: the library gets no ptr.
func (numbered) LookupAddr(context.Context, string) ([]string, error) { return nil, over }

// question returns the question of a number, nil for the domain of the sender.
func (n numbered) question(number string) *question {
	i, err := strconv.Atoi(number)
	if err != nil || i >= len(n.ev.questions) {
		return nil
	}
	return n.ev.questions[i]
}
