package resolver

import (
	"encoding/binary"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"mxrules.example/envelope/internal/presentation"
)

// outcome is the result of a question.
type outcome uint8

const (
	abandoned outcome = iota // the context of the caller ended first
	found                    // there are records
	noRecord                 // NODATA
	noName                   // NXDOMAIN for the name at the end of the aliases
	failed                   // any failure except a timeout
	timedOut
	outcomes // the number of outcomes
)

// answer is the answer to a question as it is cached. It is immutable; callers
// get copies of its records. The records are packed into one string, because a
// million answers of many small objects need far more memory.
type answer struct {
	outcome outcome
	exists  bool   // the name of the question exists
	count   uint16 // the number of records in data
	data    string // packed records, or the reason of a failure
	end     string // the name at the end of the aliases, if any, or the server of a failure
}

// err returns the error for an answer without records, and nil for one with
// records. The error is a new *net.DNSError for each caller, not wrapped.
func (a *answer) err(name string) error {
	switch a.outcome {
	case found:
		return nil
	case noRecord:
		return &net.DNSError{Err: "no such record (NODATA)", Name: name, IsNotFound: true}
	case noName:
		return &net.DNSError{Err: "no such name (NXDOMAIN)", Name: name, IsNotFound: true}
	}
	return &net.DNSError{Err: a.data, Name: name, Server: a.end, IsTimeout: a.outcome == timedOut, IsTemporary: true}
}

// isEmpty reports whether a record has no data, or is of an unexpected type.
func isEmpty(rr dns.RR) bool {
	switch rr := rr.(type) {
	case *dns.A:
		return len(rr.A.To4()) != net.IPv4len
	case *dns.AAAA:
		return len(rr.AAAA) != net.IPv6len
	case *dns.MX:
		return rr.Mx == ""
	case *dns.PTR:
		return rr.Ptr == ""
	case *dns.TXT:
		return len(rr.Txt) == 0
	case *dns.CNAME:
		return rr.Target == ""
	}
	return true
}

// packRecords packs the data of records of one type.
func packRecords(records []dns.RR) string {
	var b []byte
	for _, rr := range records {
		switch rr := rr.(type) {
		case *dns.A:
			b = append(b, rr.A.To4()...)
		case *dns.AAAA:
			b = append(b, rr.AAAA...)
		case *dns.MX:
			b = binary.BigEndian.AppendUint16(b, rr.Preference)
			b = appendText(b, presentation.Plain(rr.Mx))
		case *dns.PTR:
			b = appendText(b, presentation.Plain(rr.Ptr))
		case *dns.TXT:
			b = appendText(b, presentation.Octets(strings.Join(rr.Txt, "")))
		}
	}
	return string(b)
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

// nextText splits the first text off packed records.
func nextText(data string) (text, rest string) {
	length, shift := 0, 0
	for i := range len(data) {
		length |= int(data[i]&0x7f) << shift
		shift += 7
		if data[i] < 0x80 {
			return data[i+1 : i+1+length], data[i+1+length:]
		}
	}
	return "", ""
}

// addresses returns the addresses of A or AAAA records.
func (a *answer) addresses() []netip.Addr {
	list := make([]netip.Addr, a.count)
	size := len(a.data) / max(1, len(list))
	for i := range list {
		octets := a.data[i*size : (i+1)*size]
		if size == net.IPv4len {
			list[i] = netip.AddrFrom4([4]byte([]byte(octets)))
		} else {
			list[i] = netip.AddrFrom16([16]byte([]byte(octets)))
		}
	}
	return list
}

// texts returns the texts of TXT records or the names of PTR records.
func (a *answer) texts() []string {
	list := make([]string, a.count)
	data := a.data
	for i := range list {
		list[i], data = nextText(data)
	}
	return list
}

// exchangers returns the hosts of MX records, sorted by preference; hosts of equal
// preference stay in the order of the answer.
func (a *answer) exchangers() []*net.MX {
	hosts := make([]net.MX, a.count) // one allocation for all hosts
	list := make([]*net.MX, a.count)
	data := a.data
	for i := range list {
		hosts[i].Pref = uint16(data[0])<<8 | uint16(data[1])
		hosts[i].Host, data = nextText(data[2:])
		list[i] = &hosts[i]
	}
	slices.SortStableFunc(list, func(a, b *net.MX) int { return int(a.Pref) - int(b.Pref) })
	return list
}
