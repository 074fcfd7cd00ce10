package redis_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mxrules.example/greylist"
)

// standIn is a server that implements the part of the Redis protocol (RESP2) that
// the store needs. It has the script in Go; a real server passes the same suite
// with the script in Lua.
type standIn struct {
	listener net.Listener

	mu       sync.Mutex
	values   map[string]string
	kept     map[string]int64 // seconds until a key expires
	loaded   bool             // the script is known by its hash
	forgets  int              // if not 0: every n-th use of the hash fails
	mute     bool             // do not answer
	commands map[string]int   // number of each command
	trips    int              // number of round trips
	conns    map[net.Conn]struct{}
	done     sync.WaitGroup
}

func newStandIn(t testing.TB) *standIn {
	s := startStandIn()
	t.Cleanup(s.stop)
	return s
}

func startStandIn() *standIn {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	s := &standIn{listener: listener, values: map[string]string{}, kept: map[string]int64{},
		commands: map[string]int{}, conns: map[net.Conn]struct{}{}}
	s.done.Go(s.accept)
	return s
}

// locked runs work while the server handles no command.
func (s *standIn) locked(work func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	work()
}

func (s *standIn) address() string { return s.listener.Addr().String() }

func (s *standIn) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.locked(func() { s.conns[conn] = struct{}{} })
		s.done.Go(func() { s.serve(conn) })
	}
}

func (s *standIn) stop() {
	s.listener.Close()
	s.hangUp()
	s.done.Wait()
}

// hangUp closes all connections.
func (s *standIn) hangUp() {
	s.locked(func() {
		for conn := range s.conns {
			conn.Close()
		}
		clear(s.conns)
	})
}

func (s *standIn) serve(conn net.Conn) {
	defer conn.Close()
	in, out := bufio.NewReader(conn), bufio.NewWriter(conn)
	for {
		args, err := readCommand(in)
		if err != nil {
			return
		}
		s.locked(func() {
			if !s.mute {
				s.answer(out, args)
			}
			if in.Buffered() == 0 {
				s.trips++
			}
		})
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return
			}
		}
	}
}

// readCommand reads an array of bulk strings.
func readCommand(in *bufio.Reader) ([]string, error) {
	number := func(kind byte) (int, error) {
		line, err := in.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if line[0] != kind {
			return 0, fmt.Errorf("unexpected %q", line)
		}
		return strconv.Atoi(strings.TrimRight(line[1:], "\r\n"))
	}
	n, err := number('*')
	if err != nil {
		return nil, err
	}
	args := make([]string, n)
	for i := range args {
		length, err := number('$')
		if err != nil {
			return nil, err
		}
		b := make([]byte, length+2)
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, err
		}
		args[i] = string(b[:length])
	}
	return args, nil
}

func bulk(out io.Writer, s string) { fmt.Fprintf(out, "$%d\r\n%s\r\n", len(s), s) }

func (s *standIn) answer(out io.Writer, args []string) {
	command := strings.ToLower(args[0])
	s.commands[command]++
	switch command {
	case "get":
		if value, ok := s.values[args[1]]; ok {
			bulk(out, value)
		} else {
			fmt.Fprint(out, "$-1\r\n")
		}
	case "del":
		_, ok := s.values[args[1]]
		delete(s.values, args[1])
		fmt.Fprintf(out, ":%d\r\n", map[bool]int{true: 1}[ok])
	case "scan":
		s.scan(out, args)
	case "evalsha":
		if !s.loaded || s.forgets > 0 && s.commands[command]%s.forgets == 0 {
			fmt.Fprint(out, "-NOSCRIPT No matching script. Please use EVAL.\r\n")
			return
		}
		s.run(out, args)
	case "eval":
		s.loaded = true
		s.run(out, args)
	default:
		fmt.Fprintf(out, "-ERR unknown command '%s'\r\n", command)
	}
}

// scan returns some keys at a time, and some keys twice, as a real server may.
func (s *standIn) scan(out io.Writer, args []string) {
	const step = 100
	names := slices.Sorted(maps.Keys(s.values))
	from, _ := strconv.Atoi(args[1])
	to, next := from+step, from+step-1
	if to >= len(names) {
		to, next = len(names), 0
	}
	fmt.Fprint(out, "*2\r\n")
	bulk(out, strconv.Itoa(next))
	var matching []string
	for _, name := range names[min(from, to):to] {
		if strings.HasPrefix(name, strings.TrimSuffix(args[3], "*")) {
			matching = append(matching, name)
		}
	}
	fmt.Fprintf(out, "*%d\r\n", len(matching))
	for _, name := range matching {
		bulk(out, name)
	}
}

// run is touch.lua in Go. args are the command, the script, 1, the key, and the
// arguments of the script.
func (s *standIn) run(out io.Writer, args []string) {
	name, mode := args[3], args[4]
	var r, old greylist.Record
	if err := r.UnmarshalBinary([]byte(args[5])); err != nil {
		fmt.Fprintf(out, "-ERR %v\r\n", err)
		return
	}
	keep, _ := strconv.ParseInt(args[7], 10, 64)
	limit, _ := strconv.ParseUint(args[8], 10, 32)
	if value, ok := s.values[name]; ok {
		if err := old.UnmarshalBinary([]byte(value)); err != nil {
			fmt.Fprintf(out, "-ERR %v\r\n", err)
			return
		}
	}
	if mode == "touch" {
		r = old.Seen(greylist.Sighting{At: r.Last, Until: r.Until, Good: r.Good})
	} else {
		r = old.Merge(r)
	}
	b, _ := r.AppendBinary(nil)
	if !(greylist.Sighting{Limit: uint32(limit)}).Fits(r) {
		bulk(out, string(b))
		return
	}
	s.values[name] = string(b)
	s.kept[name] = keep + int64(binary.BigEndian.Uint32(b[8:])-binary.BigEndian.Uint32([]byte(args[5][8:])))
	bulk(out, string(b))
}

// options returns the options of a client that fails fast.
func options(address string) *redis.Options {
	return &redis.Options{
		Addr:            address,
		Protocol:        2,
		DisableIdentity: true,
		MaxRetries:      1,
		DialerRetries:   1,
		MinRetryBackoff: time.Millisecond,
		MaxRetryBackoff: time.Millisecond,
		ReadTimeout:     5 * time.Second,
	}
}

func client(t testing.TB, address string) *redis.Client {
	c := redis.NewClient(options(address))
	t.Cleanup(func() { c.Close() })
	return c
}
