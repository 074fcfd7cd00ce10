package rdns_test

import (
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/rdns"
)

// greeted is a row for a check of the HELO name.
type greeted struct {
	helo string
	row
}

func runGreeted(t *testing.T, check envelope.Check, failure envelope.Status, rows []greeted) {
	t.Helper()
	dns := world()
	for _, tc := range rows {
		tc.row.with(tc.helo, failure).Run(t, check, dns)
	}
}

func TestMatchesHelo(t *testing.T) {
	runGreeted(t, rdns.MatchesHelo, unproved, []greeted{
		{"mail.example.org", row{"1", pass, "PTR", "", ""}},
		{"MAIL.Example.ORG.", row{"1", pass, "PTR", "", ""}},
		{"mail.example.org", row{"2001:db8::1", pass, "PTR", "", ""}},
		{"mail.example.org", row{"3", pass, "PTR", "", ""}}, // confirmed or not
		{"nowhere.example.org", row{"7", pass, "PTR", "", ""}},
		{"example.org", row{"1", fail, "PTR", "",
			"the HELO name example.org does not match reverse DNS: the PTR records of the client 192.0.2.1 are mail.example.org" + loginHint}},
		{"mail.example.org", row{"2", fail, "PTR", "", "the client 192.0.2.2 has no PTR record"}},
		{"mail.example.org", row{"", fail, "", "", "the client address is unknown"}},
		{"mail.example.org", row{"11", fail, "PTR", "", "is an address, not a host name"}},
		{"unknown", row{"12", fail, "PTR", "", "is not fully qualified"}},
		{"mail.example.org", row{"30", temp, "PTR", "", ""}},
		{"[192.0.2.1]", row{"1", none, "", "", ""}},
		{"192.0.2.11", row{"11", none, "", "", ""}},
		{"not a name", row{"1", none, "", "", ""}},
		{"", row{"1", none, "", "", ""}},
	})
}

func TestBacksHelo(t *testing.T) {
	runGreeted(t, rdns.BacksHelo("big.example", "example.org", "narrow.example.org"), unwanted, []greeted{
		{"big.example", row{"50", pass, "PTR A", "out50.big.example", ""}},
		{"out50.big.example", row{"50", pass, "PTR A", "out50.big.example", ""}},
		{"other.big.example", row{"50", pass, "PTR A", "out50.big.example", ""}},
		{"Mail.BIG.example.", row{"53", pass, "PTR A", "big.example", ""}},
		// Names outside of the domain are not looked up.
		{"big.example", row{"54", pass, "PTR A", "out54.big.example", ""}},
		{"mail.example.org", row{"2001:db8::1", pass, "PTR AAAA", "mail.example.org", ""}},
		// Clients that only claim the name.
		{"big.example", row{"1", fail, "PTR", "",
			"the HELO name big.example does not match reverse DNS: the PTR records of the client 192.0.2.1 are mail.example.org, none of which is in big.example" + loginHint}},
		{"big.example", row{"51", fail, "PTR A", "", "is out50.big.example, which has no A record with that address" + loginHint}},
		{"big.example", row{"52", fail, "PTR", "", "are mail.notbig.example, none of which is in big.example"}},
		{"big.example", row{"2", fail, "PTR", "", "the client 192.0.2.2 has no PTR record"}},
		{"big.example", row{"", fail, "", "", "the client address is unknown"}},
		{"big.example", row{"11", fail, "PTR", "", "is an address, not a host name"}},
		// The longer of two domains counts.
		{"a.narrow.example.org", row{"1", fail, "PTR", "", "none of which is in narrow.example.org"}},
		{"big.example", row{"30", temp, "PTR", "", ""}},
		{"example.org", row{"31", temp, "PTR A", "", "broken.example.org"}},
		{"big.example", row{"55", fail, "PTR A", "", "is out50.big.example"}},
		// Other HELO names cause no lookup.
		{"notbig.example", row{"52", none, "", "", ""}},
		{"big.example.net", row{"1", none, "", "", ""}},
		{"[192.0.2.50]", row{"50", none, "", "", ""}},
		{"192.0.2.50", row{"50", none, "", "", ""}},
		{"", row{"50", none, "", "", ""}},
	})
}

func TestBacksHeloWithoutDomainsIsNone(t *testing.T) {
	got := rdns.BacksHelo()(t.Context(), world(), &envelope.Envelope{ClientIP: address("50"), Helo: "big.example"})
	if got.Outcome != none {
		t.Errorf("got %v", got.Outcome)
	}
}
