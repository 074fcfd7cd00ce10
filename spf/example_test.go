package spf_test

import (
	"context"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

// Clients use the names of a domain whose mail comes from its provider and of one that
// sends no mail.
func Example() {
	dns := zone.MustParse(`
		example.org.       TXT "v=spf1 include:_spf.isp.example -all exp=why.example.org"
		why.example.org.   TXT "%{c} is no server of %{d}"
		_spf.isp.example.  TXT "v=spf1 ip4:192.0.2.0/24 ?all"
		silent.example.    TXT "v=spf1 -all"
	`)
	for _, e := range []envelope.Envelope{
		{ClientIP: netip.MustParseAddr("192.0.2.7"), MailFrom: "user@example.org"},
		{ClientIP: netip.MustParseAddr("203.0.113.9"), MailFrom: "user@example.org"},
		{ClientIP: netip.MustParseAddr("192.0.2.7"), Helo: "silent.example"}, // the null sender
		{ClientIP: netip.MustParseAddr("192.0.2.7"), MailFrom: "user@nobody.example"},
	} {
		f := spf.NotFail(context.Background(), dns, &e)
		fmt.Println(e.MailFrom, f.Outcome)
		if f.Outcome == envelope.Fail {
			fmt.Println("  ", f.Status)
			fmt.Println("  ", f.Text)
		}
	}
	// Output:
	// user@example.org pass
	// user@example.org fail
	//    550 5.7.23
	//    the SPF record of the domain example.org does not allow the client 203.0.113.9 to use it; the domain says: 203.0.113.9 is no server of example.org
	//  fail
	//    550 5.7.23
	//    the SPF record of the domain silent.example does not allow the client 192.0.2.7 to use it
	// user@nobody.example none
}

// A Result has the terms that led to it.
func ExampleEvaluate() {
	dns := zone.MustParse(`
		example.org.       TXT "v=spf1 mx include:_spf.isp.example -all"
		example.org.       MX 10 mail.example.org.
		mail.example.org.  A 192.0.2.1
		_spf.isp.example.  TXT "v=spf1 ip4:203.0.113.0/24 ~all"
		broken.example.    TXT "v=spf1 ip4:203.0.113.0/33 -all"
	`)
	for _, sender := range []string{"user@example.org", "user@broken.example"} {
		result := spf.Evaluate(context.Background(), dns, &envelope.Envelope{
			ClientIP: netip.MustParseAddr("203.0.113.9"),
			Helo:     "mail.isp.example",
			MailFrom: sender,
		})
		fmt.Println(result.Word, "after", result.Questions, "questions")
		for _, step := range result.Matched {
			fmt.Println("  ", step.Term, "in the record of", step.Record)
		}
		if result.Problem != nil {
			fmt.Println("  ", result.Problem)
		}
	}
	// Output:
	// pass after 4 questions
	//    include:_spf.isp.example in the record of example.org
	//    ip4:203.0.113.0/24 in the record of _spf.isp.example
	// permerror after 1 questions
	//    the SPF record of broken.example is malformed: SPF term "ip4:203.0.113.0/33" has an invalid prefix length
}

// A site replaces the record of a domain to allow a forwarder.
func ExampleNew() {
	dns := zone.MustParse(`alumni.example. TXT "v=spf1 ip4:198.51.100.1 -all"`)
	checker, err := spf.New(spf.Options{
		// The university forwards by a second server, which its record forgets.
		Records: map[string]string{"alumni.example": "v=spf1 ip4:198.51.100.1 ip4:198.51.100.2 -all"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("198.51.100.2"), MailFrom: "dean@alumni.example"}
	for _, check := range []envelope.Check{spf.NotFail, checker.NotFail} {
		f := check(context.Background(), dns, &e)
		fmt.Println(f.Check, f.Outcome, f.Detail.(*spf.Result).Override)
	}
	// Output:
	// spf.notfail fail false
	// spf.notfail pass true
}
