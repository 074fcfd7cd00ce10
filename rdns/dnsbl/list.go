package dnsbl

import (
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

// List is a DNS list: where it is, and which of its answers count.
type List struct {
	// Zone is the domain that the list answers in, such as "list.example".
	Zone string
	// Codes are the answers that are a listing, in any of these forms:
	//
	//	127.0.0.2               one answer
	//	127.0.0.2-127.0.0.9     a range, both ends included
	//	127.0.1.0/24            a network
	//	127.0.[0..255].[1;3..9] each octet a number or a set of numbers
	//
	// The list says on its pages what they mean, and many have codes that are
	// no reason to refuse mail. None means 127.0.0.2 to 127.0.0.255: 127.0.0.2
	// is what lists answer by custom, and those that are several lists in one
	// tell them apart by the last octet (RFC 5782, sections 2.1 and 2.3).
	// 127.0.0.1, by which some lists refuse to answer, is not among them.
	// 127.255.255.0/24 and 127.0.1.255 are never a listing, also where a wider
	// network has them. Result.Ignored shows the answers that Codes do not have.
	Codes []string
	// Weight is what an entry counts for ScoreBelow, from -1000 to 1000. 0 means
	// 1. A negative weight is for lists of good senders. The other checks do
	// not look at it.
	Weight int
	// Name stands for the list in replies and results, "" for its Zone. It is
	// needed where the zone holds the secret key of a subscriber.
	Name string
}

const (
	maxWeight = 1000
	// maxZone is how long a zone may be, so that an IPv6 address fits before it:
	// 32 nibbles with a dot behind each, and 253 octets in all.
	maxZone = 253 - 64
)

// ParseList reads a list as it is written on a command line: a zone and the
// codes that are a listing, in the forms of List.Codes.
//
//	list.example=127.0.0.2-127.0.0.9,127.0.0.11
//
// The codes must be there: who uses a list should know its answers. The error
// is an *[envelope.SyntaxError] that names the value at fault.
func ParseList(text string) (List, error) {
	zone, codes, found := strings.Cut(text, "=")
	if !found {
		return List{}, &envelope.SyntaxError{Kind: "DNS list", Value: text, Reason: "has no codes, as in list.example=127.0.0.2-127.0.0.9,127.0.0.11"}
	}
	l := List{Zone: zone, Codes: strings.Split(codes, ",")}
	if err := l.Validate(); err != nil {
		return List{}, err
	}
	return l, nil
}

// Validate returns nil if the list can be read, else an
// *[envelope.SyntaxError] that names the value at fault. A check of a list that
// can't be read answers TempError to everything, which a rule that ignores
// TempError hides: so whoever takes lists from a configuration validates them.
func (l List) Validate() error {
	_, err := l.read()
	return err
}

// list is a List that has been read.
type list struct {
	name     string // for people
	zone     envelope.Host
	accepted codes
	weight   int
}

func (l List) read() (list, error) {
	zone, err := readZone("DNS list", l.Zone)
	if err != nil {
		return list{}, err
	}
	if l.Weight < -maxWeight || l.Weight > maxWeight {
		return list{}, &envelope.SyntaxError{Kind: "weight", Value: strconv.Itoa(l.Weight), Reason: "is not from -1000 to 1000"}
	}
	one := list{name: l.Name, zone: zone, weight: l.Weight}
	if one.name == "" {
		one.name = string(zone)
	}
	if one.weight == 0 {
		one.weight = 1
	}
	one.accepted, err = parseCodes(l.Codes)
	return one, err
}

// readZone reads the zone that addresses stand before.
func readZone(kind, text string) (envelope.Host, error) {
	zone, err := envelope.ParseHost(text)
	if err == nil && len(zone) > maxZone {
		return "", &envelope.SyntaxError{Kind: kind, Value: text, Reason: "is too long for an IPv6 address before it"}
	}
	return zone, err
}

func readLists(lists []List) ([]list, error) {
	panel := make([]list, 0, len(lists))
	for _, l := range lists {
		one, err := l.read()
		if err != nil {
			return nil, err
		}
		panel = append(panel, one)
	}
	return panel, nil
}

// unweighted returns the lists for checks in which each counts alike.
func unweighted(lists []List) []List {
	alike := make([]List, 0, len(lists))
	for _, l := range lists {
		l.Weight = 1
		alike = append(alike, l)
	}
	return alike
}
