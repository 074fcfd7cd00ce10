package resolver

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Limits of resolv.conf(5).
const (
	maxServers      = 3
	maxFileTimeout  = 30 * time.Second
	maxFileAttempts = 5
)

// resolvConf holds the settings of a file in the format of resolv.conf(5) that
// the package uses. A setting that the file does not have is zero.
type resolvConf struct {
	servers  []netip.AddrPort
	timeout  time.Duration
	attempts int
}

// parseResolvConf parses a resolver configuration. Like other readers of this
// format it ignores what it does not know, so it returns no error.
func parseResolvConf(text string) resolvConf {
	var c resolvConf
	for line := range strings.Lines(text) {
		fields := strings.Fields(line) // comments need no special case: "#" is an unknown keyword
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

// localServers returns the servers for a file that names none. resolv.conf(5):
// "If no nameserver entries are present, the default is to use the name server on
// the local machine."
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
