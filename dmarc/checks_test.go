package dmarc_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

// good and bad are the addresses of the servers in mail().
const (
	good = "192.0.2.1"
	bad  = "192.0.2.66"
)

// TestChecks has the outcomes for each message in the order pass, notreject,
// notquarantine, published, singleauthor, alignedfor.
func TestChecks(t *testing.T) {
	order := []string{"dmarc.pass", "dmarc.notreject", "dmarc.notquarantine", "dmarc.published", "dmarc.singleauthor", "dmarc.alignedfor"}
	for _, tc := range []struct {
		name string
		e    *envelope.Envelope
		want string
	}{
		{"authenticated by SPF", from(good, "someone@bank.example", "someone@bank.example"), "pass pass pass pass pass pass"},
		{"authenticated by DKIM", signed(t, from(bad, "someone@forwarder.example", "someone@bank.example"), "bank.example"), "pass pass pass pass pass pass"},
		{"forged, p=reject", from(bad, "someone@evil.example", "someone@bank.example"), "fail fail pass pass pass fail"},
		{"signed by another domain", signed(t, from(bad, "someone@evil.example", "someone@bank.example"), "evil.example"), "fail fail pass pass pass fail"},
		{"forged, p=quarantine", from(bad, "someone@evil.example", "someone@shop.example"), "fail pass fail pass pass none"},
		{"forged, p=none", from(bad, "someone@evil.example", "someone@watch.example"), "fail pass pass pass pass none"},
		{"forged, t=y", from(bad, "someone@evil.example", "someone@trial.example"), "fail pass fail pass pass none"},
		{"no policy, authenticated", from(good, "someone@quiet.example", "someone@quiet.example"), "fail pass pass fail pass pass"},
		{"no policy, by a name below", from(good, "someone@mail.quiet.example", "someone@quiet.example"), "fail pass pass fail pass pass"},
		{"no policy, by a name above", from(good, "someone@quiet.example", "someone@mail.quiet.example"), "fail pass pass fail pass fail"},
		{"no policy, forged", from(bad, "someone@evil.example", "someone@quiet.example"), "fail pass pass fail pass fail"},
		{"no policy, not listed", from(bad, "someone@evil.example", "someone@evil.example"), "fail pass pass fail pass none"},
		{"null sender, HELO of another", from(bad, "", "someone@bank.example"), "fail fail pass pass pass fail"},
		{"name beside the address", from(bad, "someone@evil.example", `"a@bank.example" <someone@evil.example>`), "fail pass pass fail pass none"},
		{"two authors of one domain", from(good, "someone@bank.example", "a@bank.example, b@BANK.example"), "pass pass pass pass pass pass"},
		{"From folded with lines of blanks", from(good, "someone@bank.example", "\r\n \r\n Bank <someone@bank.example>\r\n\t"), "pass pass pass pass pass pass"},
		{"two authors, one forged", from(bad, "someone@evil.example", "a@evil.example, b@bank.example"), "fail fail pass fail fail fail"},
		{"malformed From", from(bad, "someone@evil.example", "someone@bank.example <x@evil.example"), "fail permerror permerror permerror fail permerror"},
		{"From of a literal", from(bad, "someone@evil.example", "someone@[192.0.2.1]"), "fail permerror permerror permerror fail permerror"},
		{"two From fields", from(bad, "someone@evil.example", "a@evil.example\r\nFrom: b@bank.example"), "fail permerror permerror permerror fail permerror"},
		{"policy unknown", from(good, "someone@broken.example", "someone@broken.example"), "fail temperror temperror temperror pass none"},
		{"SPF unknown, p=reject", from(good, "someone@slow.example", "someone@bank.example"), "fail fail pass pass pass fail"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			all := everyCheck()
			var checks []envelope.Check
			for _, name := range order {
				if f := all[name](t.Context(), mail(), tc.e); f.Check != name {
					t.Errorf("%s has the name %s", name, f.Check)
				}
				checks = append(checks, all[name])
			}
			if got := outcomes(t, mail(), tc.e, checks...); got != tc.want {
				t.Errorf("%s\n got %s\nwant %s", strings.Join(order, " "), got, tc.want)
			}
		})
	}
}

