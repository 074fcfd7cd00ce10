package resolver_test

import (
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

// serve starts a server for a zone until the test ends.
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

// open returns a Resolver that is closed when the test ends.
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
				config.Timeout = long // even a busy machine answers in time
				return open(t, config)
			})
		})
	}
}
