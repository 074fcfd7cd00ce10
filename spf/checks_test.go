package spf_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

func publishers() *zone.Zone {
	return zone.MustParse(`
		pass.example.      TXT "v=spf1 ip4:192.0.2.1 -all"
		fail.example.      TXT "v=spf1 -all"
		why.example.       TXT "v=spf1 -all exp=text.why.example"
		text.why.example.  TXT "ask %{i}, or <postmaster@%{d}>"
		soft.example.      TXT "v=spf1 ~all"
		neutral.example.   TXT "v=spf1 ?all"
		norecord.example.  A 192.0.2.1
		broken.example.    TXT "v=spf1 ip4:192.0.2 -all"
		slow.example.      TXT "v=spf1 -all"
		shaky.example.     TXT "v=spf1 ptr -all"
		shaky2.example.    TXT "v=spf1 -ptr +all"
	`).Failing("slow.example.", zone.Timeout).Failing("1.2.0.192.in-addr.arpa.", zone.SERVFAIL)
}

// TestOutcomes has the outcome of each check for each result.
func TestOutcomes(t *testing.T) {
	for _, tc := range []struct {
		domain                                      string
		notFail, notSoftFail, pass, heloFail, valid envelope.Outcome
	}{
		{"pass.example", envelope.Pass, envelope.Pass, envelope.Pass, envelope.Pass, envelope.Pass},
		{"fail.example", envelope.Fail, envelope.Fail, envelope.Fail, envelope.Fail, envelope.Pass},
		{"soft.example", envelope.Pass, envelope.Fail, envelope.Fail, envelope.Pass, envelope.Pass},
		{"neutral.example", envelope.Pass, envelope.Pass, envelope.Fail, envelope.Pass, envelope.Pass},
		{"norecord.example", envelope.None, envelope.None, envelope.Fail, envelope.None, envelope.None},
		{"[192.0.2.1]", envelope.None, envelope.None, envelope.Fail, envelope.None, envelope.None},
		{"broken.example", envelope.PermError, envelope.PermError, envelope.Fail, envelope.PermError, envelope.Fail},
		{"slow.example", envelope.TempError, envelope.TempError, envelope.TempError, envelope.TempError, envelope.TempError},
		{"shaky.example", envelope.TempError, envelope.TempError, envelope.TempError, envelope.TempError, envelope.TempError},
		{"shaky2.example", envelope.TempError, envelope.TempError, envelope.TempError, envelope.TempError, envelope.TempError},
	} {
		for _, e := range []envelope.Envelope{
			{Helo: tc.domain, MailFrom: "user@" + tc.domain},
			{Helo: tc.domain}, // the null sender
		} {
			e.ClientIP = netip.MustParseAddr("192.0.2.1")
			for name, want := range map[string]envelope.Outcome{
				"NotFail": tc.notFail, "NotSoftFail": tc.notSoftFail, "Pass": tc.pass, "HeloNotFail": tc.heloFail, "Valid": tc.valid,
			} {
				got := everyCheck[name](t.Context(), publishers(), &e)
				if got.Outcome != want || got.Check != "spf."+strings.ToLower(name) {
					t.Errorf("%s of %q at %s: %s %s, want %s", name, e.MailFrom, tc.domain, got.Check, got.Outcome, want)
				}
				result, ok := got.Detail.(*spf.Result)
				if !ok || (result.Identity == "helo") != (name == "HeloNotFail") {
					t.Errorf("%s at %s: the detail is %+v", name, tc.domain, got.Detail)
				}
			}
		}
	}
}

// The HELO name and the sender are evaluated separately.
func TestIdentities(t *testing.T) {
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "fail.example", MailFrom: "user@pass.example"}
	if got := spf.NotFail(t.Context(), publishers(), &e); got.Outcome != envelope.Pass {
		t.Errorf("of the sender: %s", got.Outcome)
	}
	if got := spf.HeloNotFail(t.Context(), publishers(), &e); got.Outcome != envelope.Fail {
		t.Errorf("of the greeting: %s", got.Outcome)
	}
}

