package main

import (
	"fmt"
	"os"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

// newResolver returns the DNS that rules ask: a zone in memory, or servers, which
// are those of the system or those of a list.
func newResolver(servers, zoneFile string) (envelope.Resolver, error) {
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
	var config resolver.Config
	if servers != "system" {
		config.Servers = strings.Split(servers, ",")
	}
	dns, err := resolver.New(config)
	if err != nil {
		return nil, fmt.Errorf("-dns: %w", err)
	}
	return dns, nil
}
