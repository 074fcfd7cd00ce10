package record

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// Recorder records what a judgement learns. The zero value is ready to use. It is safe
// for concurrent use.
type Recorder struct {
	mu      sync.Mutex
	answers []answer
	asked   map[question]bool
	boxes   []box
	owners  []owner
	// hasMailboxes and hasOwners say that the site has these directories.
	hasMailboxes, hasOwners bool
}

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

// box and owner are what a directory said of an address.
type box struct {
	mailbox envelope.Mailbox
	answer  directory.Answer
	err     error
}

type owner struct {
	mailbox envelope.Mailbox
	logins  []string
	err     error
}

// Resolver returns a resolver that asks inner and records the answers. Nil fails every
// question, as with a nil resolver.
func (r *Recorder) Resolver(inner envelope.Resolver) envelope.Resolver {
	if inner == nil {
		return nil
	}
	resolver := recording{inner, r}
	if _, ok := inner.(interface{ Waits() }); ok {
		return waiting{resolver}
	}
	return resolver
}

// Mailboxes returns a Lookup that asks lookup and records the answers, nil if lookup is
// nil.
func (r *Recorder) Mailboxes(lookup directory.Lookup) directory.Lookup {
	if lookup == nil {
		return nil
	}
	r.hasMailboxes = true
	return func(ctx context.Context, m envelope.Mailbox) (directory.Answer, error) {
		answer, err := lookup(ctx, m)
		if ctx.Err() == nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.boxes = append(r.boxes, box{m, answer, err})
		}
		return answer, err
	}
}

// Owners returns Owners that ask owners and record the answers, nil if owners is nil.
func (r *Recorder) Owners(owners directory.Owners) directory.Owners {
	if owners == nil {
		return nil
	}
	r.hasOwners = true
	return func(ctx context.Context, m envelope.Mailbox) ([]string, error) {
		logins, err := owners(ctx, m)
		if ctx.Err() == nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.owners = append(r.owners, owner{m, logins, err})
		}
		return logins, err
	}
}

// note records an answer, unless the question was given up.
func (r *Recorder) note(ctx context.Context, q question, records []record, err error) {
	if err != nil && ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.asked[q] {
		return
	}
	if r.asked == nil {
		r.asked = map[question]bool{}
	}
	r.asked[q] = true
	a := answer{question: q, records: records}
	if len(records) == 0 {
		a.word = wordOf(err)
	}
	r.answers = append(r.answers, a)
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

// recording is the resolver of a recorder.
type recording struct {
	inner envelope.Resolver
	to    *Recorder
}

// waiting is a recording resolver that calls envelope.Wait itself.
type waiting struct{ recording }

func (waiting) Waits() {}

func (r recording) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if network == "ip" { // two questions, which a scenario answers one by one
		four, err4 := r.LookupNetIP(ctx, "ip4", host)
		six, err6 := r.LookupNetIP(ctx, "ip6", host)
		if all := append(four, six...); len(all) > 0 {
			return all, nil
		}
		if wordOf(err4) == "nxdomain" {
			return nil, err6
		}
		return nil, err4
	}
	addrs, err := r.inner.LookupNetIP(ctx, network, host)
	kind := "A"
	if network == "ip6" {
		kind = "AAAA"
	}
	r.to.note(ctx, question{absolute(host), kind}, each(addrs, func(a netip.Addr) record { return record{addr: a} }), err)
	return addrs, err
}

func (r recording) LookupAddr(ctx context.Context, addr string) ([]string, error) {
	names, err := r.inner.LookupAddr(ctx, addr)
	if ip, bad := netip.ParseAddr(addr); bad == nil {
		r.to.note(ctx, question{reverse(ip), "PTR"}, each(names, func(name string) record { return record{name: absolute(name)} }), err)
	}
	return names, err
}

func (r recording) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	hosts, err := r.inner.LookupMX(ctx, name)
	r.to.note(ctx, question{absolute(name), "MX"}, each(hosts, func(mx *net.MX) record {
		return record{name: absolute(mx.Host), pref: mx.Pref}
	}), err)
	return hosts, err
}

func (r recording) LookupTXT(ctx context.Context, name string) ([]string, error) {
	texts, err := r.inner.LookupTXT(ctx, name)
	r.to.note(ctx, question{absolute(name), "TXT"}, each(texts, func(text string) record { return record{text: text} }), err)
	return texts, err
}

func (r recording) LookupCNAME(ctx context.Context, host string) (string, error) {
	end, err := r.inner.LookupCNAME(ctx, host)
	var records []record
	if err == nil && end != "" {
		records = []record{{name: absolute(end)}}
	}
	r.to.note(ctx, question{absolute(host), "CNAME"}, records, err)
	return end, err
}

// Exists records whether a name exists.
func (r recording) Exists(ctx context.Context, name string) (bool, error) {
	exists, err := envelope.Exists(ctx, r.inner, name)
	if err == nil && !exists {
		r.to.note(ctx, question{absolute(name), "ANY"}, nil, &net.DNSError{IsNotFound: true})
		return false, nil
	}
	r.to.note(ctx, question{absolute(name), "ANY"}, nil, err)
	return exists, err
}

func each[A, B any](list []A, convert func(A) B) []B {
	converted := make([]B, len(list))
	for i, value := range list {
		converted[i] = convert(value)
	}
	return converted
}

// reverse returns the name of the PTR record of an address.
func reverse(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	var b strings.Builder
	if ip.Is4() {
		bytes := ip.As4()
		for i := range bytes {
			b.WriteString(strconv.Itoa(int(bytes[3-i])) + ".")
		}
		return b.String() + "in-addr.arpa."
	}
	const digits = "0123456789abcdef"
	bytes := ip.As16()
	for i := range bytes {
		c := bytes[15-i]
		b.WriteString(string(digits[c&15]) + "." + string(digits[c>>4]) + ".")
	}
	return b.String() + "ip6.arpa."
}
