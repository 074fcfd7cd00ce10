package resolver_test

import (
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

// serve answers from a zone on the loopback interface for the time of a test.
func serve(t testing.TB, z *zone.Zone) *zone.Server {
	t.Helper()
	server, err := z.Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// open makes a Resolver for the time of a test.
func open(t testing.TB, config resolver.Config) *resolver.Resolver {
	t.Helper()
	r, err := resolver.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestResolverKeepsTheContract(t *testing.T) {
	for name, config := range map[string]resolver.Config{
		"with a cache":    {},
		"without a cache": {CacheBytes: -1},
	} {
		t.Run(name, func(t *testing.T) {
			envelopetest.TestResolver(t, func(t *testing.T, world *zone.Zone) envelope.Resolver {
				config := config
				config.Servers = []string{serve(t, world).Addr()}
				config.Timeout = 10 * time.Second // no answer comes too late, however busy the machine is
				return open(t, config)
			})
		})
	}
}
