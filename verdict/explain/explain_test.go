package explain_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/explain"
)

// refused is an envelope of a server without any DNS records.
func refused() envelope.Envelope {
	return envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.77"), Helo: "mail.example.net", MailFrom: "ann@example.net", RcptTo: "bob@example.org",
		Message: envelope.NewMessage([]byte("From: ann@example.net\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\n")),
	}
}

// The records of an explanation, put into DNS, make the check pass.
func TestRecordsMendTheRefusal(t *testing.T) {
	book := explain.English()
	for _, tc := range []struct {
		check envelope.Check
		zone  string
		set   func(e *envelope.Envelope)
	}{
		{rdns.Exists, "", nil},
		{rdns.Exists, "", func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("2001:db8::77") }},
		{rdns.Exists, "", func(e *envelope.Envelope) { e.Helo = "not a name" }},
		{rdns.Confirmed, "77.2.0.192.in-addr.arpa. PTR forged.example.\n", nil},
		{rdns.NotGeneric, "", nil},
		{helo.Resolves, "", nil},
		{helo.Matches, "mail.example.net. A 192.0.2.1\n", nil},
		{helo.Matches, "mail.example.net. A 192.0.2.1\n", func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("2001:db8::77") }},
		{sender.Resolves, "", nil},
		{sender.TakesMail, "example.net. MX 0 .\n", nil},
		{spf.Pass, "", nil},
		{spf.NotFail, "example.net. TXT \"v=spf1 -all\"\n", nil},
		{spf.NotSoftFail, "example.net. TXT \"v=spf1 ~all\"\n", nil},
		{spf.Pass, "", func(e *envelope.Envelope) { e.MailFrom = "" }},
		{spf.HeloNotFail, "mail.example.net. TXT \"v=spf1 -all\"\n", nil},
		{dmarc.Published, "", nil},
		{dmarc.Pass, "_dmarc.example.net. TXT \"v=DMARC1; p=reject\"\n", nil}, // by SPF, below
	} {
		e := refused()
		if tc.set != nil {
			tc.set(&e)
		}
		policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(tc.check)}}
		v := policy.Judge(t.Context(), zone.MustParse(tc.zone), &e)
		x := book.Explain(v, &e)
		if v.Action != verdict.Reject || x.Asks == "" {
			t.Errorf("%s: %s, explained by %q", x.Check, v, x.Asks)
			continue
		}
		records := x.Records
		if x.Check == "dmarc.pass" {
			records = book.Explain(refusal("spf.pass"), &e).Records
		}
		fixed := strings.Join(append(keep(tc.zone, records), records...), "\n")
		if v := policy.Judge(t.Context(), zone.MustParse(fixed), &e); v.Action != verdict.Accept {
			t.Errorf("%s: with\n%s\n%s", x.Check, fixed, v)
		}
	}
}

// keep returns the records that the new ones do not replace.
func keep(text string, records []string) []string {
	var kept []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		replaced := false
		for _, record := range records {
			replaced = replaced || strings.HasPrefix(record, fields[0]+" "+fields[1]+" ")
		}
		if !replaced {
			kept = append(kept, strings.TrimSpace(line))
		}
	}
	return kept
}

// refusal is a verdict that rejects by a check.
func refusal(check string) verdict.Verdict {
	f := envelope.Failed(check, envelope.Status{Code: 550, Subject: 7, Detail: 1}, "seen")
	return verdict.Verdict{Action: verdict.Reject, Status: f.Status, Text: f.Text, Rule: check, Finding: f}
}

func TestEveryEntryIsComplete(t *testing.T) {
	for check, entry := range explain.English().Entries {
		complete(t, check, entry)
		if x := explain.English().Explain(refusal(check), &envelope.Envelope{}); x.Asks != entry.Asks || x.Check != check {
			t.Errorf("%s has no text", check)
		}
	}
	complete(t, "failure", explain.English().Failure)
	complete(t, "unknown", explain.English().Unknown)
}

func complete(t *testing.T, check string, entry explain.Entry) {
	t.Helper()
	if entry.Asks == "" || entry.Why == "" || len(entry.Fix) == 0 || entry.User == "" {
		t.Errorf("%s: %+v", check, entry)
	}
	for _, text := range append([]string{entry.Asks, entry.Why, entry.User}, entry.Fix...) {
		if !strings.HasSuffix(text, ".") || strings.Contains(text, "  ") {
			t.Errorf("%s: %q is not a sentence", check, text)
		}
	}
}

func TestAFailureIsExplainedAsOne(t *testing.T) {
	e := refused()
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(rdns.Exists)}}
	x := explain.English().Explain(policy.Judge(t.Context(), zone.MustParse("").Failing("*.", zone.SERVFAIL), &e), &e)
	if !x.Temporary || len(x.Records) > 0 || !strings.Contains(x.Why, "does not refuse mail for that reason") {
		t.Errorf("%+v", x)
	}
}

func TestACombinationIsExplainedByTheOperandThatDecided(t *testing.T) {
	e := refused()
	policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(envelope.All(recipient.Ours("example.org"), envelope.Any(rdns.Exists)))}}
	if x := explain.English().Explain(policy.Judge(t.Context(), zone.MustParse(""), &e), &e); x.Check != "rdns.exists" || len(x.Records) == 0 {
		t.Errorf("%+v", x)
	}
}

