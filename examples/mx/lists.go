package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/rdns/dnsbl"
)

// probeTimeout bounds how long lists that do not answer delay the start.
const probeTimeout = 20 * time.Second

// trusted returns the lists that serve addresses, and logs why the others do not. A
// list that has ended its service may list every address (RFC 5782, section 7). A list
// that does not answer is kept: the policy ignores its failures.
func trusted(ctx context.Context, r envelope.Resolver, lists []dnsbl.List, log *slog.Logger) ([]dnsbl.List, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	reports, err := dnsbl.Probe(ctx, r, lists...)
	if err != nil {
		return nil, fmt.Errorf("-dnsbl: %w", err)
	}
	var good []dnsbl.List
	for i, report := range reports {
		switch report.ForAddresses() {
		case "serving", "unanswered":
			good = append(good, lists[i])
			log.Info("DNS list", "report", report.String())
		default:
			log.Warn("DNS list is not used", "report", report.String())
		}
	}
	return good, nil
}
