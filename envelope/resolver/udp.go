package resolver

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// maxUDP is the maximum size of a UDP message in octets. Messages of this size are
// not fragmented on usual paths; fragments would be easy to forge.
const maxUDP = 1232

var errTooLong = errors.New("the reply does not fit into a UDP message")

// longAgo is a deadline in the past.
var longAgo = time.Unix(1, 0)

// askUDP sends a query over UDP and waits for its reply. It uses a new connected
// socket: every query has another port (RFC 5452, section 9.2), and the system
// drops messages from other addresses. Messages that are not replies to the query
// are ignored until the deadline, because the reply may come after a forgery.
func askUDP(ctx context.Context, deadline time.Time, server netip.AddrPort, q *query) (*dns.Msg, int, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		return nil, 0, err
	}
	defer conn.Close()
	release := bound(ctx, conn, deadline)
	defer release()
	if _, err := conn.Write(q.packed); err != nil {
		return nil, 0, err
	}
	buffer := make([]byte, maxUDP) // the system cuts off the rest of a longer message
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return nil, 0, err
		}
		msg := buffer[:n]
		if !q.isAnsweredBy(msg) {
			continue
		}
		if isTruncated(msg) {
			return nil, n, errTooLong
		}
		reply, err := unpack(msg)
		if err != nil {
			return nil, n, errTooLong // longer than the buffer, or damaged: TCP decides
		}
		return reply, n, nil
	}
}

// bound limits every read and write of conn to the deadline, and ends them at once
// when the context ends, until release is called. Release returns false if the
// context has ended: conn then has a deadline in the past.
func bound(ctx context.Context, conn net.Conn, deadline time.Time) (release func() bool) {
	// An error means that conn is closed; the next call on conn returns it too.
	_ = conn.SetDeadline(deadline)
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(longAgo) })
}
