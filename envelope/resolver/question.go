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

// question is what a server is asked. The name is in the form of
// [presentation.Name], so that equal questions are equal.
type question struct {
	name string
	kind uint16
}

// reverseName returns the name under which the PTR records of an address are
// (RFC 1035, section 3.5; RFC 3596, section 2.5).
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

// query is a question on its way to a server.
type query struct {
	question
	id     uint16
	edns   bool
	packed []byte
}

// newQuery packs a question with an ID that nobody can guess (RFC 5452,
// section 9.2): the random numbers are those of ChaCha8, seeded by the system.
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
// 4.1.1): ID, flags, and how many questions and records of each section follow.
const headerLength = 12

// Bits of the second and third octet of a header.
const (
	isReply     = 1 << 15
	opcode      = 0xf << 11
	isTruncated = 1 << 9
	rcode       = 0xf
)

// errCutOff says that a reply lacks records, though there is nothing beyond TCP.
var errCutOff = errors.New("the reply is cut off")

// fits reports whether msg is a reply to q: its ID, and one question, that of q
// (RFC 5452, section 9.1). A server that does not understand a query may reply
// with the header alone.
func (q *query) fits(msg []byte) bool {
	if len(msg) < headerLength || binary.BigEndian.Uint16(msg) != q.id {
		return false
	}
	flags := binary.BigEndian.Uint16(msg[2:])
	if flags&isReply == 0 || flags&opcode != 0 {
		return false
	}
	switch binary.BigEndian.Uint16(msg[4:]) {
	case 0:
		return q.edns && retriedPlain(int(flags&rcode))
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

// unpack reads a reply that fits. Package dns takes a message that ends early for
// one with fewer records, of which none would mean that there are none.
func unpack(msg []byte) (*dns.Msg, error) {
	reply := new(dns.Msg)
	if err := reply.Unpack(msg); err != nil {
		return nil, err
	}
	for i, section := range [][]dns.RR{reply.Answer, reply.Ns, reply.Extra} {
		if len(section) != int(binary.BigEndian.Uint16(msg[6+2*i:])) {
			return nil, errCutOff
		}
	}
	return reply, nil
}

func truncated(msg []byte) bool { return binary.BigEndian.Uint16(msg[2:])&isTruncated != 0 }
