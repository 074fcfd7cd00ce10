package dnsbl

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"mxrules.example/envelope"
)

// Report is how a list answered the test questions of RFC 5782, section 5. Use only
// lists that serve what you ask about: see ForAddresses and ForNames.
type Report struct {
	// Zone is the zone of the list, or its Name if it has one.
	Zone string
	// IPv4, IPv6 and Names are the conditions for the three kinds of entries. Few lists
	// have all kinds. A condition is one of:
	//
	//   - "absent": the test entry is missing. The list is dead, its zone is misspelt,
	//     or it holds nothing of this kind.
	//   - "unanswered": a lookup failed.
	//   - "other codes": the list has the test entry, but with none of the accepted
	//     codes. Some lists do not have a test entry for each code; some refuse to serve
	//     this way.
	//   - "serving": the test entry is listed, and the entry that must be absent is not.
	//   - "lists all": the entry that must be absent is listed. The list probably lists
	//     everything.
	//   - "no list": an answer is outside 127.0.0.0/8. The zone is no longer a list.
	//   - "refusing": an answer is within 127.255.255.0/24. The list refuses to answer
	//     this server.
	IPv4, IPv6, Names string
	// Codes are all answers to the test questions, in order and each once.
	Codes []netip.Addr
	// Err joins the errors of the questions for which DNS failed.
	Err error
}

// The conditions of a Report. One after serving makes the whole list unusable.
const (
	absent     = "absent"
	unanswered = "unanswered"
	otherCodes = "other codes"
	serving    = "serving"
	listsAll   = "lists all"
	noList     = "no list"
	refusing   = "refusing"
)

// strongest returns the condition of a whole that has parts with these conditions.
func strongest(conditions ...string) string {
	order := []string{absent, unanswered, otherCodes, serving, listsAll, noList, refusing}
	return slices.MaxFunc(conditions, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
}

// ForAddresses returns the condition of the list for questions about addresses. It is
// "serving" if IPv4 or IPv6 is, unless any kind is "lists all", "no list" or "refusing".
func (r Report) ForAddresses() string { return r.within(strongest(r.IPv4, r.IPv6)) }

// ForNames is ForAddresses for questions about names.
func (r Report) ForNames() string { return r.within(r.Names) }

// within returns the condition of a kind of entries, or that of the whole list if it
// makes the list unusable.
func (r Report) within(kind string) string {
	if whole := r.whole(); strongest(whole, serving) != serving {
		return whole
	}
	return kind
}

func (r Report) whole() string { return strongest(r.IPv4, r.IPv6, r.Names) }

// String returns the report in one line.
func (r Report) String() string {
	line := fmt.Sprintf("%s: %v (IPv4 %v, IPv6 %v, names %v)", r.Zone, r.whole(), r.IPv4, r.IPv6, r.Names)
	if len(r.Codes) > 0 {
		line += fmt.Sprintf(" %v", r.Codes)
	}
	return line
}

// probes are the test entries of RFC 5782, section 5, each with the entry that must be
// absent, in the form in which they precede the zone. An IPv4-mapped address has its
// IPv6 form.
var probes = [...]struct {
	kind          func(*Report) *string
	entry, absent string
}{
	{func(r *Report) *string { return &r.IPv4 }, "2.0.0.127.", "1.0.0.127."},
	{func(r *Report) *string { return &r.IPv6 }, mapped(2), mapped(1)},
	{func(r *Report) *string { return &r.Names }, "test.", "invalid."},
}

// mapped returns the name for ::ffff:7f00:n before a zone.
func mapped(n byte) string {
	return reverse(netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 127, 15: n}))
}

// Probe asks each list for the test entries that every list must have, and for those
// that must be absent. Call it when the program starts and from time to time, and do
// not use a list that is not "serving": dead lists have refused all mail of their users
// (RFC 5782, section 7). Bound its time with ctx. The error names an invalid value of a
// list; then nothing is asked.
//
// DNS: six A for each list, all together.
func Probe(ctx context.Context, r envelope.Resolver, lists ...List) ([]Report, error) {
	panel, err := readLists(lists)
	if err != nil {
		return nil, err
	}
	reports := make([]Report, 0, len(panel))
	for _, report := range envelope.Concurrently(ctx, panel, func(ctx context.Context, l list) Report { return l.probe(ctx, r) }) {
		reports = append(reports, report)
	}
	return reports, nil
}

func (l list) probe(ctx context.Context, r envelope.Resolver) Report {
	report := Report{Zone: l.name}
	var names []string
	for _, p := range probes {
		names = append(names, p.entry+string(l.zone), p.absent+string(l.zone))
	}
	type answer struct {
		addrs []netip.Addr
		err   error
	}
	var answers []answer
	var faults []error
	for _, a := range envelope.Concurrently(ctx, names, func(ctx context.Context, name string) (a answer) {
		a.addrs, a.err = envelope.LookupIP(ctx, r, "ip4", name)
		return a
	}) {
		if envelope.NotFound(a.err) {
			a.err = nil
		}
		answers = append(answers, a)
		report.Codes = append(report.Codes, a.addrs...)
		faults = append(faults, a.err)
	}
	for i, p := range probes {
		entry, absent := answers[2*i], answers[2*i+1]
		*p.kind(&report) = l.judge(entry.addrs, absent.addrs, entry.err != nil || absent.err != nil)
	}
	report.Codes = sorted(report.Codes)
	report.Err = errors.Join(faults...)
	return report
}

// judge returns the condition for the answers to a test entry and to one that must be
// absent.
func (l list) judge(entry, missing []netip.Addr, failed bool) string {
	listed, _, errEntry := l.read(entry)
	everything, _, errAbsent := l.read(missing)
	var wrong *misanswer
	switch {
	case errors.As(errors.Join(errEntry, errAbsent), &wrong) && refusals.Contains(wrong.addr):
		return refusing
	case wrong != nil && wrong.addr == noAddresses:
		return absent
	case wrong != nil:
		return noList
	case len(everything) > 0:
		return listsAll
	case failed:
		return unanswered
	case len(entry) == 0:
		return absent
	case len(listed) == 0:
		return otherCodes
	}
	return serving
}
