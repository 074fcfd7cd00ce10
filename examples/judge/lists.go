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
	probe := func(kind string, lists []dnsbl.List, condition func(dnsbl.Report) string) {
		reports, err := dnsbl.Probe(ctx, r, lists...)
		if err != nil {
			report(err)
		}
		for _, found := range reports {
			if condition(found) != "serving" {
				report(fmt.Errorf("DNS list may not list %s: %s", kind, found))
			}
		}
	}
	probe("addresses", site.Lists, dnsbl.Report.ForAddresses)
	probe("domains", site.domainLists, dnsbl.Report.ForNames)
}
