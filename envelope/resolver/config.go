package resolver

import (
	"net/netip"
	"strconv"
	"time"

	"mxrules.example/envelope"
)

const (
	defaultFile       = "/etc/resolv.conf"
	defaultTimeout    = 2 * time.Second
	defaultAttempts   = 2
	defaultCacheBytes = 32 << 20
	defaultPort       = 53
)

// Config says whom to ask, and how. The zero value asks the servers of
// /etc/resolv.conf.
type Config struct {
	// Servers are the recursive resolvers to ask: IP addresses, each with or
	// without a port, such as "127.0.0.1", "192.0.2.53:5353" or
	// "[fe80::53%eth0]:53". The first one that is well is asked. If there are
	// none, those that File names are asked.
	Servers []string

	// File is the resolver configuration to read if Servers is empty; "" is
	// /etc/resolv.conf. It is read again within 5 seconds of a change. Of its
	// lines only nameserver (the first 3) and, in options, timeout and attempts
	// count. A file that names no server means the local machine; when it is read
	// again it is taken for half written, and changes nothing.
	File string

	// Timeout bounds one try: a question to one server and its answer, over UDP
	// and, if need be, over TCP. 0 is what File says, else 2 seconds.
	Timeout time.Duration

	// Attempts is how often every server is tried before a question fails, from
	// 1 on. 0 is what File says, else 2. A question without an answer takes at
	// most Timeout for each server and attempt; each alias that a server leaves
	// to be followed is a question. At most 1,000 questions are with servers at
	// the same time, and more wait for their turn.
	Attempts int

	// CacheBytes bounds the memory for answers, in octets. 0 is 32 MiB, room for
	// about 130,000 answers. A negative number keeps none.
	CacheBytes int64

	// OnExchange, if it is not nil, is told of every exchange with a server when
	// it has ended. It is called by many goroutines at once, and the question
	// waits for it to return. So it must neither ask the Resolver nor close it,
	// either of which would wait for it. If it panics, the question fails.
	OnExchange func(Exchange)
}

// check returns what is wrong with numbers that can't be meant.
func (c Config) check() error {
	switch {
	case c.Timeout < 0:
		return &envelope.SyntaxError{Kind: "timeout", Value: c.Timeout.String(), Reason: "is negative"}
	case c.Attempts < 0:
		return &envelope.SyntaxError{Kind: "number of attempts", Value: strconv.Itoa(c.Attempts), Reason: "is negative"}
	}
	return nil
}

// parseServer reads the address of a name server, with or without a port.
func parseServer(text string) (netip.AddrPort, error) {
	address, err := netip.ParseAddrPort(text)
	if err != nil {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return netip.AddrPort{}, &envelope.SyntaxError{
				Kind: "name server", Value: text, Reason: "is no IP address, with or without a port",
			}
		}
		address = netip.AddrPortFrom(ip, defaultPort)
	}
	if address.Port() == 0 {
		return netip.AddrPort{}, &envelope.SyntaxError{Kind: "name server", Value: text, Reason: "has port 0"}
	}
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port()), nil
}
