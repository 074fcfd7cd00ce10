package resolver

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// question is a name and the type of the records to look up. The name is in the
// form of [presentation.Name], so that equal questions compare equal.
type question struct {
	name string
	kind uint16
}

// reverseName returns the name of the PTR records of an address (RFC 1035,
// section 3.5; RFC 3596, section 2.5).
func reverseName(text string) (string, bool) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return "", false
	}
	addr = addr.Unmap()
	name := make([]byte, 0, len("f.")*32+len("ip6.arpa."))
	if addr.Is4() {
		for _, octet := range slices.Backward(addr.AsSlice()) {
			name = append(strconv.AppendUint(name, uint64(octet), 10), '.')
		}
		return string(append(name, "in-addr.arpa."...)), true
	}
	const hex = "0123456789abcdef"
	for _, octet := range slices.Backward(addr.AsSlice()) {
		name = append(name, hex[octet&0xf], '.', hex[octet>>4], '.')
	}
	return string(append(name, "ip6.arpa."...)), true
}

// query is a question as a message to a server.
type query struct {
	question
	id     uint16
	edns   bool
	packed []byte
}

// newQuery packs a question with an unpredictable ID (RFC 5452, section 9.2): the
// top-level functions of math/rand/v2 use ChaCha8, seeded by the system.
func newQuery(q question, edns bool) (*query, error) {
	m := &dns.Msg{
		MsgHdr:   dns.MsgHdr{Id: uint16(rand.Uint32()), RecursionDesired: true},
		Question: []dns.Question{{Name: q.name, Qtype: q.kind, Qclass: dns.ClassINET}},
	}
	if edns {
		m.SetEdns0(maxUDP, false)
	}
	packed, err := m.Pack()
	return &query{question: q, id: m.Id, edns: edns, packed: packed}, err
}

// headerLength is the length of the header of a message (RFC 1035, section
// 4.1.1): the ID, the flags, and the number of entries of the four sections.
const headerLength = 12

// Masks of the flags.
const (
	flagQR     = 1 << 15
	maskOpcode = 0xf << 11
	flagTC     = 1 << 9
	maskRcode  = 0xf
)

var errTruncated = errors.New("the reply is truncated")

// isAnsweredBy reports whether msg is a reply to q: it has the ID of q and one
// question, that of q (RFC 5452, section 9.1). A server that does not know EDNS
// may reply with the header alone.
func (q *query) isAnsweredBy(msg []byte) bool {
	if len(msg) < headerLength || binary.BigEndian.Uint16(msg) != q.id {
		return false
	}
	flags := binary.BigEndian.Uint16(msg[2:])
	if flags&flagQR == 0 || flags&maskOpcode != 0 {
		return false
	}
	switch binary.BigEndian.Uint16(msg[4:]) {
	case 0:
		return q.edns && retriedPlain(int(flags&maskRcode))
	case 1:
		name, end, err := dns.UnpackDomainName(msg, headerLength)
		return err == nil && strings.EqualFold(name, q.name) && len(msg) >= end+4 &&
			binary.BigEndian.Uint16(msg[end:]) == q.kind &&
			binary.BigEndian.Uint16(msg[end+2:]) == dns.ClassINET
	}
	return false
}

// retriedPlain reports whether a reply with this code may mean that the server
// does not know EDNS (RFC 6891, section 7).
func retriedPlain(code int) bool {
	return code == dns.RcodeFormatError || code == dns.RcodeNotImplemented
}

// unpack decodes a reply. Package dns accepts a message that ends between two
// records; a message without its records would be taken for NODATA, so unpack
// compares the number of records with the header.
func unpack(msg []byte) (*dns.Msg, error) {
	reply := new(dns.Msg)
	if err := reply.Unpack(msg); err != nil {
		return nil, err
	}
	for i, section := range [][]dns.RR{reply.Answer, reply.Ns, reply.Extra} {
		if len(section) != int(binary.BigEndian.Uint16(msg[6+2*i:])) {
			return nil, errTruncated
		}
	}
	return reply, nil
}

// isTruncated reports whether the flag TC is set.
func isTruncated(msg []byte) bool { return binary.BigEndian.Uint16(msg[2:])&flagTC != 0 }
