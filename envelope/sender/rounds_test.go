package sender_test

import (
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
)

// Independent questions are asked together, except those that the first answer usually
// makes needless.
func TestRounds(t *testing.T) {
	bad := []string{
		"text.bad.example.", "private.bad.example.", "loop.bad.example.", "ula.bad.example.", "group.bad.example.",
		"two.bad.example.", "nat64.bad.example.", "local64.bad.example.", "nowhere.example.",
	}
	for _, tc := range []struct {
		name   string
		check  envelope.Check
		dns    *zone.Zone
		domain string
		want   int
	}{
		{"an MX", sender.Resolves, world(), "org.example", 1},
		{"no record", sender.Resolves, world(), "nowhere.example", 2},
		{"a failure", sender.Resolves, world(), "last.example", 2},
		{"a good host", sender.MXUsable, domainOf("four.good.example."), "domain.example", 2},
		{"a good host of IPv6", sender.MXUsable, domainOf("six.good.example."), "domain.example", 3},
		{"the last of ten hosts", sender.MXUsable, domainOf(append(slices.Clone(bad), "four.good.example.")...), "domain.example", 3},
		{"none of ten hosts", sender.MXUsable, domainOf(append(slices.Clone(bad), "mapped.bad.example.")...), "domain.example", 3},
		{"ten hosts, and one fails", sender.MXUsable, domainOf(append(slices.Clone(bad), "timeout.example.")...), "domain.example", 3},
		{"two hosts fail, and the third is not an alias", sender.MXNotAlias, domainOf("fails.example.", "timeout.example.", "four.good.example."), "domain.example", 3},
		{"the first host is not an alias", sender.MXNotAlias, domainOf("four.good.example.", "six.good.example."), "domain.example", 2},
		{"a domain without an MX", sender.MXUsable, world(), "four.example", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := envelopetest.Rounds(t, tc.check, tc.dns, from("ann@"+tc.domain)); got != tc.want {
				t.Errorf("%d rounds, want %d", got, tc.want)
			}
		})
	}
}
