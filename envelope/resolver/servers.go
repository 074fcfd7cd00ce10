package resolver

import (
	"bytes"
	"cmp"
	"io"
	"net/netip"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// rereadInterval is how often the file is looked at.
	rereadInterval = 5 * time.Second
	// maxFile bounds what is read of it, in octets.
	maxFile = 64 << 10
)

// upstream is whom to ask, and how. It does not change.
type upstream struct {
	servers  []*server
	timeout  time.Duration
	attempts int
}

// servers holds the upstream in force. Where it comes from a file, it follows
// the file.
type servers struct {
	config   Config
	file     string // "": the servers of config
	current  atomic.Pointer[upstream]
	nextLook atomic.Int64 // on the clock of the Resolver

	mu     sync.Mutex // held by the one who looks at the file
	text   []byte
	closed bool
}

// newServers reads whom to ask. The error names the server or the file that is
// wrong.
func newServers(config Config) (*servers, error) {
	s := &servers{config: config}
	if len(config.Servers) == 0 {
		s.file = cmp.Or(config.File, defaultFile)
		text, err := readFile(s.file)
		if err != nil {
			return nil, err
		}
		s.nextLook.Store(int64(rereadInterval))
		s.text = text
		c := parseResolvConf(string(text))
		if len(c.servers) == 0 {
			c.servers = localServers()
		}
		s.replace(c)
		return s, nil
	}
	var list []netip.AddrPort
	for _, text := range config.Servers {
		address, err := parseServer(text)
		if err != nil {
			return nil, err
		}
		list = append(list, address)
	}
	s.replace(resolvConf{servers: list})
	return s, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// at returns the upstream in force. Once in a while the one who asks looks
// whether the file has changed; others go on meanwhile.
func (s *servers) at(now time.Duration) *upstream {
	next := s.nextLook.Load()
	if s.file != "" && int64(now) >= next && s.nextLook.CompareAndSwap(next, int64(now+rereadInterval)) {
		if text, err := readFile(s.file); err == nil {
			s.follow(text)
		}
	}
	return s.current.Load()
}

// follow puts the content of the file in force, if it is new. A file without a
// server changes nothing, as one that can't be read: it is being written.
func (s *servers) follow(text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || bytes.Equal(text, s.text) {
		return
	}
	if c := parseResolvConf(string(text)); len(c.servers) > 0 {
		s.text = text
		s.replace(c)
	}
}

// replace puts a configuration in force. A server that stays keeps its health
// and its connections; what Config says comes before what the file says.
func (s *servers) replace(c resolvConf) {
	u := &upstream{
		timeout:  cmp.Or(s.config.Timeout, c.timeout, defaultTimeout),
		attempts: cmp.Or(s.config.Attempts, c.attempts, defaultAttempts),
	}
	var old []*server
	if before := s.current.Load(); before != nil {
		old = slices.Clone(before.servers)
	}
	for _, address := range c.servers {
		if slices.ContainsFunc(u.servers, func(other *server) bool { return other.address == address }) {
			continue // a server that stands there twice is one
		}
		i := slices.IndexFunc(old, func(other *server) bool { return other.address == address })
		if i < 0 {
			u.servers = append(u.servers, newServer(address))
			continue
		}
		u.servers = append(u.servers, old[i])
		old = slices.Delete(old, i, i+1)
	}
	s.current.Store(u)
	for _, gone := range old {
		gone.connections.close()
	}
}

// close closes every connection that is not in use, and no other comes.
func (s *servers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, server := range s.current.Load().servers {
		server.connections.close()
	}
}
