package resolver

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/miekg/dns"
)

// maxUDP is the size of the largest message that goes over UDP, in octets: one
// that no path cuts into fragments, which can be forged.
const maxUDP = 1232

// errTooLong says that a reply did not come over UDP as a whole.
var errTooLong = errors.New("the reply does not fit into a message over UDP")

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// askUDP sends a query over UDP and waits for its reply, from a socket of its
// own: so every query has a port of its own (RFC 5452, section 9.2), and the
// system drops what other addresses send. Whatever else arrives is read and
// left aside until the deadline, because an answer may come behind a forgery.
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
	buffer := make([]byte, maxUDP) // the system drops what does not fit
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			return nil, 0, err
		}
		msg := buffer[:n]
		if !q.fits(msg) {
			continue
		}
		if truncated(msg) {
			return nil, n, errTooLong
		}
		reply, err := unpack(msg)
		if err != nil {
			// It was longer than the buffer, or lost its end on the way. TCP tells.
			return nil, n, errTooLong
		}
		return reply, n, nil
	}
}

// bound makes every read and write of conn end at the deadline, and at once when
// the context is cancelled, until release is called. Release is false if the
// context has come first: then conn is of no more use.
func bound(ctx context.Context, conn net.Conn, deadline time.Time) (release func() bool) {
	// An error means that conn is closed, which the next call on it tells.
	_ = conn.SetDeadline(deadline)
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(longAgo) })
}
