package envelopetest

import (
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

func TestZoneKeepsTheContract(t *testing.T) {
	TestResolver(t, func(_ *testing.T, world *zone.Zone) envelope.Resolver { return world })
}

func TestStandardResolverKeepsTheContract(t *testing.T) {
	TestResolver(t, func(t *testing.T, world *zone.Zone) envelope.Resolver {
		server, err := world.Serve("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		return server.Resolver()
	})
}
