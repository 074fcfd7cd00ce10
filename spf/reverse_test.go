package spf_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

// 5 and 16: a reverse lookup that fails is no match by the RFC. The result says
// what it rests on, unless a match would have been no other result.
func TestReverseLookupsThatFail(t *testing.T) {
	const names = `
		1.2.0.192.in-addr.arpa. PTR mail.example.com.
		mail.example.com. A 192.0.2.1
		inner.example.com. TXT "v=spf1 ptr:example.com -all"
		stern.example.com. TXT "v=spf1 -ptr:example.com +all"
	`
	for _, tc := range []struct {
		record string
		want   spf.Word
		shaky  bool
	}{
		{"v=spf1 ptr -all", spf.WordFail, true},
		{"v=spf1 -ptr -all", spf.WordFail, false},
		{"v=spf1 ptr ip4:192.0.2.1 -all", spf.WordPass, false},
		{"v=spf1 ?ptr ip4:192.0.2.1 -all", spf.WordPass, true},
		{"v=spf1 ip4:192.0.2.1 ptr -all", spf.WordPass, false},
		{"v=spf1 exists:%{p}.x.example -all", spf.WordFail, true},
		{"v=spf1 include:inner.example.com -all", spf.WordFail, true},
		{"v=spf1 -include:inner.example.com -all", spf.WordFail, false},
		{"v=spf1 include:inner.example.com ip4:192.0.2.1 -all", spf.WordPass, false},
		{"v=spf1 include:stern.example.com -all", spf.WordPass, true},
		{"v=spf1 redirect=inner.example.com", spf.WordFail, true},
		{"v=spf1 redirect=stern.example.com", spf.WordPass, true},
		{"v=spf1 a:n1.example a:n2.example -ptr -all", spf.WordFail, true}, // an answer could be the third to find nothing
		{"v=spf1 ptr bad", spf.WordPermError, false},
		{"v=spf1 ptr include:nowhere.example", spf.WordPermError, true},
	} {
		dns := world(`example.com. TXT "`+tc.record+`"`+names).
			Failing("1.2.0.192.in-addr.arpa. PTR", zone.SERVFAIL)
		in := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"}
		for _, failing := range []string{"the reverse lookup", "the forward lookup"} {
			got := spf.Evaluate(t.Context(), dns, in)
			if got.Word != tc.want || (got.Shaky != nil) != tc.shaky {
				t.Errorf("%s, without %s: %s, shaky for %v", tc.record, failing, got.Word, got.Shaky)
			}
			dns.Healing("1.2.0.192.in-addr.arpa. PTR").Failing("mail.example.com. A", zone.Timeout)
		}
	}
}

// An answer to the reverse lookup could have made too many questions.
func TestReverseLookupsThatFailNearTheBound(t *testing.T) {
	dns := world(`
		example.com. TXT "v=spf1 -ptr -all"
		1.2.0.192.in-addr.arpa. PTR mail.example.com.
	`)
	checker, err := spf.New(spf.Options{MaxQuestions: 2})
	if err != nil {
		t.Fatal(err)
	}
	in := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"}
	if got := checker.Evaluate(t.Context(), dns, in); got.Word != spf.WordPermError {
		t.Errorf("with an answer: %s", got.Word)
	}
	dns.Failing("1.2.0.192.in-addr.arpa. PTR", zone.SERVFAIL)
	if got := checker.Evaluate(t.Context(), dns, in); got.Word != spf.WordFail || got.Shaky == nil {
		t.Errorf("without one: %s, shaky for %v", got.Word, got.Shaky)
	}
}
