package main

import (
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
)

// relaying has the options about gateways of the site, which relay mail to this server.
type relaying struct {
	networks []netip.Prefix
	names    []string
	itself   bool // judge the gateway itself if the message does not name its client
}

// behind returns the function that finds the client behind a gateway, nil if there are
// no gateways.
func (r relaying) behind() (func(envelope.Envelope) (envelope.Envelope, error), error) {
	if len(r.networks)+len(r.names) == 0 {
		return nil, nil
	}
	gateways, err := client.ParseGateways(r.networks, r.names...)
	switch {
	case err != nil:
		return nil, fmt.Errorf("-gateways and -gateway-names: %w", err)
	case r.itself:
		return gateways.BehindOrItself, nil
	}
	return gateways.Behind, nil
}

func (r *relaying) choose(word string) error {
	if word != "tempfail" && word != "itself" {
		return fmt.Errorf("unknown choice %q; known are: tempfail, itself", word)
	}
	r.itself = word == "itself"
	return nil
}