// A rule that refuses what passes is not explained as one that requires it.
func TestARefusalOfWhatPasses(t *testing.T) {
	e := refused()
	in := client.In([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	for _, rule := range []verdict.Rule{verdict.RejectIf(in), verdict.RejectUnless(envelope.Not(in)), verdict.RejectUnless(envelope.All(envelope.Not(in)))} {
		v := verdict.Policy{Rules: verdict.Rules{rule}}.Judge(t.Context(), nil, &e)
		if x := explain.English().Explain(v, &e); x.Asks != "The address of the client must not be in a list of blocked networks." {
			t.Errorf("%s: %+v", v, x)
		}
	}
	v := verdict.Policy{Rules: verdict.Rules{verdict.RejectIf(rdns.Exists)}}.Judge(t.Context(), zone.MustParse("77.2.0.192.in-addr.arpa. PTR mail.example.net."), &e)
	if x := explain.English().Explain(v, &e); x.Asks != explain.English().Unknown.Asks {
		t.Errorf("%s: %+v", v, x)
	}
}

func TestVerdictsThatRefuseNothing(t *testing.T) {
	if x := explain.English().Explain(verdict.Verdict{Action: verdict.Accept}, nil); x.Text() != "" || x.Verdict != "" {
		t.Errorf("%+v", x)
	}
}

// ownDetail is the Detail of a check that the library does not have.
type ownDetail struct{}

func (ownDetail) ExplainRefusal() explain.Entry { return explain.Entry{Asks: "No mail on Sundays."} }

func TestChecksOfOnesOwn(t *testing.T) {
	v := refusal("site.weekday")
	v.Finding.Detail = ownDetail{}
	if x := explain.English().Explain(v, nil); x.Asks != "No mail on Sundays." || x.Seen != "seen" {
		t.Errorf("%+v", x)
	}
	if x := explain.English().Explain(refusal("site.other"), nil); x.Asks != "A rule of this site refused the mail." {
		t.Errorf("%+v", x)
	}
	book := explain.English()
	book.Entries["rdns.exists"] = explain.Entry{Asks: "Ask us."}
	if x := book.Explain(refusal("rdns.exists"), nil); x.Asks != "Ask us." || x.Language != "en" {
		t.Errorf("%+v", x)
	}
	if x := explain.English().Explain(refusal("rdns.exists"), nil); x.Asks == "Ask us." {
		t.Error("a change of one Book changes another")
	}
}

// A translation explains the checks that it has, and another Book the others.
func TestTranslations(t *testing.T) {
	english := explain.English()
	german := explain.Book{
		Language: "de",
		Titles:   explain.Titles{Asks: "Was verlangt wird"},
		Entries:  map[string]explain.Entry{"rdns.exists": {Asks: "Die Adresse braucht einen PTR-Eintrag."}},
		Else:     &english,
	}
	failed := refusal("rdns.exists")
	failed.Finding.Outcome = envelope.TempError
	own := refusal("site.weekday")
	own.Finding.Detail = ownDetail{}
	for _, tc := range []struct {
		verdict                   verdict.Verdict
		language, title, asks, of string
	}{
		{refusal("rdns.exists"), "de", "Was verlangt wird", "Die Adresse braucht einen PTR-Eintrag.", "an entry"},
		{refusal("rdns.confirmed"), "en", "What is required", "A name in the PTR record of the client must lead back to its address.", "a missing entry"},
		{failed, "en", "What is required", "The server must be able to look up what its rules need.", "a failure"},
		{own, "", "What is required", "No mail on Sundays.", "a check of one's own"},
		{refusal("site.other"), "en", "What is required", "A rule of this site refused the mail.", "an unknown check"},
	} {
		x := german.Explain(tc.verdict, nil)
		if x.Language != tc.language || x.Titles.Asks != tc.title || x.Asks != tc.asks || x.Titles.Seen != "What was seen" {
			t.Errorf("%s: %+v", tc.of, x)
		}
		var page bytes.Buffer
		if err := x.WriteHTML(&page); err != nil || tc.language != "" && !strings.Contains(page.String(), ` lang="`+tc.language+`">`) {
			t.Errorf("%s: %v\n%s", tc.of, err, page.String())
		}
	}
}

// What a peer sent is inert in text and in HTML.
func TestHostileValues(t *testing.T) {
	const hostile = "<script>alert(1)</script>\r\n250 ok\x00\u202e\"&amp;\xff"
	f := envelope.Failed("helo.resolves", envelope.Status{Code: 550, Subject: 7, Detail: 1}, "the name %s", hostile)
	v := verdict.Verdict{Action: verdict.Reject, Status: f.Status, Text: f.Text, Rule: hostile, Finding: f}
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: hostile, MailFrom: hostile, RcptTo: hostile}
	for _, check := range []string{"helo.resolves", "rdns.exists", "spf.pass", "sender.resolves", "dmarc.published"} {
		v.Finding.Check = check
		x := explain.English().Explain(v, &e)
		if text := x.Text(); strings.ContainsAny(text, "\r\x00\u202e") || !utf8.ValidString(text) {
			t.Errorf("%s: %q", check, text)
		}
		var page bytes.Buffer
		if err := x.WriteHTML(&page); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(page.String(), "<script") {
			t.Errorf("%s: %s", check, page.String())
		}
		for decoder := xml.NewDecoder(&page); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", check, err)
			}
		}
	}
}
