// Package redis keeps the records of greylisting in Redis or Valkey, for many
// servers.
//
// A sender that is put off by one server of a fleet tries again at another. The
// servers must know of each other's sightings, at once, or each delays it anew.
//
// Every key has one record, a string of 16 octets, and a Touch is one script on
// that one key, run by the server as a whole: so no sighting is lost when
// two servers write at the same moment, and it works on a cluster, where keys
// live on different nodes. The server drops a record when its time is over. When
// many callers wait, their scripts share a round trip (pipelining); there is no
// timer.
//
// How the server is reached (addresses, cluster, sentinels, TLS, users and
// passwords, timeouts, how often to try again) is for the client of
// github.com/redis/go-redis to say. If the server is gone every call fails, and
// the checks of greylist say TempError: mail is deferred, or what the policy
// says. When it is back the store works again by itself. A server that loses its
// memory when it restarts makes every sender new; let it write an append-only
// file. A server that may evict keys when memory is short should evict those
// that expire first (volatile-ttl): first sightings go before what is known.
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

// Options are the settings of a Store. The zero value is a good choice.
type Options struct {
	// Prefix stands before the hexadecimal digits of every key. "" means
	// "greylist:".
	Prefix string
}

// Store is a greylist.Register in Redis. Make one with New.
type Store struct {
	client    redis.UniversalClient
	prefix    string
	calls     *convoy.Convoy[*call]
	keepsTime bool // the client returns when the context ends
}

var _ greylist.Register = (*Store)(nil)

const (
	// lanes is how many round trips are under way at the same time, each on a
	// connection of its own. More of them make each carry less.
	lanes = 2
	// together is how many scripts share a round trip at the most.
	together = 256
)

// New returns a Store that uses client, which may be that of a single server,
// of a cluster, or of a server watched by sentinels. It asks the server nothing.
// The client is the caller's, and is closed by the caller. It should have
// ContextTimeoutEnabled set: then it keeps the deadline of a context itself.
// Without that another goroutine has to wait for the server, which makes calls
// that come alone slower.
func New(client redis.UniversalClient, options Options) *Store {
	if options.Prefix == "" {
		options.Prefix = "greylist:"
	}
	s := &Store{client: client, prefix: options.Prefix}
	switch client := client.(type) {
	case *redis.Client:
		s.keepsTime = client.Options().ContextTimeoutEnabled
	case *redis.ClusterClient:
		s.keepsTime = client.Options().ContextTimeoutEnabled
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

// process asks the server, and waits no longer than ctx.
func (s *Store) process(ctx context.Context, command redis.Cmder) error {
	if s.keepsTime {
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

// Touch implements greylist.Store. A Touch whose answer was lost may be sent
// once more by the client, and then counts twice.
func (s *Store) Touch(ctx context.Context, key greylist.Key, seen greylist.Sighting) (greylist.Record, error) {
	r := greylist.Record{}.Seen(seen)
	return s.run(ctx, key, modeTouch, r, r.Last)
}

// Merge implements greylist.Register. A record that has expired by the clock of
// this machine is left out.
func (s *Store) Merge(ctx context.Context, key greylist.Key, r greylist.Record) error {
	now := time.Now()
	if r.Expired(now) {
		return ctx.Err()
	}
	_, err := s.run(ctx, key, modeMerge, r, now)
	return err
}

// Forget implements greylist.Register.
func (s *Store) Forget(ctx context.Context, key greylist.Key) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return failed(ctx, s.process(ctx, redis.NewIntCmd(ctx, "del", s.name(key))))
}

// All implements greylist.Register, by SCAN, which does not block the server.
// On a cluster every master is asked.
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

// nodes returns all that hold keys.
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

// scan yields the records of one node, each once. It reports whether more are
// wanted.
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

// entries gets the records of names in one round trip. What is no key of ours
// is left out, and what has expired meanwhile.
func (s *Store) entries(ctx context.Context, node redis.Cmdable, names []string, failure *error) (entries []greylist.Entry) {
	var keys []greylist.Key
	var values []*redis.StringCmd
	pipeline := node.Pipeline() // not MGET, whose keys must be of one slot
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

// escape makes a pattern of SCAN that matches s alone.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(s)
}

func decode(value string) (r greylist.Record, err error) {
	if err := r.UnmarshalBinary([]byte(value)); err != nil {
		return r, fmt.Errorf("greylist: in Redis: %w", err)
	}
	return r, nil
}

// failed says whose error it is. That of a context stays what it is.
func failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("greylist: Redis: %w", err)
}
