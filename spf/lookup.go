package spf

import (
	"context"
	"net"
	"net/netip"
	"strings"

	"mxrules.example/envelope"
)

// countingResolver counts the questions and refuses those above the limit.
type countingResolver struct {
	envelope.Resolver
	count    *int
	most     int
	exceeded bool // a question was refused
}

// more counts a question. It returns an error if the limit is reached.
func (r *countingResolver) more(name string) error {
	if *r.count == r.most {
		r.exceeded = true
		return &net.DNSError{Err: "too many questions", Name: name, IsTemporary: true}
	}
	if r.Resolver == nil {
		return &net.DNSError{Err: "the resolver is nil", Name: name, IsTemporary: true}
	}
	*r.count++
	return nil
}

// Unwrap returns the Resolver that is asked.
func (r *countingResolver) Unwrap() envelope.Resolver { return r.Resolver }

func (r *countingResolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if err := r.more(host); err != nil {
		return nil, err
	}
	return r.Resolver.LookupNetIP(ctx, network, host)
}

func (r *countingResolver) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	if err := r.more(addr); err != nil {
		return nil, err
	}
	return r.Resolver.LookupAddr(ctx, addr)
}

func (r *countingResolver) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	if err := r.more(name); err != nil {
		return nil, err
	}
	return r.Resolver.LookupMX(ctx, name)
}

func (r *countingResolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if err := r.more(name); err != nil {
		return nil, err
	}
	return r.Resolver.LookupTXT(ctx, name)
}

// asking is one of the functions of package envelope that ask DNS.
type asking[T any] func(ctx context.Context, r envelope.Resolver, name string) ([]T, error)

// ask asks one question. It returns no error if nothing is found. It does not ask for
// an address or for a name that DNS cannot have, and finds nothing for them.
func ask[T any](ctx context.Context, r envelope.Resolver, name string, question asking[T]) ([]T, error) {
	name = strings.TrimSuffix(name, ".")
	if _, err := envelope.ParseHost(name); err != nil {
		if !isOddName(name) {
			return nil, nil
		}
		r, name = oddName{r, strings.ToLower(name) + "."}, "odd.invalid"
	}
	values, err := question(ctx, r, name)
	if envelope.NotFound(err) {
		err = nil
	}
	return values, err
}

// oddName asks for one fixed name. A macro may insert characters that host names do not
// have, such as a plus, and a zone may have that name or a wildcard (RFC 7208, section
// 7.3; RFC 2181, section 11). Package envelope asks for host names only.
type oddName struct {
	envelope.Resolver
	name string
}

// Unwrap returns the Resolver that is asked.
func (r oddName) Unwrap() envelope.Resolver { return r.Resolver }

func (r oddName) LookupNetIP(ctx context.Context, network, _ string) ([]netip.Addr, error) {
	return r.Resolver.LookupNetIP(ctx, network, r.name)
}

func (r oddName) LookupMX(ctx context.Context, _ string) ([]*net.MX, error) {
	return r.Resolver.LookupMX(ctx, r.name)
}

func (r oddName) LookupTXT(ctx context.Context, _ string) ([]string, error) {
	return r.Resolver.LookupTXT(ctx, r.name)
}

// isOddName reports whether DNS can be asked for a name that is not a host name:
// labels of 1 to 63 octets of printable ASCII, 253 octets in all. A backslash is not
// allowed, because resolvers read it as an escape.
func isOddName(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil || len(name) > maxName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' || r == '\\' })
}

// lookup asks one question for the term of q; q is nil for the domain of the sender. A
// failed lookup ends the evaluation.
func lookup[T any](ev *evaluation, q *question, name string, question asking[T]) []T {
	values, err := ask(ev.ctx, &ev.resolver, name, question)
	if err != nil {
		ev.lookupFailed(q, name, err)
	}
	return values
}

// lookupFailed ends the evaluation because a lookup failed (RFC 7208, section 2.6.6) or
// exceeded the limit of questions.
func (ev *evaluation) lookupFailed(q *question, name string, err error) {
	p := Problem{Kind: dnsFailure, Record: ev.sender.domain, Name: strings.TrimSuffix(name, "."), Err: err}
	if q != nil {
		p.Record, p.Term = q.record.domain, q.term.text
	}
	if ev.resolver.exceeded {
		p.Kind, p.Err = tooManyQuestions, nil
	}
	ev.fail(p)
}

