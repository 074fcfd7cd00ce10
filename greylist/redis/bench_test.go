package redis_test

import (
	"context"
	_ "embed"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/load"
	"mxrules.example/greylist/redis"
)

//go:embed touch.lua
var source string

// BenchmarkStore compares the store with bare calls of its script.
func BenchmarkStore(b *testing.B) {
	server := startServer(b, "--appendonly", "no")
	c := goredis.NewClient(&goredis.Options{Addr: server.address(), PoolSize: 64, ContextTimeoutEnabled: true})
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	script := goredis.NewScript(source)
	now := time.Now()
	seen := greylist.Sighting{At: now, Until: now.Add(24 * time.Hour), Good: 1}
	record, err := greylist.Record{}.Seen(seen).AppendBinary(nil)
	if err != nil {
		b.Fatal(err)
	}
	store := redis.New(c, redis.Options{})
	for _, kind := range []string{"new", "known"} {
		for _, callers := range load.Callers {
			b.Run(load.Name(kind, callers, "bare"), func(b *testing.B) {
				c.FlushAll(ctx)
				load.Run(b, load.Cases[kind], callers, 1, func(key greylist.Key) error {
					return script.Run(ctx, c, []string{"greylist:" + key.String()}, "touch", record, now.Unix(), 86460, 0).Err()
				})
			})
			b.Run(load.Name(kind, callers, "Store"), func(b *testing.B) {
				c.FlushAll(ctx)
				load.Run(b, load.Cases[kind], callers, 1, func(key greylist.Key) error {
					_, err := store.Touch(ctx, key, seen)
					return err
				})
			})
			b.Run(load.Name(kind, callers, "quota"), func(b *testing.B) {
				c.FlushAll(ctx)
				load.Run(b, load.Cases[kind], callers, 1, load.Quota(store, now))
			})
		}
	}
}
