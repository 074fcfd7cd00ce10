package postfix_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	importing "mxrules.example/verdict/postfix"
)

// A finding that fails says what the table does not say, because a trace has several checks
// of one table.
func TestAccessSaysWhatIsMissing(t *testing.T) {
	table, err := importing.ParseTable("cidr", "clients", "192.0.2.9 HOLD\n192.0.2.10 REJECT go away\n")
	if err != nil {
		t.Fatal(err)
	}
	a := &importing.Access{Of: importing.Client, Table: table}
	for _, tc := range []struct {
		check envelope.Check
		ip    string
		want  string
	}{
		{a.Rejects, "192.0.2.9", "the table does not say REJECT about the client 192.0.2.9"},
		{a.Rejects, "192.0.2.11", "the table does not say REJECT about the client 192.0.2.11"},
		{a.Permits, "192.0.2.9", "the table does not say OK about the client 192.0.2.9"},
		{a.Defers, "192.0.2.9", "the table does not say DEFER about the client 192.0.2.9"},
		{a.MayReject, "192.0.2.9", "the table does not say DEFER_IF_PERMIT about the client 192.0.2.9"},
		{a.MayPermit, "192.0.2.9", "the table does not say DEFER_IF_REJECT about the client 192.0.2.9"},
		{a.Says("HOLD"), "192.0.2.10", `the table does not say "HOLD" about the client 192.0.2.10`},
		{a.Says("HOLD"), "192.0.2.11", `the table does not say "HOLD" about the client 192.0.2.11`},
	} {
		f := tc.check(t.Context(), nil, &envelope.Envelope{ClientIP: netip.MustParseAddr(tc.ip)})
		if f.Outcome != envelope.Fail || f.Text != tc.want {
			t.Errorf("got %s %q, want %q", f.Outcome, f.Text, tc.want)
		}
	}
}
