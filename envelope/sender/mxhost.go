package sender

import (
	"net"
	"net/netip"
	"slices"
	"strings"

	"mxrules.example/envelope"
)

// maxHosts is how many hosts of an answer are checked. An attacker controls the answer,
// and each host may cost two lookups.
const maxHosts = 10

// nullMX is the host of a null MX record.
const nullMX = "."

// mailHost is the host of an MX record: its text, and its name or the reason why it is
// not a host name.
type mailHost struct {
	text  string
	name  envelope.Host
	fault string
}

// readMXs returns the first ten different hosts of MX records, and whether
// there are more.
func readMXs(records []*net.MX) (hosts []mailHost, cut bool) {
	for _, mx := range records {
		host := mailHost{text: mx.Host}
		host.name, host.fault = readMX(mx.Host)
		if slices.ContainsFunc(hosts, host.same) {
			continue
		}
		if len(hosts) == maxHosts {
			return hosts, true
		}
		hosts = append(hosts, host)
	}
	return hosts, false
}

// same reports whether two hosts are equal: by name, or by text without a name.
func (h mailHost) same(other mailHost) bool {
	return h.name == other.name && (h.name != "" || h.text == other.text)
}

// readMX parses the host of an MX record. The fault says why it is not a host name.
func readMX(text string) (name envelope.Host, fault string) {
	switch _, err := netip.ParseAddr(strings.Trim(text, "[].")); {
	case text == nullMX: // beside others: a single one is never checked
		return "", "is a null MX beside others (RFC 7505, section 3)"
	case err == nil:
		return "", "is an address, not a host name"
	}
	// DNS has A-labels; U-labels are only for display (RFC 5890, section 2.3.2.1).
	if !envelope.IsASCII(text) {
		return "", "is not a host name: it is not ASCII"
	}
	name, err := envelope.ParseHost(text)
	if err != nil {
		return "", "is not a host name: it " + err.(*envelope.SyntaxError).Reason
	}
	return name, ""
}

// excerpt returns the host of an MX record as clean text.
func excerpt(name string) string {
	if name != nullMX {
		name = strings.TrimSuffix(name, ".")
	}
	return envelope.Excerpt(name)
}
