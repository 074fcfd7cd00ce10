package redis_test

import (
	"context"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/greylisttest"
	"mxrules.example/greylist/redis"
)

func TestARealServerKeepsTheContract(t *testing.T) {
	server := startServer(t, "--appendfsync", "no")
	c := client(t, server.address())
	greylisttest.TestStore(t, func(t *testing.T) greylist.Store {
		if err := c.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		return redis.New(c, redis.Options{})
	})
}

func TestARealClusterKeepsTheContract(t *testing.T) {
	cluster := startCluster(t)
	greylisttest.TestStore(t, func(t *testing.T) greylist.Store {
		// A prefix of its own for each, because a cluster is emptied node by node.
		return redis.New(cluster, redis.Options{Prefix: t.Name() + ":"})
	})
}

func TestTheServerDropsWhatHasExpired(t *testing.T) {
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
		{"a first sight", greylist.Sighting{At: now, Until: now.Add(24 * time.Hour)}, 24 * time.Hour},
		{"one that is let in", greylist.Sighting{At: now, Until: now.Add(36 * 24 * time.Hour), Good: 1}, 36 * 24 * time.Hour},
		{"one that would count for less time", greylist.Sighting{At: now, Until: now.Add(time.Hour)}, 36 * 24 * time.Hour},
	} {
		if _, err := store.Touch(ctx, key(1), tc.seen); err != nil {
			t.Fatal(err)
		}
		left, err := c.TTL(ctx, name).Result()
		if err != nil || left < tc.want+50*time.Second || left > tc.want+62*time.Second {
			t.Errorf("%s is dropped after %v, want a minute after %v, %v", tc.what, left, tc.want, err)
		}
	}
	// The clock of this machine may be anywhere: it is the span that counts.
	past := now.Add(-1000 * 24 * time.Hour)
	if _, err := store.Touch(ctx, key(2), greylist.Sighting{At: past, Until: past.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if left, err := c.TTL(ctx, "greylist:"+key(2).String()).Result(); err != nil || left < time.Hour || left > time.Hour+62*time.Second {
		t.Errorf("with a clock that is wrong it is dropped after %v, %v", left, err)
	}
}

// The script is lost whenever the server restarts, or is told to forget it.
func TestARealServerForgetsTheScript(t *testing.T) {
	server := startServer(t, "--appendfsync", "no")
	c := client(t, server.address())
	store := redis.New(c, redis.Options{})
	for range 3 {
		atOnce(t, store, 50)
		if err := c.ScriptFlush(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := store.Get(t.Context(), key(49)); err != nil || r.Good != 3 {
		t.Errorf("there is %v, %v", r, err)
	}
}
