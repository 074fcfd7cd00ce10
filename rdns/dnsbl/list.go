package dnsbl

import (
	"strconv"
	"strings"

	"mxrules.example/envelope"
)

// List is a DNS list: its zone, and which of its answers are a listing.
type List struct {
	// Zone is the domain of the list, such as "list.example".
	Zone string
	// Codes are the answers that are a listing, in any of these forms:
	//
	//	127.0.0.2               one answer
	//	127.0.0.2-127.0.0.9     a range, both ends included
	//	127.0.1.0/24            a network
	//	127.0.[0..255].[1;3..9] each octet a number or a set of numbers
	//
	// The web pages of the list define them. Many lists have codes that are not a
	// reason to refuse mail. Without Codes, 127.0.0.2 to 127.0.0.255 are a listing:
	// 127.0.0.2 is the usual answer, and a combination of lists tells them apart by the
	// last octet (RFC 5782, sections 2.1 and 2.3). 127.0.0.1, by which some lists refuse
	// to answer, is not among them. 127.255.255.0/24 and 127.0.1.255 are never a
	// listing, even if a network here contains them. Result.Ignored has the other
	// answers.
	Codes []string
	// Weight is the weight of a listing for ScoreBelow, from -1000 to 1000. 0 means 1. A
	// negative weight is for lists of good senders. The other checks ignore it.
	Weight int
	// Name is the name of the list in replies and results. "" means its Zone. Set it if
	// the zone contains the secret key of a subscriber.
	Name string
}

const (
	maxWeight = 1000
	// maxZone is the length of the longest zone that leaves room for an IPv6 address: 32
	// nibbles, each followed by a dot, of 253 octets in all.
	maxZone = 253 - 64
)

// ParseList parses a list as on a command line: a zone and the codes that are a
// listing, in the forms of List.Codes.
//
//	list.example=127.0.0.2-127.0.0.9,127.0.0.11
//
// The codes are required, because their meaning differs between lists. The error is an
// *[envelope.SyntaxError] that names the invalid value.
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

// Validate returns an *[envelope.SyntaxError] that names the invalid value, nil if there
// is none. A check with an invalid list is always a TempError, which a rule that ignores
// TempError hides, so validate lists that come from a configuration.
func (l List) Validate() error {
	_, err := l.read()
	return err
}

// list is a parsed List.
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

// readZone parses a zone that is asked about addresses.
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

// unweighted returns the lists with a weight of 1.
func unweighted(lists []List) []List {
	alike := make([]List, 0, len(lists))
	for _, l := range lists {
		l.Weight = 1
		alike = append(alike, l)
	}
	return alike
}
