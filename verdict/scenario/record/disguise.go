package record

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"mxrules.example/envelope"
)

// disguise replaces addresses and names, each always by the same one. The nil disguise
// replaces nothing.
type disguise struct {
	addrs   map[netip.Addr]netip.Addr
	order   []netip.Addr // the keys of addrs, in the order of their numbers
	counts  [3]int       // addresses given from each of the blocks
	hosts   map[netip.Addr]bool
	domains map[string]string
	labels  map[string]string
	locals  map[string]string
	logins  map[string]string
	keys    []key
}

// key is a key that made a signature. Failed says that its lookup failed.
type key struct {
	domain, selector string
	failed           bool
}

// The blocks of addresses that replace others: of documentation (RFC 5737, RFC 3849),
// and one that is public and nobody's (RFC 7534), for mail hosts.
const (
	documentation4 = iota
	documentation6
	publicHosts
)

var blocks = [...]netip.Addr{netip.MustParseAddr("192.0.2.0"), netip.MustParseAddr("2001:db8::"), netip.MustParseAddr("192.175.48.0")}

// newDisguise returns the disguise of a file. The client gets the first address.
func newDisguise(f *file) *disguise {
	d := &disguise{
		addrs: map[netip.Addr]netip.Addr{}, hosts: map[netip.Addr]bool{}, domains: map[string]string{},
		labels: map[string]string{}, locals: map[string]string{}, logins: map[string]string{},
	}
	d.findHosts(f.answers)
	if f.Envelope.ClientIP.IsValid() {
		d.addr(f.Envelope.ClientIP)
	}
	for _, a := range f.answers {
		for _, record := range a.records {
			if record.addr.IsValid() {
				d.addr(record.addr)
			}
		}
	}
	// The names that others can begin with come first.
	d.helo(f.Envelope.Helo)
	d.path(f.Envelope.MailFrom)
	d.message(f.raw)
	d.findKeys(f)
	return d
}

// findHosts finds the addresses of mail hosts.
func (d *disguise) findHosts(answers []answer) {
	names := map[string]bool{}
	for _, a := range answers {
		for _, record := range a.records {
			if a.kind == "MX" {
				names[record.name] = true
			}
		}
	}
	for _, a := range answers {
		for _, record := range a.records {
			if names[a.name] && record.addr.IsValid() {
				d.hosts[record.addr] = true
			}
		}
	}
}

// addr returns the address in place of another. One that is not public remains: it is
// nobody's, and checks look at its kind.
func (d *disguise) addr(ip netip.Addr) netip.Addr {
	if d == nil {
		return ip
	}
	ip = ip.Unmap().WithZone("")
	if given, ok := d.addrs[ip]; ok {
		return given
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() {
		return ip
	}
	block := documentation4
	switch {
	case ip.Is6():
		block = documentation6
	case d.hosts[ip] && !isDocumentation(ip):
		block = publicHosts
	}
	d.counts[block]++
	given := blocks[block]
	for range (d.counts[block]-1)%254 + 1 {
		given = given.Next()
	}
	d.addrs[ip], d.order = given, append(d.order, ip)
	return given
}

var documentation = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
}

