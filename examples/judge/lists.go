package main

import (
	"context"
	"fmt"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/rdns/dnsbl"
)

// probeTimeout bounds how long lists that do not answer delay the first verdict.
const probeTimeout = 10 * time.Second

// probeLists reports the DNS lists that do not serve what the checks ask. Without
// the probe a misspelt zone, a list of names asked about addresses, and a list of
// addresses asked about names look as if nothing were listed.
func probeLists(r envelope.Resolver, site facts, report func(error)) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	probe := func(kind string, lists []dnsbl.List, served func(dnsbl.Report) dnsbl.Condition) {
		reports, err := dnsbl.Probe(ctx, r, lists...)
		if err != nil {
			report(err)
		}
		for _, found := range reports {
			if served(found) != dnsbl.Serving || found.Condition() != dnsbl.Serving {
				report(fmt.Errorf("DNS list may not list %s: %s", kind, found))
			}
		}
	}
	probe("addresses", site.Lists, func(r dnsbl.Report) dnsbl.Condition { return max(r.IPv4, r.IPv6) })
	probe("domains", site.domainLists, func(r dnsbl.Report) dnsbl.Condition { return r.Names })
}