// TestUnknownSPFDefersOnlyForAPolicyThatRefuses tests that mail is not deferred if the
// check would pass whatever the result of SPF.
func TestUnknownSPFDefersOnlyForAPolicyThatRefuses(t *testing.T) {
	for _, tc := range []struct{ domain, want string }{
		{"bank.example", "temperror temperror pass"},
		{"shop.example", "temperror pass temperror"},
		{"watch.example", "temperror pass pass"},
		{"trial.example", "temperror pass temperror"},
	} {
		dns := mail().Failing(tc.domain+". TXT", zone.SERVFAIL)
		e := from(good, "someone@"+tc.domain, "someone@"+tc.domain)
		if got := outcomes(t, dns, e, dmarc.Pass, dmarc.NotReject, dmarc.NotQuarantine); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.domain, got, tc.want)
		}
	}
}

// TestSeveralAuthorsWithAFailedLookup has one author domain with a failed lookup and
// one without.
func TestSeveralAuthorsWithAFailedLookup(t *testing.T) {
	dns := mail().Failing("watch.example. TXT", zone.SERVFAIL).Failing("bank.example. TXT", zone.SERVFAIL)
	for _, tc := range []struct {
		name, sender, author, want string
		signed                     bool
	}{
		{"p=none unknown, and p=quarantine fails", "someone@watch.example", "a@watch.example, b@shop.example", "fail pass fail", false},
		{"p=none unknown, and p=reject passes", "someone@watch.example", "a@watch.example, b@bank.example", "temperror pass pass", true},
		{"p=reject unknown, and p=quarantine fails", "someone@bank.example", "a@bank.example, b@shop.example", "fail temperror temperror", false},
	} {
		e := from(good, tc.sender, tc.author)
		if tc.signed {
			signed(t, e, "bank.example")
		}
		if got := outcomes(t, dns, e, dmarc.Pass, dmarc.NotReject, dmarc.NotQuarantine); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.name, got, tc.want)
		}
	}
}

// TestPublishedForSeveralAuthors has one author domain with a policy and one without.
// The findings depend neither on SPF nor on a failed lookup.
func TestPublishedForSeveralAuthors(t *testing.T) {
	e := from(good, "someone@shop.example", "a@shop.example, b@quiet.example")
	for name, dns := range map[string]*zone.Zone{
		"authenticated":     mail(),
		"not authenticated": zone.MustParse(`_dmarc.shop.example. TXT "v=DMARC1; p=quarantine"`),
		"unknown":           mail().Failing("shop.example. TXT", zone.SERVFAIL),
	} {
		if f := dmarc.Published(t.Context(), dns, e); f.Outcome != envelope.Fail || !strings.Contains(f.Text, "quiet.example") {
			t.Errorf("%s, published: %v %s", name, f.Outcome, f.Text)
		}
		if f := dmarc.NotReject(t.Context(), dns, e); f.Outcome != envelope.Pass {
			t.Errorf("%s, notreject: %v", name, f.Outcome)
		}
	}
	dns := mail().Failing("_dmarc.quiet.example. TXT", zone.SERVFAIL)
	if f := dmarc.Published(t.Context(), dns, e); f.Outcome != envelope.TempError {
		t.Errorf("one of two is unknown: %v", f.Outcome)
	}
}

// TestPolicyIfTheExistenceIsUnknown has a policy that depends on whether the author
// domain exists, and that lookup fails.
func TestPolicyIfTheExistenceIsUnknown(t *testing.T) {
	for record, want := range map[string]string{
		"p=none; sp=none; np=reject":       "temperror pass",
		"p=none; sp=reject; np=none":       "temperror pass",
		"p=none; sp=none; np=quarantine":   "pass temperror",
		"p=none; np=reject; t=y":           "pass temperror",
		"p=reject; sp=none; np=quarantine": "pass temperror",
		"p=reject; sp=none; np=none":       "pass pass",
	} {
		dns := zone.MustParse(`_dmarc.bank.example. TXT "v=DMARC1; `+record+`"`).Failing("x.bank.example. *", zone.SERVFAIL)
		e := from(bad, "someone@evil.example", "a@x.bank.example")
		if got := outcomes(t, dns, e, dmarc.NotReject, dmarc.NotQuarantine); got != want {
			t.Errorf("%s: %s, want %s", record, got, want)
		}
	}
}