// The texts of replies.
func TestReplies(t *testing.T) {
	const client = "192.0.2.1"
	for _, tc := range []struct {
		check        envelope.Check
		domain       string
		status, text string
	}{
		{spf.NotFail, "fail.example", "550 5.7.23", "the SPF record of the domain fail.example does not allow the client 192.0.2.1 to use it"},
		{spf.NotFail, "why.example", "550 5.7.23", "the SPF record of the domain why.example does not allow the client 192.0.2.1 to use it; the domain says: ask 192.0.2.1, or <postmaster@why.example>"},
		{spf.HeloNotFail, "fail.example", "550 5.7.23", "the SPF record of the HELO name fail.example does not allow the client 192.0.2.1 to use it"},
		{spf.NotSoftFail, "soft.example", "550 5.7.23", "the SPF record of the domain soft.example probably does not allow the client 192.0.2.1 to use it"},
		{spf.Pass, "neutral.example", "550 5.7.23", "the SPF record of the domain neutral.example does not say whether the client 192.0.2.1 may use it"},
		{spf.Pass, "norecord.example", "550 5.7.23", "the domain norecord.example has no SPF record that could allow the client 192.0.2.1 to use it"},
		{spf.Pass, "[192.0.2.1]", "550 5.7.23", "the sender has no domain that could allow the client 192.0.2.1 to use it"},
		{spf.Pass, "broken.example", "550 5.7.24", `SPF cannot be evaluated for the client 192.0.2.1: the SPF record of broken.example is malformed: SPF term "ip4:192.0.2" has no valid address of its family`},
		{spf.Valid, "broken.example", "550 5.7.24", `SPF cannot be evaluated for the client 192.0.2.1: the SPF record of broken.example is malformed: SPF term "ip4:192.0.2" has no valid address of its family`},
		{spf.NotFail, "broken.example", "550 5.7.24", `the SPF record of broken.example is malformed: SPF term "ip4:192.0.2" has no valid address of its family`},
		{spf.NotFail, "slow.example", "451 4.7.24", "the DNS lookup of slow.example failed"},
		{spf.NotFail, "shaky.example", "451 4.7.24", "the DNS lookup of 1.2.0.192.in-addr.arpa failed"},
	} {
		e := envelope.Envelope{ClientIP: netip.MustParseAddr(client), Helo: tc.domain, MailFrom: "user@" + tc.domain}
		got := tc.check(t.Context(), publishers(), &e)
		if got.Status.String() != tc.status || got.Text != tc.text {
			t.Errorf("%s at %s:\n%s %s, want\n%s %s", got.Check, tc.domain, got.Status, got.Text, tc.status, tc.text)
		}
	}
}

// If the client address is unknown, no record is invalid, and no check passes.
func TestUnknownClient(t *testing.T) {
	e := envelope.Envelope{Helo: "pass.example", MailFrom: "user@pass.example"}
	for name, want := range map[string]envelope.Outcome{
		"NotFail": envelope.PermError, "NotSoftFail": envelope.PermError, "Pass": envelope.Fail, "HeloNotFail": envelope.PermError, "Valid": envelope.PermError,
	} {
		dns := publishers()
		got := everyCheck[name](t.Context(), dns, &e)
		if got.Outcome != want || len(dns.Asked()) > 0 {
			t.Errorf("%s: %s after %s, want %s", name, got.Outcome, dns.Asked(), want)
		}
	}
}

