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

// sighting is one that counts for an hour from now.
func sighting() greylist.Sighting {
	now := time.Now().Truncate(time.Second)
	return greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1}
}

func TestStoreKeepsTheContract(t *testing.T) {
	for _, keepsTime := range []bool{false, true} {
		t.Run(fmt.Sprintf("the client keeps time: %t", keepsTime), func(t *testing.T) {
			greylisttest.TestStore(t, func(t *testing.T) greylist.Store {
				settings := options(newStandIn(t).address())
				settings.ContextTimeoutEnabled = keepsTime
				c := goredis.NewClient(settings)
				t.Cleanup(func() { c.Close() })
				return redis.New(c, redis.Options{})
			})
		})
	}
}

func TestKeysAndHowLongTheyAreKept(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{Prefix: "mx[1]:"})
	seen := sighting()
	if _, err := store.Touch(t.Context(), key(1), seen); err != nil {
		t.Fatal(err)
	}
	name := "mx[1]:" + key(1).String()
	if got := server.kept[name]; got != 3600+60 {
		t.Errorf("%s is kept for %d seconds, want an hour and a minute: there is %v", name, got, server.kept)
	}
	old := greylist.Record{First: seen.At, Last: seen.At, Until: time.Now().Add(-time.Minute)}
	if err := store.Merge(t.Context(), key(2), old); err != nil || len(server.values) != 1 {
		t.Errorf("a record that has expired is merged in: %v, %v", server.values, err)
	}
}

func TestOtherKeysAreNotOurs(t *testing.T) {
	server := newStandIn(t)
	server.values["greylist:something"] = "else"
	server.values["greylis"] = "t"
	server.values["other:"+key(1).String()] = "x"
	store := redis.New(client(t, server.address()), redis.Options{})
	if _, err := store.Touch(t.Context(), key(1), sighting()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for entry, err := range store.All(t.Context()) {
		if err != nil || entry.Key != key(1) {
			t.Errorf("there is %v, %v", entry, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("there are %d records", n)
	}
}

func TestAValueThatIsNoRecord(t *testing.T) {
	server := newStandIn(t)
	server.values["greylist:"+key(1).String()] = "something else"
	store := redis.New(client(t, server.address()), redis.Options{})
	_, get := store.Get(t.Context(), key(1))
	_, touch := store.Touch(t.Context(), key(1), sighting())
	var all error
	for _, err := range store.All(t.Context()) {
		all = err
	}
	for name, err := range map[string]error{"Get": get, "Touch": touch, "All": all} {
		if err == nil || !strings.Contains(err.Error(), "Redis") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if server.values["greylist:"+key(1).String()] != "something else" {
		t.Error("it was overwritten")
	}
}

// A server that was restarted does not know the script.
func TestTheScriptIsSentAgainWhenItIsLost(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{})
	for i := range 3 {
		server.mu.Lock()
		server.loaded = false
		server.mu.Unlock()
		atOnce(t, store, 40)
		server.mu.Lock()
		if server.commands["eval"] < i+1 {
			t.Errorf("round %d: the commands are %v", i, server.commands)
		}
		server.mu.Unlock()
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if got := server.commands["evalsha"]; got < 100 {
		t.Errorf("the hash is used only %d times of 120", got)
	}
}

// The server may forget the script in the middle of a round trip.
func TestTheScriptIsLostOnTheWay(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{})
	atOnce(t, store, 2)
	server.forgets = 7
	const callers = 200
	server.mu.Lock() // so that they gather
	var group, started sync.WaitGroup
	started.Add(callers)
	for n := range callers {
		group.Go(func() {
			started.Done()
			if _, err := store.Touch(t.Context(), key(100+n), sighting()); err != nil {
				t.Errorf("Touch: %v", err)
			}
		})
	}
	started.Wait()
	server.mu.Unlock()
	group.Wait()
	for n := range callers {
		if r, err := store.Get(t.Context(), key(100+n)); err != nil || r.Good != 1 {
			t.Errorf("key %d has %v, %v", n, r, err)
		}
	}
}

// atOnce touches so many keys at the same time.
func atOnce(t *testing.T, store greylist.Store, callers int) {
	t.Helper()
	var group sync.WaitGroup
	for n := range callers {
		group.Go(func() {
			if _, err := store.Touch(t.Context(), key(n), sighting()); err != nil {
				t.Errorf("Touch: %v", err)
			}
		})
	}
	group.Wait()
}

func TestThoseWhoWaitShareARoundTrip(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{})
	atOnce(t, store, 2) // the connections are there, and the script
	server.mu.Lock()    // and now the server has a lot to do
	before := server.trips
	var group sync.WaitGroup
	started := make(chan struct{}, 200)
	for n := range 200 {
		group.Go(func() {
			started <- struct{}{}
			if _, err := store.Touch(t.Context(), key(n), sighting()); err != nil {
				t.Errorf("Touch: %v", err)
			}
		})
	}
	for range 200 {
		<-started
	}
	server.mu.Unlock()
	group.Wait()
	if trips := server.trips - before; trips > 100 {
		t.Errorf("200 touches took %d round trips", trips)
	}
}

func TestItComesBackByItself(t *testing.T) {
	server := newStandIn(t)
	store := redis.New(client(t, server.address()), redis.Options{})
	atOnce(t, store, 20)
	for range 3 {
		server.hangUp()
		if r, err := store.Touch(t.Context(), key(1), sighting()); err != nil || r.Good < 2 {
			t.Errorf("after the connections were cut: %v, %v", r, err)
		}
		server.hangUp()
		if _, err := store.Get(t.Context(), key(1)); err != nil {
			t.Errorf("Get after the connections were cut: %v", err)
		}
	}
	server.stop()
	_, get := store.Get(t.Context(), key(1))
	_, touch := store.Touch(t.Context(), key(1), sighting())
	forget := store.Forget(t.Context(), key(1))
	var all error
	for _, err := range store.All(t.Context()) {
		all = err
	}
	for name, err := range map[string]error{"Get": get, "Touch": touch, "Forget": forget, "All": all} {
		if err == nil || !strings.Contains(err.Error(), "greylist: Redis: ") {
			t.Errorf("%s without a server: %v", name, err)
		}
	}
}

// A server that does not answer is waited for as long as the context says, and
// no longer.
func TestASilentServer(t *testing.T) {
	for _, keepsTime := range []bool{false, true} {
		t.Run(fmt.Sprintf("the client keeps time: %t", keepsTime), func(t *testing.T) { silent(t, keepsTime) })
	}
}

func silent(t *testing.T, keepsTime bool) {
	server := newStandIn(t)
	settings := options(server.address())
	settings.ContextTimeoutEnabled = keepsTime
	c := goredis.NewClient(settings)
	defer c.Close()
	store := redis.New(c, redis.Options{})
	atOnce(t, store, 4)
	server.mu.Lock()
	server.mute = true
	server.mu.Unlock()
	var group sync.WaitGroup
	for n := range 20 {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			defer cancel()
			if _, err := store.Touch(ctx, key(n), sighting()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Touch: %v", err)
			}
			if _, err := store.Get(ctx, key(n)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Get: %v", err)
			}
			if err := store.Forget(ctx, key(n)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Forget: %v", err)
			}
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := store.Get(ctx, key(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Get: %v", err)
	}
	group.Wait()
	server.mu.Lock()
	server.mute = false
	server.mu.Unlock()
	server.hangUp()
	if _, err := store.Touch(t.Context(), key(1), sighting()); err != nil {
		t.Errorf("when it answers again: %v", err)
	}
}