// TestShakySPFResultIsTempError has an SPF record that fails only because the lookup of
// the client's name failed (RFC 7208, section 5.5).
func TestShakySPFResultIsTempError(t *testing.T) {
	dns := zone.MustParse(`
		ptr.example.         TXT "v=spf1 ptr -all"
		_dmarc.ptr.example.  TXT "v=DMARC1; p=reject"
	`).Failing("1.2.0.192.in-addr.arpa. PTR", zone.SERVFAIL)
	if f := dmarc.NotReject(t.Context(), dns, from(good, "a@ptr.example", "a@ptr.example")); f.Outcome != envelope.TempError {
		t.Errorf("%v %s", f.Outcome, f.Text)
	}
}

func TestAuthorOwned(t *testing.T) {
	check := dmarc.AuthorOwned(owners)
	for _, tc := range []struct {
		login, author string
		want          envelope.Outcome
	}{
		{"", "someone@bank.example", envelope.None},
		{"ann", "someone@bank.example", envelope.Pass},
		{"ANN", "Someone <someone@bank.example>", envelope.Pass},
		{"bob", "someone@bank.example", envelope.Fail},
		{"ann", "else@bank.example", envelope.Fail},
		{"ann", "someone@bank.example, else@bank.example", envelope.Fail},
		{"ann", "someone@bank.example, someone@shop.example", envelope.Pass},
		{"ann", "someone@broken.example", envelope.TempError},
		{"ann", "someone@broken.example, else@bank.example", envelope.Fail},
		{"ann", "nobody", envelope.Fail},
		{"ann", "someone@bank.example\r\nFrom: someone@bank.example", envelope.Fail},

		// Addresses that other programs read as the author must be owned too.
		{"ann", "someone@bank.example\r\nFrom\u00a0: else@bank.example", envelope.Fail},
		{"ann", "else@bank.example <someone@bank.example>", envelope.Fail},
		{"ann", "=?utf-8?q?else=40bank.example?= <someone@bank.example>", envelope.Fail},
		{"ann", "someone@bank.example (else@bank.example)", envelope.Fail},
		{"ann", "<@bank.example:someone@bank.example>", envelope.Fail},
		{"ann", "someone@broken.example <someone@bank.example>", envelope.TempError},
		{"ann", "someone@shop.example <someone@bank.example>", envelope.Pass},
		{"ann", `"else@bank.example" <someone@bank.example>`, envelope.Pass},
		{"ann", strings.Repeat("someone@bank.example, ", 100) + strings.Repeat("someone@shop.example ", 200) + "<someone@bank.example>", envelope.Fail},
	} {
		e := from(good, "someone@bank.example", tc.author)
		e.Login = tc.login
		got := check(t.Context(), nil, e)
		if got.Outcome != tc.want {
			t.Errorf("%s as %q: %v %s, want %v", tc.login, tc.author, got.Outcome, got.Text, tc.want)
		}
		if want := (envelope.Status{Code: 451, Subject: 3}); got.Outcome == envelope.TempError && got.Status != want {
			t.Errorf("status %v", got.Status)
		}
	}
	if f := dmarc.AuthorOwned(nil)(t.Context(), nil, from(good, "", "a@b.example")); f.Outcome != envelope.TempError {
		t.Errorf("without owners: %v", f.Outcome)
	}
}

// TestAlignedForIfTheRecordLookupFails tests that mail authenticated as exactly its
// author domain passes, and unauthenticated mail fails, whatever the record.
func TestAlignedForIfTheRecordLookupFails(t *testing.T) {
	dns := zone.MustParse(`
		bank.example.       TXT "v=spf1 ip4:192.0.2.1 -all"
		mail.bank.example.  TXT "v=spf1 ip4:192.0.2.1 -all"
		shop.example.       TXT "v=spf1 ip4:192.0.2.1 -all"
	`).Failing("_dmarc.bank.example. TXT", zone.SERVFAIL)
	check := dmarc.AlignedFor("bank.example")
	for _, tc := range []struct {
		e    *envelope.Envelope
		want envelope.Outcome
	}{
		{from(good, "someone@bank.example", "someone@bank.example"), envelope.Pass},
		{from(bad, "someone@bank.example", "someone@bank.example"), envelope.Fail},
		{from(good, "someone@shop.example", "someone@bank.example"), envelope.Fail},
		{from(good, "someone@mail.bank.example", "someone@bank.example"), envelope.TempError},
	} {
		if got := check(t.Context(), dns, tc.e); got.Outcome != tc.want {
			t.Errorf("%s: %v, want %v", tc.e.MailFrom, got.Outcome, tc.want)
		}
	}
}

