package main

import (
	"fmt"
	"os"

	"mxrules.example/envelope"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

// newResolver returns a zone in memory, or a resolver for a list of servers, nil for
// those of the system.
func newResolver(servers []string, zoneFile string) (envelope.Resolver, error) {
	if zoneFile != "" {
		text, err := os.ReadFile(zoneFile)
		if err != nil {
			return nil, err
		}
		world, err := zone.Parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", zoneFile, err)
		}
		return world, nil
	}
	dns, err := resolver.New(resolver.Config{Servers: servers})
	if err != nil {
		return nil, fmt.Errorf("-dns: %w", err)
	}
	return dns, nil
}
