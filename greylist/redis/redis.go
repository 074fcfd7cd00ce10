// Package redis is a [greylist.Register] in Redis or Valkey, for several mail
// servers that share one store.
//
// A sender that one server deferred may retry at another one. Without a shared
// store, each server would delay it anew.
//
// # How it works
//
// Each record is one key whose value has 16 bytes. Redis expires it. Touch and
// Merge run a Lua script on that key. Redis runs a script atomically, so
// concurrent writes of several mail servers lose nothing; and since a script
// uses one key, a cluster works too. Concurrent calls share a round trip
// (pipelining), without a timer.
//
// # Connection
//
// The client of github.com/redis/go-redis configures the connection: addresses,
// cluster, sentinels, TLS, passwords, timeouts, retries.
//
// # Failures
//
// While the server does not answer, every call is an error, and the checks of
// package greylist find TempError. The store works again as soon as the server
// does.
//
//   - If Redis loses its data in a restart, every sender is new. Enable its
//     append-only file.
//   - If Redis may evict keys, use the policy volatile-ttl. It evicts new triplets
//     before known ones, because they expire first.
package redis

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/convoy"
)

// Options are the settings of a Store. The zero value is usable.
type Options struct {
	// Prefix is the prefix of all keys in Redis; 32 hexadecimal digits follow. ""
	// means "greylist:".
	Prefix string
}

// Store is a greylist.Register in Redis. Create one with [New].
type Store struct {
	client redis.UniversalClient
	prefix string
	calls  *convoy.Convoy[*call]
	inTime bool // the client returns when a context ends
}

var _ greylist.Register = (*Store)(nil)

const (
	// lanes is the number of concurrent round trips, each on its own connection.
	// With more lanes, fewer calls share a round trip.
	lanes = 2
	// together is the most scripts in a round trip.
	together = 256
)

// New returns a Store that uses client: a client of a single server, a cluster or
// sentinels. It does not contact the server. The caller closes client.
//
// Set ContextTimeoutEnabled in the options of client, so that the client itself
// returns when a context ends. Otherwise each call needs a second goroutine.
func New(client redis.UniversalClient, options Options) *Store {
	if options.Prefix == "" {
		options.Prefix = "greylist:"
	}
	s := &Store{client: client, prefix: options.Prefix}
	switch client := client.(type) {
	case *redis.Client:
		s.inTime = client.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		s.inTime = client.Options().ContextTimeoutEnabled
	}
	s.calls = convoy.New(lanes, together, s.carry)
	return s
}

func (s *Store) name(key greylist.Key) string { return s.prefix + key.String() }

// Get implements greylist.Store.
func (s *Store) Get(ctx context.Context, key greylist.Key) (greylist.Record, error) {
	if err := ctx.Err(); err != nil {
		return greylist.Record{}, err
	}
	command := redis.NewStringCmd(ctx, "get", s.name(key))
	switch err := s.process(ctx, command); {
	case errors.Is(err, redis.Nil):
		return greylist.Record{}, nil
	case err != nil:
		return greylist.Record{}, failed(ctx, err)
	}
	return decode(command.Val())
}

// process runs command, and returns when ctx ends.
func (s *Store) process(ctx context.Context, command redis.Cmder) error {
	if s.inTime {
		return s.client.Process(ctx, command)
	}
	answer := make(chan error, 1)
	go func() { answer <- s.client.Process(ctx, command) }()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Touch implements greylist.Store. If the connection breaks before the answer,
// the client may send the Touch again, which adds Sighting.Good twice.
func (s *Store) Touch(ctx context.Context, key greylist.Key, seen greylist.Sighting) (greylist.Record, error) {
	r := greylist.Record{}.Seen(seen)
	return s.run(ctx, key, modeTouch, r, r.Last, seen.Limit)
}

// Merge implements greylist.Register. It ignores a record that has expired by the
// local clock.
func (s *Store) Merge(ctx context.Context, key greylist.Key, r greylist.Record) error {
	now := time.Now()
	if r.Expired(now) {
		return ctx.Err()
	}
	_, err := s.run(ctx, key, modeMerge, r, now, 0)
	return err
}

// Forget implements greylist.Register.
func (s *Store) Forget(ctx context.Context, key greylist.Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return failed(ctx, s.process(ctx, redis.NewIntCmd(ctx, "del", s.name(key))))
}

// All implements greylist.Register with SCAN, which does not block the server. On
// a cluster it scans every master.
func (s *Store) All(ctx context.Context) iter.Seq2[greylist.Entry, error] {
	return func(yield func(greylist.Entry, error) bool) {
		nodes, err := s.nodes(ctx)
		for _, node := range nodes {
			if err == nil {
				var more bool
				if more, err = s.scan(ctx, node, yield); !more {
					return
				}
			}
		}
		if err != nil {
			yield(greylist.Entry{}, failed(ctx, err))
		}
	}
}

// nodes returns the servers that hold keys.
func (s *Store) nodes(ctx context.Context) ([]redis.Cmdable, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok {
		return []redis.Cmdable{s.client}, nil
	}
	var mu sync.Mutex
	var nodes []redis.Cmdable
	err := cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
		return nil
	})
	return nodes, err
}

// scan yields the records of one node. It reports whether the caller wants more.
func (s *Store) scan(ctx context.Context, node redis.Cmdable, yield func(greylist.Entry, error) bool) (bool, error) {
	const count = 1000
	seen := map[greylist.Key]struct{}{} // SCAN may return a key twice
	for cursor := uint64(0); ; {
		if err := ctx.Err(); err != nil {
			return true, err
		}
		names, next, err := node.Scan(ctx, cursor, escape(s.prefix)+"*", count).Result()
		if err != nil {
			return true, err
		}
		for _, entry := range s.entries(ctx, node, names, &err) {
			if _, again := seen[entry.Key]; again {
				continue
			}
			seen[entry.Key] = struct{}{}
			if !yield(entry, nil) {
				return false, nil
			}
		}
		if err != nil {
			return true, err
		}
		if cursor = next; cursor == 0 {
			return true, nil
		}
	}
}

// entries reads the records of names in one round trip. It skips names that are
// not keys of this package, and keys that have expired meanwhile.
func (s *Store) entries(ctx context.Context, node redis.Cmdable, names []string, failure *error) (entries []greylist.Entry) {
	var keys []greylist.Key
	var values []*redis.StringCmd
	pipeline := node.Pipeline() // MGET needs keys of one slot
	for _, name := range names {
		var key greylist.Key
		if err := key.UnmarshalText([]byte(strings.TrimPrefix(name, s.prefix))); err == nil {
			keys, values = append(keys, key), append(values, pipeline.Get(ctx, name))
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if _, err := pipeline.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		*failure = err
		return nil
	}
	for i, key := range keys {
		value, err := values[i].Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		entry := greylist.Entry{Key: key}
		if err == nil {
			entry.Record, err = decode(value)
		}
		if err != nil {
			*failure = err
			return entries
		}
		entries = append(entries, entry)
	}
	return entries
}

// escape returns the pattern of SCAN that matches only s.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(s)
}

func decode(value string) (r greylist.Record, err error) {
	if err := r.UnmarshalBinary([]byte(value)); err != nil {
		return r, fmt.Errorf("greylist: Redis: %w", err)
	}
	return r, nil
}

// failed adds the source to err. If ctx has ended, it returns the error of ctx.
func failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("greylist: Redis: %w", err)
}