func TestAlignedForReportsNoPolicyWithoutARecord(t *testing.T) {
	f := dmarc.AlignedFor("quiet.example")(t.Context(), mail(), from(bad, "someone@evil.example", "a@quiet.example"))
	result := f.Detail.(*dmarc.Result)
	if result.Outcome != envelope.Fail || result.Disposition != "none" || result.Policy != "" || result.Record != nil {
		t.Errorf("%+v", result)
	}
}

func TestAlignedForNamesAnInvalidPattern(t *testing.T) {
	f := dmarc.AlignedFor("bank..example")(t.Context(), mail(), from(good, "", "a@bank.example"))
	if f.Outcome != envelope.TempError || f.Err == nil || !strings.Contains(f.Err.Error(), "bank..example") {
		t.Errorf("%v %v", f.Outcome, f.Err)
	}
}

// TestChecksShareTheirQuestions tests that all checks of a judgement, also those of
// spf, share their lookups.
func TestChecksShareTheirQuestions(t *testing.T) {
	dns := mail()
	e := signed(t, from(good, "someone@bank.example", "someone@bank.example"), "bank.example")
	ctx := envelope.WithJudgement(context.Background())
	for range 2 {
		for _, check := range everyCheck() {
			check(ctx, dns, e)
		}
		spf.Pass(ctx, dns, e)
	}
	for _, question := range []string{"bank.example. TXT", "_dmarc.bank.example. TXT", "s._domainkey.bank.example. TXT"} {
		if n := dns.Count(question); n != 1 {
			t.Errorf("%s was asked %d times", question, n)
		}
	}
	if n := len(dns.Asked()); n != 3 {
		t.Errorf("%d questions: %v", n, dns.Asked())
	}
}

func TestResultBelongsToTheCaller(t *testing.T) {
	ctx := envelope.WithJudgement(context.Background())
	e := signed(t, from(bad, "someone@evil.example", "someone@bank.example"), "evil.example")
	first := dmarc.Pass(ctx, mail(), e).Detail.(*dmarc.Result)
	first.Authors[0], first.DKIM.Signatures[0].Domain, first.Record.Policy, first.Record.AggregateReports[0] = "x", "x", "x", "x"
	second := dmarc.Pass(ctx, mail(), e).Detail.(*dmarc.Result)
	if second.Authors[0] == "x" || second.DKIM.Signatures[0].Domain == "x" || second.Record.Policy == "x" || second.Record.AggregateReports[0] == "x" {
		t.Errorf("%+v %+v", second, second.Record)
	}
}

func TestKnownForwarderOverridesThePolicy(t *testing.T) {
	site := checker(t, dmarc.Options{Forwarders: []string{"forwarder.example"}})
	e := from(bad, "someone@forwarder.example", "someone@bank.example")
	for name, check := range map[string]envelope.Check{
		"notreject": site.NotReject, "alignedfor": site.AlignedFor("bank.example"), "published": site.Published, "notquarantine": site.NotQuarantine,
	} {
		if f := check(t.Context(), mail(), e); f.Outcome != envelope.Pass {
			t.Errorf("%s: %v %s", name, f.Outcome, f.Text)
		}
	}
	f := site.Pass(t.Context(), mail(), e)
	if f.Outcome != envelope.Fail { // an override does not authenticate
		t.Errorf("pass: %v", f.Outcome)
	}
	result := f.Detail.(*dmarc.Result)
	if want := (dmarc.Override{Type: "trusted_forwarder", Comment: "SPF domain forwarder.example"}); len(result.Overrides) != 1 || result.Overrides[0] != want {
		t.Errorf("overrides: %v", result.Overrides)
	}
}

