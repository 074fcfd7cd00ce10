package dnsbl

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

// subject is the format and arguments of a text about the client or domain that lists
// are asked about. The client may control the arguments.
type subject struct {
	format string
	args   []any
}

// question asks one list about one address or name.
type question struct {
	list
	about subject
	query string // the name that DNS is asked for
}

// addressQuestions asks each list about a client.
func addressQuestions(lists []list, client netip.Addr, about subject) []question {
	questions := make([]question, 0, len(lists))
	reversed := reverse(client)
	for _, l := range lists {
		questions = append(questions, question{l, about, reversed + string(l.zone)})
	}
	return questions
}

// reverse returns the octets of an IPv4 address (RFC 5782, section 2.1) or the nibbles
// of an IPv6 address (section 2.4) in reverse order, each followed by a dot.
func reverse(addr netip.Addr) string {
	octets := addr.AsSlice()
	slices.Reverse(octets)
	text := make([]byte, 0, 64)
	for _, octet := range octets {
		if addr.Is4() {
			text = append(strconv.AppendUint(text, uint64(octet), 10), '.')
			continue
		}
		const hex = "0123456789abcdef"
		text = append(text, hex[octet&0xf], '.', hex[octet>>4], '.')
	}
	return string(text)
}

// Keys of envelope.Once, for each kind of lookup. The resolver is not part of them,
// because a judgement has only one.
type (
	addressKey string
	textKey    string
	reverseKey netip.Addr
)

// codes asks the list and returns the codes that are a listing, and those that are not
// accepted. The error is a *misanswer if the answer is not one of a list, otherwise
// that of the lookup.
func (q question) codes(ctx context.Context, r envelope.Resolver) (listing, ignored []netip.Addr, err error) {
	addrs, err := envelope.Once(ctx, addressKey(q.query), func() ([]netip.Addr, error) {
		return envelope.LookupIP(ctx, r, "ip4", q.query)
	})
	switch {
	case envelope.NotFound(err):
		return nil, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return q.list.read(addrs)
}

// read returns the answers that are a listing and those that are not accepted, in order
// and each once. If one answer is not one of a list, none of them counts.
func (l list) read(addrs []netip.Addr) (listing, ignored []netip.Addr, err error) {
	for _, addr := range sorted(addrs) {
		switch {
		case !isListing(addr):
			return nil, nil, &misanswer{l.zone, addr}
		case l.accepted.accept(addr):
			listing = append(listing, addr)
		default:
			ignored = append(ignored, addr)
		}
	}
	return listing, ignored, nil
}

// sorted returns a copy of addrs in order, each once. The order of an answer has no
// meaning.
func sorted(addrs []netip.Addr) []netip.Addr {
	addrs = slices.Clone(addrs)
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}

// misanswer is the error of an answer that is not one of a list.
type misanswer struct {
	zone envelope.Host
	addr netip.Addr
}

func (m *misanswer) Error() string {
	switch {
	case refusals.Contains(m.addr):
		return fmt.Sprintf("the DNS list %s refuses to answer this server: it returned %s", m.zone, m.addr)
	case m.addr == noAddresses:
		return fmt.Sprintf("the DNS list %s lists names, not addresses: it returned %s", m.zone, m.addr)
	}
	return fmt.Sprintf("the zone %s is not a DNS list: it returned %s, which is outside 127.0.0.0/8", m.zone, m.addr)
}

// reason returns the TXT records of the entry that are clean, "" if there is none or
// the lookup failed.
func (q question) reason(ctx context.Context, r envelope.Resolver) string {
	texts, _ := envelope.Once(ctx, textKey(q.query), func() ([]string, error) {
		return envelope.LookupTXT(ctx, r, q.query)
	})
	var clean []string
	for _, text := range texts {
		if text, ok := cleanReason(text); ok {
			clean = append(clean, text)
		}
	}
	slices.Sort(clean)
	return envelope.Excerpt(strings.Join(slices.Compact(clean), " / "))
}

// cleanReason returns a text with single blanks, and reports whether it can be part of
// a reply: it is not empty and has no control characters.
func cleanReason(text string) (string, bool) {
	blank := func(c rune) bool { return c == ' ' || c == '\t' }
	text = strings.Join(strings.FieldsFunc(text, blank), " ")
	return text, text != "" && envelope.CleanText(text, true) == text
}