// The checks of a judgement share one evaluation. Each has its own copy of the result.
func TestAJudgementEvaluatesOnce(t *testing.T) {
	ctx := envelope.WithJudgement(t.Context())
	dns := publishers()
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "fail.example", MailFrom: "user@pass.example"}
	var results []*spf.Result
	for _, check := range []envelope.Check{spf.NotFail, spf.NotSoftFail, spf.Pass, spf.Valid} {
		results = append(results, check(ctx, dns, &e).Detail.(*spf.Result))
	}
	if got := dns.Asked().String(); got != "pass.example. TXT" {
		t.Errorf("asked %s", got)
	}
	results[0].Word, results[0].Matched[0].Term = "spoilt", "spoilt"
	if results[1].Word != "pass" || results[1].Matched[0].Term != "ip4:192.0.2.1" {
		t.Errorf("two findings share a result: %+v", results[1])
	}
	wrong := envelope.Envelope{ClientIP: e.ClientIP, MailFrom: "user@broken.example"}
	spf.Valid(ctx, dns, &wrong).Detail.(*spf.Result).Problem.Term = "spoilt"
	if got := spf.Valid(ctx, dns, &wrong).Detail.(*spf.Result).Problem; got.Term != "ip4:192.0.2" {
		t.Errorf("two findings share a problem: %v", got)
	}
	if got := spf.HeloNotFail(ctx, dns, &e); got.Outcome != envelope.Fail {
		t.Errorf("the HELO name has the result of the sender: %s", got.Outcome)
	}
	e.MailFrom = ""
	dns.Forget()
	got := spf.NotFail(ctx, dns, &e)
	if got.Outcome != envelope.Fail || got.Detail.(*spf.Result).Identity != "mailfrom" || len(dns.Asked()) > 0 {
		t.Errorf("the null sender after the HELO name: %+v after %s", got.Detail, dns.Asked())
	}
	strict, err := spf.New(spf.Options{Records: map[string]string{"fail.example": "v=spf1 +all"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := strict.NotFail(ctx, dns, &e); got.Outcome != envelope.Pass {
		t.Errorf("one checker has the result of another: %s", got.Outcome)
	}
}

// A check whose context ends leaves no result for others.
func TestAnAbandonedEvaluationIsTakenAgain(t *testing.T) {
	judgement := envelope.WithJudgement(t.Context())
	ended, cancel := context.WithCancel(judgement)
	cancel()
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "user@fail.example"}
	if got := spf.NotFail(ended, publishers(), &e); got.Outcome != envelope.TempError || !errors.Is(got.Err, context.Canceled) {
		t.Errorf("with a context that has ended: %s, %v", got.Outcome, got.Err)
	}
	if got := spf.NotFail(judgement, publishers(), &e); got.Outcome != envelope.Fail {
		t.Errorf("with one that has not: %s", got.Outcome)
	}
}

func TestProblemsTellTheirCause(t *testing.T) {
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "user@slow.example"}
	got := spf.NotFail(t.Context(), publishers(), &e)
	var problem *spf.Problem
	var dns *net.DNSError
	if !errors.As(got.Err, &problem) || problem.Kind != spf.DNSFailure || problem.Name != "slow.example" || !errors.As(got.Err, &dns) || !dns.IsTimeout {
		t.Errorf("the cause is %#v", got.Err)
	}
	e.MailFrom = "user@broken.example"
	var syntax *envelope.SyntaxError
	problem = spf.NotFail(t.Context(), publishers(), &e).Detail.(*spf.Result).Problem
	if !errors.As(problem, &syntax) || syntax.Value != "ip4:192.0.2" {
		t.Errorf("the problem is %#v", problem)
	}
}

func TestAuthenticationResults(t *testing.T) {
	property := func(name, value string) []envelope.AuthenticationProperty {
		return []envelope.AuthenticationProperty{{Type: "smtp", Name: name, Value: value}}
	}
	for _, tc := range []struct {
		in   envelope.Envelope
		want envelope.AuthenticationResult
	}{
		{envelope.Envelope{MailFrom: "user@pass.example"}, envelope.AuthenticationResult{Method: "spf", Result: "pass", Properties: property("mailfrom", "pass.example")}},
		{envelope.Envelope{MailFrom: `"a b"@Soft.Example.`}, envelope.AuthenticationResult{Method: "spf", Result: "softfail", Properties: property("mailfrom", "soft.example")}},
		{envelope.Envelope{MailFrom: `"ü b"@pass.example`}, envelope.AuthenticationResult{Method: "spf", Result: "pass", Properties: property("mailfrom", "pass.example")}},
		{envelope.Envelope{Helo: "fail.example"}, envelope.AuthenticationResult{Method: "spf", Result: "fail", Properties: property("mailfrom", "fail.example")}},
		{envelope.Envelope{MailFrom: "user@localhost"}, envelope.AuthenticationResult{Method: "spf", Result: "none"}},
		{envelope.Envelope{MailFrom: "user@slow.example"}, envelope.AuthenticationResult{Method: "spf", Result: "temperror",
			Reason: "the DNS lookup of slow.example failed", Properties: property("mailfrom", "slow.example")}},
	} {
		tc.in.ClientIP = netip.MustParseAddr("192.0.2.1")
		result := spf.Evaluate(t.Context(), publishers(), &tc.in)
		if got := result.AuthenticationResults(); !reflect.DeepEqual(got, []envelope.AuthenticationResult{tc.want}) {
			t.Errorf("got %+v, want %+v", got, tc.want)
		}
	}
	result := evaluateHelo(t.Context(), publishers(), &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "fail.example"})
	if got, want := result.AuthenticationResults()[0].Properties, property("helo", "fail.example"); !reflect.DeepEqual(got, want) {
		t.Errorf("the HELO name: got %+v, want %+v", got, want)
	}
}