func TestOptionsSPFIsUsed(t *testing.T) {
	senders, err := spf.New(spf.Options{Records: map[string]string{"evil.example": "v=spf1 +all"}})
	if err != nil {
		t.Fatal(err)
	}
	site := checker(t, dmarc.Options{SPF: senders})
	dns := mail()
	e := from(good, "someone@evil.example", "someone@evil.example")
	result := site.AlignedFor("evil.example")(t.Context(), dns, e).Detail.(*dmarc.Result)
	if !result.SPFAligned {
		t.Errorf("SPF: %+v", result.SPF)
	}
}

func TestDetailInJSON(t *testing.T) {
	f := dmarc.NotReject(t.Context(), mail(), from(bad, "someone@evil.example", "someone@bank.example"))
	got, err := json.Marshal(f.Detail)
	want := `{"result":"fail","domain":"bank.example","org_domain":"bank.example","policy":"reject","applied":"reject","spf_aligned":false,"dkim_aligned":false}`
	if err != nil || string(got) != want {
		t.Errorf("%s %v, want %s", got, err, want)
	}
}

func TestChecksKeepTheContract(t *testing.T) {
	envelopes := []*envelope.Envelope{
		from(good, "someone@bank.example", "someone@bank.example"),
		signed(t, from(bad, "someone@evil.example", "someone@bank.example"), "bank.example"),
		from(bad, "someone@evil.example", "someone@bank.example"),
		from(bad, "someone@evil.example", "someone@shop.example"),
		from(bad, "someone@evil.example", "a@evil.example, b@watch.example"),
		from(good, "someone@quiet.example", "someone@quiet.example"),
		from(bad, "", "someone@trial.example"),
		from(bad, "someone@evil.example", "@bank.example"),
		{MailFrom: "someone@bank.example"},
	}
	loggedIn := from(good, "someone@bank.example", "someone@bank.example")
	loggedIn.Login = "ann"
	stranger := from(good, "someone@bank.example", "else@bank.example")
	stranger.Login = "bob"
	envelopes = append(envelopes, loggedIn, stranger)
	for name, check := range everyCheck() {
		t.Run(name, func(t *testing.T) {
			envelopetest.TestCheck(t, check, mail(), envelopes...)
		})
	}
	list := signed(t, from(good, "someone@shop.example", "someone@bank.example"), "evil.example")
	site := checker(t, dmarc.Options{MailingLists: []string{"evil.example"}})
	for _, check := range []envelope.Check{site.NotReject, site.AlignedFor("bank.example", ".example")} {
		name, _ := check.Describe()
		t.Run(name+" of a site", func(t *testing.T) {
			envelopetest.TestCheck(t, check, mail(), append(envelopes, list)...)
		})
	}
	t.Run("RFC 7489", func(t *testing.T) {
		envelopetest.TestCheck(t, checker(t, dmarc.Options{RFC7489: true}).NotReject, mail(), envelopes...)
	})
}

func TestEvaluateWithoutAMessage(t *testing.T) {
	e := from(good, "someone@bank.example", "someone@bank.example")
	if result := dmarc.Evaluate(t.Context(), mail(), e); result.Outcome != envelope.Pass || result.SPF.Word != "pass" || result.DKIM == nil {
		t.Errorf("whole: %+v", result)
	}
	e.Stage = envelope.Rcpt
	none := new(dmarc.Checker)
	for name, e := range map[string]*envelope.Envelope{"before Data": e, "no message": {MailFrom: "someone@bank.example"}} {
		if result := none.Evaluate(t.Context(), mail(), e); result.Outcome != envelope.None || result.Disposition != "none" {
			t.Errorf("%s: %+v", name, result)
		}
	}
	none = nil // as New returns it with an error
	if result := none.Evaluate(t.Context(), mail(), e); result.Outcome != envelope.TempError || result.Err == nil {
		t.Errorf("without a checker: %+v", result)
	}
}

func TestNewNamesTheInvalidPattern(t *testing.T) {
	for _, options := range []dmarc.Options{{Forwarders: []string{"a..b"}}, {MailingLists: []string{"b.example", "a..b"}}} {
		var syntax *envelope.SyntaxError
		if c, err := dmarc.New(options); c != nil || !errors.As(err, &syntax) || syntax.Value != "a..b" {
			t.Errorf("%+v: %v", options, err)
		}
	}
}
