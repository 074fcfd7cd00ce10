package redis_test

import (
	"context"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/greylisttest"
	"mxrules.example/greylist/redis"
)

func TestServerKeepsTheContract(t *testing.T) {
	server := startServer(t, "--appendfsync", "no")
	c := client(t, server.address())
	greylisttest.TestStore(t, func(t *testing.T) greylist.Store {
		if err := c.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		return redis.New(c, redis.Options{})
	})
}

func TestClusterKeepsTheContract(t *testing.T) {
	cluster := startCluster(t)
	greylisttest.TestStore(t, func(t *testing.T) greylist.Store {
		// FLUSHALL would empty only one node.
		return redis.New(cluster, redis.Options{Prefix: t.Name() + ":"})
	})
}

func TestServerExpiresRecords(t *testing.T) {
	server := startServer(t, "--appendfsync", "no")
	c := client(t, server.address())
	store := redis.New(c, redis.Options{})
	ctx := context.Background()
	name := "greylist:" + key(1).String()
	now := time.Now()
	for _, tc := range []struct {
		what string
		seen greylist.Sighting
		want time.Duration
	}{
		{"first sight", greylist.Sighting{At: now, Until: now.Add(24 * time.Hour)}, 24 * time.Hour},
		{"good triplet", greylist.Sighting{At: now, Until: now.Add(36 * 24 * time.Hour), Good: 1}, 36 * 24 * time.Hour},
		{"earlier Until", greylist.Sighting{At: now, Until: now.Add(time.Hour)}, 36 * 24 * time.Hour},
	} {
		if _, err := store.Touch(ctx, key(1), tc.seen); err != nil {
			t.Fatal(err)
		}
		left, err := c.TTL(ctx, name).Result()
		if err != nil || left < tc.want+50*time.Second || left > tc.want+62*time.Second {
			t.Errorf("%s expires after %v, want %v and a minute, error %v", tc.what, left, tc.want, err)
		}
	}
	// The local clock may be wrong: the expiry is relative.
	past := now.Add(-1000 * 24 * time.Hour)
	if _, err := store.Touch(ctx, key(2), greylist.Sighting{At: past, Until: past.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if left, err := c.TTL(ctx, "greylist:"+key(2).String()).Result(); err != nil || left < time.Hour || left > time.Hour+62*time.Second {
		t.Errorf("with a wrong clock the record expires after %v, error %v", left, err)
	}
}

// A server forgets the script when it restarts, or by SCRIPT FLUSH.
func TestServerForgetsTheScript(t *testing.T) {
	server := startServer(t, "--appendfsync", "no")
	c := client(t, server.address())
	store := redis.New(c, redis.Options{})
	for range 3 {
		touchAll(t, store, 50, func() {})
		if err := c.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := store.Get(t.Context(), key(49)); err != nil || r.Good != 3 {
		t.Errorf("the record is %v, error %v", r, err)
	}
}
