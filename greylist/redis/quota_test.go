package redis_test

import (
	"testing"

	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/flood"
	"mxrules.example/greylist/redis"
)

// Four servers share one store.
func TestConcurrentSendersKeepTheLimit(t *testing.T) {
	address := startServer(t, "--appendfsync", "no").address()
	var stores []greylist.Store
	for range 4 {
		stores = append(stores, redis.New(client(t, address), redis.Options{}))
	}
	flood.Run(t, stores...)
}