// countedLookup is lookup for a term that counts as void if nothing is found (RFC
// 7208, section 4.6.4).
func countedLookup[T any](ev *evaluation, q *question, name string, question asking[T]) []T {
	before := ev.result.Questions
	values := lookup(ev, q, name, question)
	if len(values) == 0 && ev.result.Questions > before {
		ev.countVoid(q)
	}
	return values
}

func (ev *evaluation) countVoid(q *question) {
	if ev.result.Problem != nil {
		return
	}
	if ev.result.VoidLookups == ev.checker.maxVoidLookups() {
		ev.failAt(q, tooManyVoidLookups)
		return
	}
	ev.result.VoidLookups++
}

// follow returns the record to which an include or a redirect leads; q is nil for the
// record of the sender's domain. It returns nil if there is none or the evaluation has
// ended.
func (ev *evaluation) follow(q *question) *record {
	domain := ev.sender.domain
	if q != nil {
		if !ev.countLookup(q) {
			return nil
		}
		if q.term.mechanism == include && ev.isMatchless(q.term) {
			return &record{domain: q.record.domain} // an empty record, so it does not match
		}
		domain = recordDomain(ev.target(q))
	}
	rec := ev.fetch(q, domain)
	if rec == nil && q != nil && ev.result.Problem == nil {
		ev.failAt(q, noRecord)
		ev.result.Problem.Name = string(domain)
	}
	return rec
}

// recordDomain parses the target of an include or a redirect. It returns "" if the name
// is invalid or a single label: then there is no record (RFC 7208, section 4.3).
func recordDomain(name string) envelope.Host {
	if domain := fullName(name); domain != "" {
		return domain
	}
	if isOddName(name) && strings.Contains(name, ".") && envelope.IsASCII(name) {
		return envelope.Host(strings.ToLower(name))
	}
	return ""
}

// fetch returns the SPF record of a domain (RFC 7208, sections 4.4 and 4.5).
func (ev *evaluation) fetch(q *question, domain envelope.Host) *record {
	if domain == "" {
		return nil
	}
	if rec, ok := ev.checker.records[domain]; ok {
		ev.result.Override = true
		return &record{domain: domain, directives: rec.directives, redirect: rec.redirect, explanation: rec.explanation}
	}
	text, count := spfRecord(ev.texts(q, domain))
	switch {
	case count == 0 || ev.result.Problem != nil:
		return nil
	case count > 1:
		ev.fail(Problem{Kind: severalRecords, Record: domain})
		return nil
	case len(text) > maxRecord:
		ev.fail(Problem{Kind: recordTooLong, Record: domain})
		return nil
	}
	if q == nil && ev.firstRecord != nil {
		ev.firstRecord.domain = domain
		return ev.firstRecord
	}
	rec, err := parseRecord(text)
	if err != nil {
		ev.fail(Problem{Kind: badSyntax, Record: domain, Term: err.(*envelope.SyntaxError).Value, Err: err})
		return nil
	}
	rec.domain = domain
	return rec
}

// texts returns the TXT records of a domain. Those of the sender's domain may be there
// already; they count as a question like all others.
func (ev *evaluation) texts(q *question, domain envelope.Host) []string {
	if q == nil && len(ev.firstTexts) > 0 && ev.ctx.Err() == nil {
		ev.result.Questions++
		return ev.firstTexts
	}
	return lookup(ev, q, string(domain), envelope.LookupTXT)
}

// spfRecord returns the last of those texts that are SPF records, and how many are.
func spfRecord(texts []string) (record string, count int) {
	for _, text := range texts {
		if isRecord(text) {
			record = text
			count++
		}
	}
	return record, count
}

// target returns the name for a term, "" if there is none.
func (ev *evaluation) target(q *question) string {
	switch {
	case q.term.target == "":
		return string(q.record.domain)
	case q.term.mechanism != exp && q.term.target.uses('l', 's'):
		ev.result.aboutLocalPart = true
	}
	if ev.isMatchless(q.term) {
		return ""
	}
	return q.term.target.expandName(func(letter byte) string { return ev.letter(letter, q.record.domain) })
}

// isMatchless reports whether a term cannot match because it uses the local part of the
// sender and that is not ASCII (RFC 8616, section 4).
func (ev *evaluation) isMatchless(t *term) bool {
	return !envelope.IsASCII(ev.sender.local) && t.target.uses('l', 's')
}
