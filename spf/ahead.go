package spf

import (
	"context"
	"net"
	"slices"
	"strings"
	"sync"

	"mxrules.example/envelope"
)

// ahead looks up what an evaluation may need next while the evaluation waits for an
// answer: the records for include and redirect, and the addresses for a, mx and
// exists, level by level. The evaluation takes the answers from the memo of the
// judgement and counts its questions as if it were alone, so reading ahead never
// changes a result.
//
// It reads only terms without macros, and only as many as an evaluation may follow
// (RFC 7208, section 4.6.4).
type ahead struct {
	ev       *evaluation // only its constant fields are read
	resolver envelope.Resolver

	mu   sync.Mutex
	left int // terms that may still be looked up
	seen []envelope.Host
}

// runAhead runs the evaluation and reads ahead of it. It waits for the first record
// before the evaluation starts, because a stack that waits is smaller without it. If
// nothing can be read ahead of that record, the evaluation runs alone.
func (ev *evaluation) runAhead() {
	h := &ev.ahead
	domain := ev.sender.domain
	h.ev, h.resolver, h.left = ev, &ev.memo, maxLookups
	ev.firstTexts = h.texts(ev.ctx, domain)
	ev.firstRecord = h.record(domain, ev.firstTexts)
	leads := h.leads(domain, ev.firstRecord)
	if len(leads) == 0 {
		ev.run()
		return
	}
	h.seen = append(h.seen, domain)
	for range envelope.Concurrently(ev.ctx, []bool{false, true}, func(ctx context.Context, ahead bool) struct{} {
		if ahead {
			h.lookUp(ctx, leads)
		} else {
			ev.ctx = ctx
			ev.run()
		}
		return struct{}{}
	}) {
		return // the evaluation comes first, and after it nothing more is needed
	}
}

// texts returns the TXT records of a domain, unless it has a local SPF record.
func (h *ahead) texts(ctx context.Context, domain envelope.Host) []string {
	if _, ok := h.ev.checker.records[domain]; ok {
		return nil
	}
	texts, _ := ask(ctx, h.resolver, string(domain), envelope.LookupTXT)
	return texts
}

// lead is a term that needs DNS, with its name.
type lead struct {
	mechanism mechanism
	name      string
}

// read reads the record of a domain and returns the terms to look up.
func (h *ahead) read(ctx context.Context, domain envelope.Host) []lead {
	if domain == "" || !h.first(domain) {
		return nil
	}
	return h.leads(domain, h.record(domain, h.texts(ctx, domain)))
}

// record returns the record of a domain that has these TXT records, nil if there is none
// that is valid.
func (h *ahead) record(domain envelope.Host, texts []string) *record {
	if rec, ok := h.ev.checker.records[domain]; ok {
		return rec
	}
	text, count := spfRecord(texts)
	if count != 1 || len(text) > maxRecord {
		return nil
	}
	rec, err := parseRecord(text)
	if err != nil {
		return nil
	}
	return rec
}

// leads returns the terms of a record of a domain to look up.
func (h *ahead) leads(domain envelope.Host, rec *record) []lead {
	if rec == nil {
		return nil
	}
	var leads []lead
	for _, t := range h.needed(rec) {
		name := string(domain)
		if t.target != "" {
			name = t.target.expandName(nil) // it has no macros
		}
		leads = append(leads, lead{t.mechanism, name})
	}
	return leads
}

// lookUp looks up what terms need.
func (h *ahead) lookUp(ctx context.Context, leads []lead) {
	for range envelope.Concurrently(ctx, leads, func(ctx context.Context, l lead) struct{} {
		h.term(ctx, l.mechanism, l.name)
		return struct{}{}
	}) {
	}
}

// first reports whether a domain has not been read before.
func (h *ahead) first(domain envelope.Host) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if slices.Contains(h.seen, domain) {
		return false
	}
	h.seen = append(h.seen, domain)
	return true
}

// needed returns the terms of a record that need DNS and can be looked up ahead, up to
// the term that ends the record.
func (h *ahead) needed(rec *record) []*term {
	var terms []*term
	ends := false
	for i := range rec.directives {
		t := &rec.directives[i]
		switch t.mechanism {
		case include, a, mx, exists:
			terms = append(terms, t)
		case all:
			ends = true
		case ip4, ip6:
			ends = t.network.Contains(h.ev.client)
		}
		if ends {
			break
		}
	}
	if rec.redirect != nil && !ends {
		terms = append(terms, rec.redirect)
	}
	terms = slices.DeleteFunc(terms, func(t *term) bool { return strings.Contains(string(t.target), "%") })
	h.mu.Lock()
	defer h.mu.Unlock()
	terms = terms[:min(len(terms), h.left)]
	h.left -= len(terms)
	return terms
}

// term looks up what one term needs.
func (h *ahead) term(ctx context.Context, mechanism mechanism, name string) {
	switch mechanism {
	case include, redirect:
		h.lookUp(ctx, h.read(ctx, recordDomain(name)))
	case a:
		ask(ctx, h.resolver, name, h.ev.addresses)
	case exists:
		ask(ctx, h.resolver, name, lookupA)
	case mx:
		hosts, _ := ask(ctx, h.resolver, name, envelope.LookupMX)
		if len(hosts) > maxHosts {
			return
		}
		for range envelope.Concurrently(ctx, hosts, func(ctx context.Context, host *net.MX) struct{} {
			ask(ctx, h.resolver, host.Host, h.ev.addresses)
			return struct{}{}
		}) {
		}
	}
}
