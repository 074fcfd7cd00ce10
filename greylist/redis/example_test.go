package redis_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/redis"
)

// One server defers a sender, another one accepts its retry.
func Example() {
	server := startStandIn() // in production: Redis
	defer server.stop()

	options := greylist.Options{Secret: greylist.Secret("the same on every server")}
	now := time.Now()
	for i, name := range []string{"mx1", "mx2"} {
		client := goredis.NewClient(&goredis.Options{
			Addr:                  server.address(),
			ContextTimeoutEnabled: true,
			// Username, Password, TLSConfig, ...
		})
		known := greylist.Known(redis.New(client, redis.Options{}), options)
		f := known(context.Background(), nil, &envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.1"),
			MailFrom: "ann@sender.example",
			RcptTo:   "us@example.org",
			Now:      now.Add(time.Duration(i) * 6 * time.Minute),
		})
		fmt.Println(name, f.Outcome, f.Detail.(*greylist.Result).State)
		if err := f.Commit(context.Background()); err != nil {
			log.Fatal(err)
		}
		client.Close()
	}
	// Output:
	// mx1 fail first sight
	// mx2 pass returned
}
