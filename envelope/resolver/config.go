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

// Config is the configuration of a Resolver. The zero value uses the servers of
// /etc/resolv.conf.
type Config struct {
	// Servers are the recursive resolvers to ask, in order of preference: IP
	// addresses with or without a port, such as "127.0.0.1", "192.0.2.53:5353" or
	// "[fe80::53%eth0]:53". If Servers is empty, the servers of File are used.
	Servers []string

	// File is the resolver configuration to read if Servers is empty; the default
	// is /etc/resolv.conf. Only the first 3 nameserver lines and the options
	// timeout and attempts are used. Without a nameserver line, the local host is
	// asked. Within 5 seconds of a change the file is read again; a changed file
	// without a nameserver line is ignored, because it may be half written.
	File string

	// Timeout limits one try: a query to one server and its reply, including the
	// repetitions without EDNS and over TCP. The default is the timeout of File,
	// or 2 seconds.
	Timeout time.Duration

	// Attempts is how often each server is tried before a question fails, at
	// least 1. The default is the number of attempts of File, or 2. So a question
	// fails after at most Timeout * Attempts for each server; each alias that a
	// server does not follow itself is a question of its own. At most 1,000
	// questions are sent concurrently; others wait.
	Attempts int

	// CacheBytes limits the memory of the cache, in bytes. The default is 32 MiB,
	// enough for about 130,000 answers. A negative number disables the cache.
	CacheBytes int64

	// OnExchange, if not nil, is called after every exchange with a server. It is
	// called concurrently, and the question waits until it returns. It must not
	// call the Resolver, not even Close: that would be a deadlock. If it panics,
	// the question fails.
	OnExchange func(Exchange)
}

// check returns an error that names the first invalid number.
func (c Config) check() error {
	switch {
	case c.Timeout < 0:
		return &envelope.SyntaxError{Kind: "timeout", Value: c.Timeout.String(), Reason: "is negative"}
	case c.Attempts < 0:
		return &envelope.SyntaxError{Kind: "number of attempts", Value: strconv.Itoa(c.Attempts), Reason: "is negative"}
	}
	return nil
}

// parseServer parses the address of a name server, with or without a port.
func parseServer(text string) (netip.AddrPort, error) {
	address, err := netip.ParseAddrPort(text)
	if err != nil {
		ip, err := netip.ParseAddr(text)
		if err != nil {
			return netip.AddrPort{}, &envelope.SyntaxError{
				Kind: "name server", Value: text, Reason: "is not an IP address, with or without a port",
			}
		}
		address = netip.AddrPortFrom(ip, defaultPort)
	}
	if address.Port() == 0 {
		return netip.AddrPort{}, &envelope.SyntaxError{Kind: "name server", Value: text, Reason: "has port 0"}
	}
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port()), nil
}
