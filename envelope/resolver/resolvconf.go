package resolver

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Limits that resolv.conf(5) sets.
const (
	maxServers      = 3
	maxFileTimeout  = 30 * time.Second
	maxFileAttempts = 5
)

// resolvConf is what counts of a file in the format of resolv.conf(5). What
// the file does not say is zero.
type resolvConf struct {
	servers  []netip.AddrPort
	timeout  time.Duration
	attempts int
}

// parseResolvConf reads a resolver configuration. Like all readers of the
// format it leaves out what it does not know, so that there is no error.
func parseResolvConf(text string) resolvConf {
	var c resolvConf
	for line := range strings.Lines(text) {
		fields := strings.Fields(line) // a comment is no keyword, and after an address nothing counts
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			c.addServer(fields[1])
		case "options":
			for _, option := range fields[1:] {
				c.setOption(option)
			}
		}
	}
	return c
}

// localServers are asked where a file names none. "If no nameserver entries are
// present, the default is to use the name server on the local machine", says
// resolv.conf(5).
func localServers() []netip.AddrPort {
	return []netip.AddrPort{
		netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), defaultPort),
		netip.AddrPortFrom(netip.IPv6Loopback(), defaultPort),
	}
}

func (c *resolvConf) addServer(text string) {
	ip, err := netip.ParseAddr(text)
	if err == nil && len(c.servers) < maxServers {
		c.servers = append(c.servers, netip.AddrPortFrom(ip.Unmap(), defaultPort))
	}
}

func (c *resolvConf) setOption(option string) {
	name, value, _ := strings.Cut(option, ":")
	n, err := strconv.ParseUint(value, 10, 16)
	if err != nil || n == 0 {
		return
	}
	switch name {
	case "timeout":
		c.timeout = min(time.Duration(n)*time.Second, maxFileTimeout)
	case "attempts":
		c.attempts = min(int(n), maxFileAttempts)
	}
}
