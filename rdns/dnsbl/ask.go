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

// subject is whom lists are asked about, for a sentence. The args may be what
// a peer chose.
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

// reverse returns the octets of an IPv4 address (RFC 5782, section 2.1) or the
// nibbles of an IPv6 address (section 2.4), the last first, each with a dot
// behind it.
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

// Keys of envelope.Once: a name, and what is asked of it. A judgement has one
// resolver, which is why it is not among them.
type (
	addressKey string
	textKey    string
	reverseKey netip.Addr
)

// codes asks whether the list has the subject, and returns the codes that say
// so, and those that are not accepted. The error is a *misanswer if the list does
// not answer as one, else that of DNS.
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

// read returns those of the answers that are a listing and those that are not
// accepted, in order and each once. One answer that is never a listing spoils the
// others: a zone that gives it does not say what is listed.
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

// sorted returns a copy of addrs in order, each once: the order of an answer
// means nothing.
func sorted(addrs []netip.Addr) []netip.Addr {
	addrs = slices.Clone(addrs)
	slices.SortFunc(addrs, netip.Addr.Compare)
	return slices.Compact(addrs)
}

// misanswer is the error of a zone that does not answer as a list.
type misanswer struct {
	zone envelope.Host
	addr netip.Addr
}

func (m *misanswer) Error() string {
	switch {
	case refusals.Contains(m.addr):
		return fmt.Sprintf("the DNS list %s does not answer this server: it says %s", m.zone, m.addr)
	case m.addr == noAddresses:
		return fmt.Sprintf("the DNS list %s lists names and no addresses: it says %s", m.zone, m.addr)
	}
	return fmt.Sprintf("the zone %s is no DNS list: it answers %s, which is not within 127.0.0.0/8", m.zone, m.addr)
}

// reason returns why the list has the subject, as its TXT records say it. It is
// "" if none of them is fit for a sentence, or if DNS failed: an entry stands
// without its reason.
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

// cleanReason returns a text with its blanks made single. It is not fit for a
// sentence if it is empty, or if it has anything that no honest reason has, such
// as a line break.
func cleanReason(text string) (string, bool) {
	blank := func(c rune) bool { return c == ' ' || c == '\t' }
	text = strings.Join(strings.FieldsFunc(text, blank), " ")
	return text, text != "" && envelope.CleanText(text, true) == text
}
