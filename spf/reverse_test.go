package spf_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

// 5 and 16: by the RFC, a failed reverse lookup does not match. Shaky is set, unless a
// match would have led to the same result.
func TestReverseLookupsThatFail(t *testing.T) {
	const names = `
		1.2.0.192.in-addr.arpa. PTR mail.example.com.
		mail.example.com. A 192.0.2.1
		inner.example.com. TXT "v=spf1 ptr:example.com -all"
		stern.example.com. TXT "v=spf1 -ptr:example.com +all"
	`
	for _, tc := range []struct {
		record string
		want   string
		shaky  bool
	}{
		{"v=spf1 ptr -all", "fail", true},
		{"v=spf1 -ptr -all", "fail", false},
		{"v=spf1 ptr ip4:192.0.2.1 -all", "pass", false},
		{"v=spf1 ?ptr ip4:192.0.2.1 -all", "pass", true},
		{"v=spf1 ip4:192.0.2.1 ptr -all", "pass", false},
		{"v=spf1 exists:%{p}.x.example -all", "fail", true},
		{"v=spf1 include:inner.example.com -all", "fail", true},
		{"v=spf1 -include:inner.example.com -all", "fail", false},
		{"v=spf1 include:inner.example.com ip4:192.0.2.1 -all", "pass", false},
		{"v=spf1 include:stern.example.com -all", "pass", true},
		{"v=spf1 redirect=inner.example.com", "fail", true},
		{"v=spf1 redirect=stern.example.com", "pass", true},
		{"v=spf1 a:n1.example a:n2.example -ptr -all", "fail", true}, // an answer could be the third to find nothing
		{"v=spf1 ptr bad", "permerror", false},
		{"v=spf1 ptr include:nowhere.example", "permerror", true},
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

// An answer to the reverse lookup could have led to too many questions.
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
	if got := checker.Evaluate(t.Context(), dns, in); got.Word != "permerror" {
		t.Errorf("with an answer: %s", got.Word)
	}
	dns.Failing("1.2.0.192.in-addr.arpa. PTR", zone.SERVFAIL)
	if got := checker.Evaluate(t.Context(), dns, in); got.Word != "fail" || got.Shaky == nil {
		t.Errorf("without one: %s, shaky for %v", got.Word, got.Shaky)
	}
}
