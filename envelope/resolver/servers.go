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
	// rereadInterval is the least time between two reads of the file.
	rereadInterval = 5 * time.Second
	// maxFile is the number of bytes that are read from the file.
	maxFile = 64 << 10
)

// upstream is the list of servers and how to ask them. It is immutable.
type upstream struct {
	servers  []*server
	timeout  time.Duration
	attempts int
}

// servers holds the current upstream. If it comes from a file, changes of the file
// replace it.
type servers struct {
	config   Config
	file     string // "" if config names the servers
	current  atomic.Pointer[upstream]
	nextRead atomic.Int64 // when the file is read again, on Resolver.clock

	mu     sync.Mutex
	text   []byte // the content of the file that is in use
	closed bool
}

// newServers returns the servers of config or of its file. The error names the
// invalid server or the file.
func newServers(config Config) (*servers, error) {
	s := &servers{config: config}
	if len(config.Servers) == 0 {
		s.file = cmp.Or(config.File, defaultFile)
		text, err := readFile(s.file)
		if err != nil {
			return nil, err
		}
		s.nextRead.Store(int64(rereadInterval))
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

// at returns the current upstream. Once per rereadInterval one caller reads the
// file first; the others do not wait for it.
func (s *servers) at(now time.Duration) *upstream {
	next := s.nextRead.Load()
	if s.file != "" && int64(now) >= next && s.nextRead.CompareAndSwap(next, int64(now+rereadInterval)) {
		if text, err := readFile(s.file); err == nil {
			s.follow(text)
		}
	}
	return s.current.Load()
}

// follow applies the content of the file, if it has changed. A file without a
// server changes nothing, like a file that cannot be read: a program may be
// writing it.
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

// replace applies a configuration. Settings of Config have precedence over those
// of the file. A server that is in the old and the new list keeps its health and
// its connections.
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
			continue // listed twice
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

// close closes every idle connection. The file is not read again.
func (s *servers) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, server := range s.current.Load().servers {
		server.connections.close()
	}
}
