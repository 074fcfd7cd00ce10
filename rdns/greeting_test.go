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
		{"mail.example.org", row{"1", envelope.Pass, "PTR", "", ""}},
		{"MAIL.Example.ORG.", row{"1", envelope.Pass, "PTR", "", ""}},
		{"mail.example.org", row{"2001:db8::1", envelope.Pass, "PTR", "", ""}},
		{"mail.example.org", row{"3", envelope.Pass, "PTR", "", ""}}, // confirmed or not
		{"nowhere.example.org", row{"7", envelope.Pass, "PTR", "", ""}},
		{"example.org", row{"1", envelope.Fail, "PTR", "",
			"the HELO name example.org does not match reverse DNS: the PTR records of the client 192.0.2.1 are mail.example.org" + loginHint}},
		{"mail.example.org", row{"2", envelope.Fail, "PTR", "", "the client 192.0.2.2 has no PTR record"}},
		{"mail.example.org", row{"", envelope.Fail, "", "", "the client address is unknown"}},
		{"mail.example.org", row{"11", envelope.Fail, "PTR", "", "is an address, not a host name"}},
		{"unknown", row{"12", envelope.Fail, "PTR", "", "is not fully qualified"}},
		{"mail.example.org", row{"30", envelope.TempError, "PTR", "", ""}},
		{"[192.0.2.1]", row{"1", envelope.None, "", "", ""}},
		{"192.0.2.11", row{"11", envelope.None, "", "", ""}},
		{"not a name", row{"1", envelope.None, "", "", ""}},
		{"", row{"1", envelope.None, "", "", ""}},
	})
}

func TestBacksHelo(t *testing.T) {
	runGreeted(t, rdns.BacksHelo("big.example", "example.org", "narrow.example.org"), unwanted, []greeted{
		{"big.example", row{"50", envelope.Pass, "PTR A", "out50.big.example", ""}},
		{"out50.big.example", row{"50", envelope.Pass, "PTR A", "out50.big.example", ""}},
		{"other.big.example", row{"50", envelope.Pass, "PTR A", "out50.big.example", ""}},
		{"Mail.BIG.example.", row{"53", envelope.Pass, "PTR A", "big.example", ""}},
		// Names outside of the domain are not looked up.
		{"big.example", row{"54", envelope.Pass, "PTR A", "out54.big.example", ""}},
		{"mail.example.org", row{"2001:db8::1", envelope.Pass, "PTR AAAA", "mail.example.org", ""}},
		// Clients that only claim the name.
		{"big.example", row{"1", envelope.Fail, "PTR", "",
			"the HELO name big.example does not match reverse DNS: the PTR records of the client 192.0.2.1 are mail.example.org, none of which is in big.example" + loginHint}},
		{"big.example", row{"51", envelope.Fail, "PTR A", "", "is out50.big.example, which has no A record with that address" + loginHint}},
		{"big.example", row{"52", envelope.Fail, "PTR", "", "are mail.notbig.example, none of which is in big.example"}},
		{"big.example", row{"2", envelope.Fail, "PTR", "", "the client 192.0.2.2 has no PTR record"}},
		{"big.example", row{"", envelope.Fail, "", "", "the client address is unknown"}},
		{"big.example", row{"11", envelope.Fail, "PTR", "", "is an address, not a host name"}},
		// The longer of two domains counts.
		{"a.narrow.example.org", row{"1", envelope.Fail, "PTR", "", "none of which is in narrow.example.org"}},
		{"big.example", row{"30", envelope.TempError, "PTR", "", ""}},
		{"example.org", row{"31", envelope.TempError, "PTR A", "", "broken.example.org"}},
		{"big.example", row{"55", envelope.Fail, "PTR A", "", "is out50.big.example"}},
		// Other HELO names cause no lookup.
		{"notbig.example", row{"52", envelope.None, "", "", ""}},
		{"big.example.net", row{"1", envelope.None, "", "", ""}},
		{"[192.0.2.50]", row{"50", envelope.None, "", "", ""}},
		{"192.0.2.50", row{"50", envelope.None, "", "", ""}},
		{"", row{"50", envelope.None, "", "", ""}},
	})
}

func TestBacksHeloWithoutDomainsIsNone(t *testing.T) {
	got := rdns.BacksHelo()(t.Context(), world(), &envelope.Envelope{ClientIP: address("50"), Helo: "big.example"})
	if got.Outcome != envelope.None {
		t.Errorf("got %v", got.Outcome)
	}
}
