package zone

import (
	"strings"

	"github.com/miekg/dns"
	"mxrules.example/envelope/internal/presentation"
)

// tree maps every name that exists to its records by type. Names are in the form
// of normal. A name that exists only because of names below it has a nil map.
type tree map[string]map[uint16][]dns.RR

func (t tree) add(name string, rr dns.RR) {
	if t[name] == nil {
		t[name] = make(map[uint16][]dns.RR, 1)
	}
	kind := rr.Header().Rrtype
	t[name][kind] = append(t[name][kind], rr)
	for name != "" { // every ancestor exists too (RFC 4592, section 2.2.2)
		name = parent(name)
		if _, ok := t[name]; ok {
			return
		}
		t[name] = nil
	}
}

// find returns the records of name. If name does not exist, they are those of the
// wildcard directly below its closest encloser, the longest ancestor that exists,
// and of no other wildcard (RFC 4592, section 3.3.1).
func (t tree) find(name string) (records map[uint16][]dns.RR, exists bool) {
	if records, exists = t[name]; exists || name == "" {
		return records, exists
	}
	for {
		name = parent(name)
		if _, ok := t[name]; ok || name == "" {
			break
		}
	}
	if name == "" {
		records, exists = t["*"]
	} else {
		records, exists = t["*."+name]
	}
	return records, exists
}

// parent returns name without its first label, "" for a name of one label. A dot
// after a backslash is part of a label (RFC 1035, section 5.1).
func parent(name string) string {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case '.':
			return name[i+1:]
		}
	}
	return ""
}

// normal returns a name in the form of package presentation without the final dot;
// "" is the root. It returns false if the name is invalid.
func normal(name string) (string, bool) {
	name, ok := presentation.Name(name)
	return strings.TrimSuffix(name, "."), ok
}

// absolute returns a name of the tree with its final dot.
func absolute(name string) string { return name + "." }
