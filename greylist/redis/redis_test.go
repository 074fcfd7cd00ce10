package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mxrules.example/greylist"
	"mxrules.example/greylist/greylisttest"
	"mxrules.example/greylist/redis"
)

func key(n int) greylist.Key { return greylist.Secret("redis").Identity(strconv.Itoa(n)) }

// sighting returns a sighting whose record expires in an hour.
func sighting() greylist.Sighting {
	now := time.Now().Truncate(time.Second)
	return greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1}
}

// touchAll touches n keys concurrently, and calls started when all calls have
// started.
func touchAll(t *testing.T, store greylist.Store, n int, started func()) {
	t.Helper()
	var group, running sync.WaitGroup
	running.Add(n)
	for i := range n {
		group.Go(func() {
			running.Done()
			if _, err := store.Touch(t.Context(), key(i), sighting()); err != nil {
				t.Errorf("Touch: %v", err)
			}
		})
	}
	running.Wait()
	started()
	group.Wait()
}

func TestStoreKeepsTheContract(t *testing.T) {
	bothClients(t, func(t *testing.T, newClient func(*testing.T, *standIn) *goredis.Client) {
		greylisttest.TestStore(t, func(t *testing.T) greylist.Store {
			return redis.New(newClient(t, newStandIn(t)), redis.Options{})
		})
	})
}

// bothClients runs test with clients that return when a context ends, and with
// others.
func bothClients(t *testing.T, test func(t *testing.T, newClient func(*testing.T, *standIn) *goredis.Client)) {
	for _, enabled := range []bool{false, true} {
		t.Run(fmt.Sprintf("ContextTimeoutEnabled %t", enabled), func(t *testing.T) {
			test(t, func(t *testing.T, server *standIn) *goredis.Client {
				settings := options(server.address())
				settings.ContextTimeoutEnabled = enabled
				c := goredis.NewClient(settings)
				t.Cleanup(func() { c.Close() })
				return c
			})
		})
	}
}

func TestKeysAndExpiry(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{Prefix: "mx[1]:"})
	seen := sighting()
	if _, err := store.Touch(t.Context(), key(1), seen); err != nil {
		t.Fatal(err)
	}
	name := "mx[1]:" + key(1).String()
	if got := server.kept[name]; got != 3600+60 {
		t.Errorf("%s is kept for %d seconds, want an hour and a minute: %v", name, got, server.kept)
	}
	old := greylist.Record{First: seen.At, Last: seen.At, Until: time.Now().Add(-time.Minute)}
	if err := store.Merge(t.Context(), key(2), old); err != nil || len(server.values) != 1 {
		t.Errorf("an expired record is merged: %v, error %v", server.values, err)
	}
}

func TestIgnoresOtherKeys(t *testing.T) {
	server := newStandIn(t)
	server.values["greylist:something"] = "else"
	server.values["greylis"] = "t"
	server.values["other:"+key(1).String()] = "x"
	store := redis.New(client(t, server.address()), redis.Options{})
	touchAll(t, store, 2, func() {})
	found := 0
	for entry, err := range store.All(t.Context()) {
		if err != nil || entry.Key != key(0) && entry.Key != key(1) {
			t.Errorf("All has %v, error %v", entry, err)
		}
		found++
	}
	if found != 2 {
		t.Errorf("All has %d records, want 2", found)
	}
}

// checkFailures checks that Get, Touch and All of key 1 fail, and that errors name
// their source. more are the errors of other calls.
func checkFailures(t *testing.T, store *redis.Store, more ...error) {
	t.Helper()
	_, get := store.Get(t.Context(), key(1))
	_, touch := store.Touch(t.Context(), key(1), sighting())
	var all error
	for _, err := range store.All(t.Context()) {
		all = err
	}
	for i, err := range append([]error{get, touch, all}, more...) {
		if err == nil || !strings.HasPrefix(err.Error(), "greylist: Redis: ") {
			t.Errorf("call %d: error %v", i, err)
		}
	}
}

func TestInvalidValue(t *testing.T) {
	server := newStandIn(t)
	server.values["greylist:"+key(1).String()] = "something else"
	store := redis.New(client(t, server.address()), redis.Options{})
	checkFailures(t, store)
	if server.values["greylist:"+key(1).String()] != "something else" {
		t.Error("the value is overwritten")
	}
}

// A server that was restarted does not know the script.
func TestScriptIsSentAgain(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{})
	for i := range 3 {
		server.locked(func() { server.loaded = false })
		touchAll(t, store, 40, func() {})
		server.locked(func() {
			if server.commands["eval"] < i+1 {
				t.Errorf("round %d: the commands are %v", i, server.commands)
			}
		})
	}
	server.locked(func() {
		if got := server.commands["evalsha"]; got < 100 {
			t.Errorf("%d of 120 calls use the hash", got)
		}
	})
}

func TestScriptIsLostWithinARoundTrip(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{})
	touchAll(t, store, 2, func() {})
	server.mu.Lock() // until all calls wait
	server.forgets = 7
	touchAll(t, store, 200, server.mu.Unlock)
	for n := range 200 {
		want := uint32(1)
		if n < 2 {
			want = 2
		}
		if r, err := store.Get(t.Context(), key(n)); err != nil || r.Good != want {
			t.Errorf("key %d has %v, error %v, want %d good", n, r, err, want)
		}
	}
}

func TestConcurrentCallsShareRoundTrips(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{})
	touchAll(t, store, 2, func() {}) // connects and loads the script
	server.mu.Lock()                 // until all calls wait
	before := server.trips
	touchAll(t, store, 200, server.mu.Unlock)
	if trips := server.trips - before; trips > 100 {
		t.Errorf("200 touches took %d round trips", trips)
	}
}

func TestReconnects(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{})
	touchAll(t, store, 20, func() {})
	for range 3 {
		server.hangUp()
		if r, err := store.Touch(t.Context(), key(1), sighting()); err != nil || r.Good < 2 {
			t.Errorf("Touch after a closed connection: %v, error %v", r, err)
		}
		server.hangUp()
		if _, err := store.Get(t.Context(), key(1)); err != nil {
			t.Errorf("Get after a closed connection: %v", err)
		}
	}
	server.stop()
	checkFailures(t, store, store.Forget(t.Context(), key(1)))
}

// A call to a server that does not answer returns when its context ends.
func TestSilentServer(t *testing.T) { bothClients(t, silent) }

func silent(t *testing.T, newClient func(*testing.T, *standIn) *goredis.Client) {
	server := newStandIn(t)
	store := redis.New(newClient(t, server), redis.Options{})
	touchAll(t, store, 4, func() {})
	server.locked(func() { server.mute = true })
	var group sync.WaitGroup
	for n := range 20 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			_, touch := store.Touch(ctx, key(n), sighting())
			_, get := store.Get(ctx, key(n))
			for _, err := range []error{touch, get, store.Forget(ctx, key(n))} {
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want that of the context", err)
				}
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := store.Get(ctx, key(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get: %v", err)
	}
	group.Wait()
	server.locked(func() { server.mute = false })
	server.hangUp()
	if _, err := store.Touch(t.Context(), key(1), sighting()); err != nil {
		t.Errorf("when the server answers again: %v", err)
	}
}