// TestLocalPartIsReportedOnlyIfEvaluated tests that the header has the local part of the
// sender only if a record uses it (RFC 8601, section 2.7.2).
func TestLocalPartIsReportedOnlyIfEvaluated(t *testing.T) {
	dns := zone.MustParse(`
		plain.example.          TXT  "v=spf1 exists:%{d}.list.example -all"
		local.example.          TXT  "v=spf1 exists:%{l}.users.example -all"
		whole.example.          TXT  "v=spf1 ip4:198.51.100.1 exists:%{S}.users.example ~all"
		included.example.       TXT  "v=spf1 include:local.example -all"
		redirected.example.     TXT  "v=spf1 redirect=local.example"
		unreached.example.      TXT  "v=spf1 ip4:192.0.2.1 exists:%{l}.users.example -all"
		explained.example.      TXT  "v=spf1 -all exp=%{l}.why.example"
		ann.users.example.      A    127.0.0.2
		ann.why.example.        TXT  "%{l} may not"
	`)
	for domain, local := range map[string]bool{
		"plain.example": false, "local.example": true, "whole.example": true, "included.example": true,
		"redirected.example": true, "unreached.example": false, "explained.example": false,
	} {
		for _, sender := range []string{"ann", "bob", "jörg"} {
			in := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: sender + "@" + domain}
			result := spf.Evaluate(t.Context(), dns, in)
			want := domain
			if local {
				want = in.MailFrom
			}
			if got := result.AuthenticationResults()[0].Properties[0].Value; got != want {
				t.Errorf("%s, which is %s: smtp.mailfrom=%s, want %s", in.MailFrom, result.Word, got, want)
			}
		}
	}
}

func TestResultExplains(t *testing.T) {
	for _, tc := range []struct {
		result spf.Result
		want   []string
	}{
		{spf.Result{Word: "none"}, nil},
		{spf.Result{Word: "pass", Sender: "ann@a.example", Matched: []spf.Match{
			{Record: "a.example", Term: "include:b.example"}, {Record: "b.example", Term: "mx"},
		}}, []string{"SPF of ann@a.example: pass", "SPF term include:b.example of a.example", "SPF term mx of b.example"}},
		{spf.Result{Word: "permerror", Problem: &spf.Problem{Kind: spf.SeveralRecords, Record: "a.example"}},
			[]string{"SPF: there are several SPF records, at a.example"}},
	} {
		if got := tc.result.Explain(); !slices.Equal(got, tc.want) {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

// evaluateHelo returns the result for the HELO name, as HeloNotFail uses it.
func evaluateHelo(ctx context.Context, r envelope.Resolver, e *envelope.Envelope) *spf.Result {
	return spf.EvaluateHelo(new(spf.Checker), ctx, r, e)
}

func TestEvaluateBeforeItsStage(t *testing.T) {
	e := envelope.Envelope{Stage: envelope.Helo, ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "fail.example"}
	if got := spf.Evaluate(t.Context(), publishers(), &e); got.Word != "none" || got.Domain != "" {
		t.Errorf("the sender before Mail: %s of %s", got.Word, got.Domain)
	}
	if got := evaluateHelo(t.Context(), publishers(), &e); got.Word != "fail" {
		t.Errorf("the HELO name at Helo: %s", got.Word)
	}
	e.Stage = envelope.Connect
	if got := evaluateHelo(t.Context(), publishers(), &e); got.Word != "none" || got.Domain != "" {
		t.Errorf("the HELO name before Helo: %s of %s", got.Word, got.Domain)
	}
	var none *spf.Checker // what New returns beside an error
	if got := none.Evaluate(t.Context(), publishers(), &envelope.Envelope{}); got.Word != "temperror" || got.Problem.Error() != "there is no SPF checker" {
		t.Errorf("without a checker: %s, %v", got.Word, got.Problem)
	}
}
