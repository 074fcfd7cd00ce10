package envelope_test

import (
	"context"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func TestOperands(t *testing.T) {
	passing := constant(envelope.Passed(""), nil)
	a, b := envelope.At("site.a", envelope.Helo, passing), envelope.At("site.b", envelope.Helo, passing)
	both := envelope.All(a, envelope.Not(b))
	renamed := func(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		f := both(ctx, r, e)
		f.Check = "site.renamed"
		return f
	}
	for _, tc := range []struct {
		check envelope.Check
		want  string
	}{
		{a, ""},
		{both, "all site.a not(site.b)"},
		{envelope.Any(a), "any site.a"},
		{envelope.Not(both), "not all(site.a, not(site.b))"},
		{envelope.All(), "all"},
		{renamed, ""},
		{nil, ""},
	} {
		word, operands := tc.check.Operands()
		got := []string{word}
		for _, operand := range operands {
			name, _ := operand.Describe()
			got = append(got, name)
		}
		if text := strings.Join(got, " "); text != tc.want {
			t.Errorf("got %q, want %q", text, tc.want)
		}
	}
}
