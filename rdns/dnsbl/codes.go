package dnsbl

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

var (
	// loopback has all valid answers (RFC 5782, section 2.3).
	loopback = netip.MustParsePrefix("127.0.0.0/8")
	// refusals are the answers of lists that refuse service, such as to a shared resolver,
	// after too many questions or for a wrong name. RFC 5782 does not define them.
	refusals = netip.MustParsePrefix("127.255.255.0/24")
	// noAddresses is the answer of lists of names to every address. RFC 5782 does not
	// define it.
	noAddresses = netip.MustParseAddr("127.0.1.255")
)

// isListing reports whether an answer is a listing if its code is accepted.
func isListing(answer netip.Addr) bool {
	return loopback.Contains(answer) && !refusals.Contains(answer) && answer != noAddresses
}

// defaultCodes are accepted from a list without Codes.
var defaultCodes = codes{{
	first: netip.AddrFrom4([4]byte{127, 0, 0, 2}),
	last:  netip.AddrFrom4([4]byte{127, 0, 0, 255}),
}}

// codes are the answers that are a listing.
type codes []code

// code is a range of answers, both ends included. If octets is not nil, it has only the
// answers whose octets are in these sets.
type code struct {
	first, last netip.Addr
	octets      *[4]octets
}

// octets is a set of numbers from 0 to 255.
type octets [256]bool

// accept reports whether an answer is a listing.
func (cs codes) accept(answer netip.Addr) bool {
	return isListing(answer) &&
		slices.ContainsFunc(cs, func(c code) bool { return c.accepts(answer) })
}

func (c code) accepts(answer netip.Addr) bool {
	if answer.Less(c.first) || c.last.Less(answer) {
		return false
	}
	if c.octets != nil {
		for i, octet := range answer.As4() {
			if !c.octets[i][octet] {
				return false
			}
		}
	}
	return true
}

func parseCodes(texts []string) (codes, error) {
	if len(texts) == 0 {
		return defaultCodes, nil
	}
	parsed := make(codes, 0, len(texts))
	for _, text := range texts {
		c, ok := parseCode(text)
		switch {
		case !ok || !loopback.Contains(c.first) || !loopback.Contains(c.last) || c.last.Less(c.first):
			return nil, &envelope.SyntaxError{Kind: "DNS list code", Value: text,
				Reason: "is not an address, range, network or pattern within 127.0.0.0/8"}
		case refusals.Contains(c.first) && refusals.Contains(c.last), c.first == noAddresses && c.last == noAddresses:
			return nil, &envelope.SyntaxError{Kind: "DNS list code", Value: text,
				Reason: "is the answer of a list that refuses to answer, never a listing"}
		}
		parsed = append(parsed, c)
	}
	return parsed, nil
}

func parseCode(text string) (code, bool) {
	switch {
	case strings.Contains(text, "["):
		return parsePattern(text)
	case strings.Contains(text, "/"):
		network, err := netip.ParsePrefix(text)
		if err != nil || !network.Addr().Is4() {
			return code{}, false
		}
		network = network.Masked()
		last := network.Addr().As4()
		for bit := network.Bits(); bit < 32; bit++ {
			last[bit/8] |= 0x80 >> (bit % 8)
		}
		return code{first: network.Addr(), last: netip.AddrFrom4(last)}, true
	}
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	first, errFirst := netip.ParseAddr(from)
	last, errLast := netip.ParseAddr(to)
	return code{first: first, last: last}, errFirst == nil && errLast == nil
}

// parsePattern parses four octets separated by dots. Each is a number or, in brackets,
// numbers and ranges separated by semicolons. A range is two numbers with two dots
// between them.
func parsePattern(text string) (code, bool) {
	var (
		sets        [4]octets
		first, last [4]byte
	)
	for i := range sets {
		var part string
		if strings.HasPrefix(text, "[") {
			end := strings.IndexByte(text, ']')
			if end < 0 {
				return code{}, false
			}
			part, text = text[1:end], text[end+1:]
		} else {
			end := strings.IndexByte(text+".", '.')
			part, text = text[:end], text[end:]
			if strings.Contains(part, ";") {
				return code{}, false
			}
		}
		if sets[i], first[i], last[i] = parseOctets(part); first[i] > last[i] {
			return code{}, false
		}
		if i < 3 {
			if !strings.HasPrefix(text, ".") {
				return code{}, false
			}
			text = text[1:]
		}
	}
	return code{netip.AddrFrom4(first), netip.AddrFrom4(last), &sets}, text == ""
}

// parseOctets parses a set of octets and returns the least and the greatest of them.
// If the text is invalid, the least is above the greatest.
func parseOctets(text string) (set octets, least, greatest byte) {
	least, greatest = 255, 0
	for item := range strings.SplitSeq(text, ";") {
		from, to, isRange := strings.Cut(item, "..")
		if !isRange {
			to = from
		}
		low, okLow := parseOctet(from)
		high, okHigh := parseOctet(to)
		if !okLow || !okHigh || low > high {
			return octets{}, 255, 0
		}
		for n := int(low); n <= int(high); n++ {
			set[n] = true
		}
		least, greatest = min(least, low), max(greatest, high)
	}
	return set, least, greatest
}

// parseOctet parses a decimal number from 0 to 255 without leading zeros, which some
// programs take for octal.
func parseOctet(text string) (byte, bool) {
	n, err := strconv.ParseUint(text, 10, 8)
	return byte(n), err == nil && (len(text) == 1 || text[0] != '0')
}
