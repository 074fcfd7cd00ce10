package record

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"

	"mxrules.example/envelope/zone"
)

// question is a question to DNS. The name is absolute and escaped as in a master file.
type question struct{ name, kind string }

// answer is the answer to a question: the data of its records, or a word if there are
// none.
type answer struct {
	question
	records []record
	word    string // "none", "nxdomain", "timeout" or "servfail"
}

// record is the data of one record; only the fields of its type are used.
type record struct {
	addr netip.Addr
	name string // of a PTR, MX or CNAME record, absolute and escaped
	pref uint16
	text string
}

// answers returns what DNS answered, and a zone that answers so again.
func (r *Recorder) answers() (all []answer, dns *zone.Zone, err error) {
	if r.dns == nil {
		return nil, zone.MustParse(""), nil
	}
	recording, err := r.dns.Recording()
	if err != nil {
		return nil, nil, err
	}
	if dns, err = recording.Resolver(); err != nil {
		return nil, nil, err
	}
	for _, text := range recording.Asked {
		i := strings.LastIndex(text, " ")
		a := answer{question: question{text[:i], text[i+1:]}}
		a.records, err = ask(dns, a.question)
		if len(a.records) == 0 {
			a.word = wordOf(err)
		}
		all = append(all, a)
	}
	return all, dns, nil
}

// ask returns the records that answer a question.
func ask(dns *zone.Zone, q question) (records []record, err error) {
	ctx := context.Background()
	switch q.kind {
	case "A", "AAAA":
		network := "ip4"
		if q.kind == "AAAA" {
			network = "ip6"
		}
		addrs, err := dns.LookupNetIP(ctx, network, q.name)
		return each(addrs, func(a netip.Addr) record { return record{addr: a} }), err
	case "PTR":
		names, err := dns.LookupAddr(ctx, addressOf(q.name))
		return each(names, func(name string) record { return record{name: absolute(name)} }), err
	case "MX":
		hosts, err := dns.LookupMX(ctx, q.name)
		return each(hosts, func(mx *net.MX) record { return record{name: absolute(mx.Host), pref: mx.Pref} }), err
	case "TXT":
		texts, err := dns.LookupTXT(ctx, q.name)
		return each(texts, func(text string) record { return record{text: text} }), err
	case "CNAME":
		end, err := dns.LookupCNAME(ctx, q.name)
		if err != nil || end == "" {
			return nil, err
		}
		return []record{{name: absolute(end)}}, nil
	}
	exists, err := dns.Exists(ctx, q.name)
	if err == nil && !exists {
		err = &net.DNSError{IsNotFound: true}
	}
	return nil, err
}

// wordOf returns the word for an answer without records.
func wordOf(err error) string {
	var dns *net.DNSError
	switch {
	case err == nil:
		return "none"
	case !errors.As(err, &dns):
		return "servfail"
	case dns.IsNotFound:
		return "nxdomain"
	case dns.IsTimeout:
		return "timeout"
	}
	return "servfail"
}

func each[A, B any](list []A, convert func(A) B) []B {
	converted := make([]B, len(list))
	for i, value := range list {
		converted[i] = convert(value)
	}
	return converted
}

// addressOf returns the address that the name of a PTR record is for, as text.
func addressOf(name string) string {
	if digits, ok := strings.CutSuffix(name, ".ip6.arpa."); ok {
		nibbles := strings.Split(digits, ".")
		slices.Reverse(nibbles)
		ip, _ := fromNibbles(nibbles)
		return ip.String()
	}
	octets := strings.Split(strings.TrimSuffix(name, ".in-addr.arpa."), ".")
	slices.Reverse(octets)
	return strings.Join(octets, ".")
}