func isDocumentation(ip netip.Addr) bool {
	return slices.ContainsFunc(documentation, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// network returns the addresses in place of those of a network that the file has, as
// networks of one address; one that no mail has if there are none.
func (d *disguise) network(p netip.Prefix) (inside []string) {
	for _, ip := range d.order {
		if p.Contains(ip) {
			inside = append(inside, netip.PrefixFrom(d.addrs[ip], ip.BitLen()).String())
		}
	}
	if len(inside) == 0 && p.Addr().Is6() {
		return []string{"2001:db8::ffff/128"}
	}
	if len(inside) == 0 {
		return []string{"192.0.2.255/32"}
	}
	return inside
}

// host returns the name in place of a host name. The organizational domain becomes one
// below example; labels below it that are usual words, and those with an underscore,
// remain.
func (d *disguise) host(name string) string {
	name = strings.ToLower(name)
	if parsed, err := envelope.ParseHost(name); err == nil {
		name = string(parsed)
	}
	name = strings.TrimSuffix(name, ".")
	if ip, err := netip.ParseAddr(name); err == nil {
		return d.addr(ip).String()
	}
	labels := strings.Split(name, ".")
	if len(labels) == 1 {
		return d.label(name)
	}
	prefix, labels := d.reversed(labels)
	for len(labels) > 1 && strings.HasPrefix(labels[0], "_") {
		prefix, labels = prefix+labels[0]+".", labels[1:]
	}
	full := strings.Join(labels, ".")
	if full == "in-addr.arpa" || full == "ip6.arpa" {
		return prefix + full
	}
	org, err := publicsuffix.EffectiveTLDPlusOne(full)
	if err != nil { // a public suffix, which a tree walk asks about
		return prefix + "example"
	}
	given, ok := d.domains[org]
	if !ok {
		given = fmt.Sprintf("domain%d.example", len(d.domains)+1)
		d.domains[org] = given
	}
	if below, ok := strings.CutSuffix(full, "."+org); ok {
		given = d.below(below) + "." + given
	}
	return prefix + given
}

// below returns the labels in place of those below an organizational domain. They can
// begin with a domain of the file, as in a DNS list of names.
func (d *disguise) below(text string) string {
	labels := strings.Split(text, ".")
	for n := len(labels); n > 1; n-- {
		name := strings.Join(labels[:n], ".")
		org, err := publicsuffix.EffectiveTLDPlusOne(name)
		if _, known := d.domains[org]; !known || err != nil {
			continue
		}
		if n == len(labels) {
			return d.host(name)
		}
		return d.host(name) + "." + d.below(strings.Join(labels[n:], "."))
	}
	for i, label := range labels {
		labels[i] = d.label(label)
	}
	return strings.Join(labels, ".")
}

// label returns the label in place of one.
func (d *disguise) label(label string) string {
	label = d.embedded(strings.ToLower(label))
	if strings.HasPrefix(label, "_") || isUsualLabel(label) {
		return label
	}
	given, ok := d.labels[label]
	if !ok {
		given = fmt.Sprintf("host%d", len(d.labels)+1)
		if strings.Contains(label, `\`) { // it is no host name
			given = `odd\032` + given
		}
		d.labels[label] = given
	}
	return given
}

// embedded returns a label with the new address of each client that it names with hyphens.
func (d *disguise) embedded(label string) string {
	for _, ip := range d.order {
		if !ip.Is4() {
			continue
		}
		for _, turned := range []bool{false, true} {
			if old := octets(ip, "-", turned); strings.Contains(label, old) {
				return strings.Replace(label, old, octets(d.addrs[ip], "-", turned), 1)
			}
		}
	}
	return label
}

// octets returns the octets of an IPv4 address in decimal, the last first if turned.
func octets(ip netip.Addr, separator string, turned bool) string {
	parts := strings.Split(ip.String(), ".")
	if turned {
		slices.Reverse(parts)
	}
	return strings.Join(parts, separator)
}

// words are what labels of host names are made of that say something about their kind.
var words = regexp.MustCompile(`^(mail|mx|mta|smtp|out|outbound|in|inbound|relay|gw|gateway|host|www|server|static|dyn|dynamic|dhcp|pool|dsl|adsl|vdsl|cable|ppp|dial|dialup|customer|cust|client|user|ip|broadband|fiber|localhost)$`)

// isUsualLabel reports whether a label has only such words, numbers and hyphens.
func isUsualLabel(label string) bool {
	found := false
	for word := range strings.FieldsFuncSeq(label, func(c rune) bool { return c == '-' || '0' <= c && c <= '9' }) {
		if !words.MatchString(word) {
			return false
		}
		found = true
	}
	return found || label != "" && strings.Trim(label, "0123456789") == ""
}

// reversed splits the labels of an address off a name, as names in DNS lists, of PTR
// records and of SPF macros have them, and returns them for the new address.
func (d *disguise) reversed(labels []string) (prefix string, rest []string) {
	const four, six = 4, 32
	if len(labels) > six {
		if ip, ok := fromNibbles(labels[:six]); ok {
			return d.turned(ip, labels[:six]), labels[six:]
		}
	}
	if len(labels) > four {
		if ip, err := netip.ParseAddr(strings.Join(labels[:four], ".")); err == nil && ip.Is4() {
			return d.turned(ip, labels[:four]), labels[four:]
		}
	}
	return "", labels
}

// turned returns the labels of the new address in place of those of an address: in the
// order of the address if the file has it, and otherwise turned.
func (d *disguise) turned(ip netip.Addr, labels []string) string {
	_, known := d.addrs[ip]
	labels = slices.Clone(labels)
	slices.Reverse(labels)
	other, err := netip.ParseAddr(strings.Join(labels, "."))
	if ip.Is6() {
		other, _ = fromNibbles(labels)
	} else if err != nil {
		other = ip
	}
	if _, both := d.addrs[other]; known && !both {
		parts := strings.Split(space.ReplaceAllString(reverse(d.addr(ip)), ""), ".")
		slices.Reverse(parts)
		return strings.Join(parts, ".") + "."
	}
	return space.ReplaceAllString(reverse(d.addr(other)), "") + "."
}

// space matches the end of the names of PTR records.
var space = regexp.MustCompile(`\.(in-addr|ip6)\.arpa\.$`)

func fromNibbles(nibbles []string) (netip.Addr, bool) {
	var b strings.Builder
	for i, nibble := range nibbles {
		if len(nibble) != 1 {
			return netip.Addr{}, false
		}
		if i > 0 && i%4 == 0 {
			b.WriteByte(':')
		}
		b.WriteString(nibble)
	}
	ip, err := netip.ParseAddr(b.String())
	return ip, err == nil
}

// reverse returns the name of the PTR record of an address.
func reverse(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	var b strings.Builder
	if ip.Is4() {
		return octets(ip, ".", true) + ".in-addr.arpa."
	}
	bytes := ip.As16()
	for _, c := range slices.Backward(bytes[:]) {
		fmt.Fprintf(&b, "%x.%x.", c&15, c>>4)
	}
	return b.String() + "ip6.arpa."
}
