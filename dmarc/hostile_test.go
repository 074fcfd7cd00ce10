package dmarc_test

import (
	"fmt"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// TestNoFormOfFromEvadesThePolicy has From fields that some program may show as
// bank.example. Unauthenticated mail is refused, or its author cannot be identified. It
// is never without a policy.
func TestNoFormOfFromEvadesThePolicy(t *testing.T) {
	for _, author := range []string{
		"a@bank.example",
		"a@BANK.example",
		"a@bank.example.",
		"<a@bank.example>",
		"Bank <a@bank.example>",
		`"Bank, the" <a@bank.example>`,
		"=?utf-8?q?Bank?= <a@bank.example>",
		"a@bank.example (Bank)",
		"(Bank) a@bank.example",
		"a @ bank.example",
		"<@relay.example:a@bank.example>",
		"Group: a@bank.example;",
		`"a b"@bank.example`,
		"a@bank.example, b@bank.example",
		"a@bank.example,\r\n b@evil.example",
		"a@evil.example, b@bank.example",
		"a@one.example, b@two.example, c@three.example, d@bank.example",
		"a@one.example, b@two.example, c@three.example, d@four.example, e@bank.example",
		"a@bank.example\r\nFrom: b@evil.example",
		"b@evil.example\r\nFROM : a@bank.example",
		"a@bank.example <b@evil.example",
		"<a@bank.example> <b@evil.example>",
		"a@bank.example b@evil.example",
		"a@bank.example\x00",
		"a@bank.example\rX",
		"a@bank..example",
		"a@[192.0.2.1]",
		"a@bank.example@evil.example",
		"",
		"Group:;",
		"Bank",
		strings.Repeat("(", 100_000) + "a@bank.example",
		strings.Repeat("a@bank.example, ", 100_000) + "a@bank.example",
		strings.Repeat("x", 100_000) + "@bank.example",
	} {
		e := from(bad, "someone@evil.example", author)
		for name, want := range map[string]string{
			"dmarc.notreject":  "fail permerror",
			"dmarc.pass":       "fail",
			"dmarc.alignedfor": "fail permerror",
		} {
			got := everyCheck()[name](t.Context(), mail(), e)
			if !strings.Contains(want, got.Outcome.String()) {
				t.Errorf("%s of %q: %v", name, excerpt(author), got.Outcome)
			}
			if clean := envelope.CleanText(got.Text, true); clean != got.Text || len(clean) > 1500 {
				t.Errorf("%s of %q says %q", name, excerpt(author), got.Text)
			}
		}
	}
}

func excerpt(s string) string { return s[:min(len(s), 60)] }

// TestDisplayNameIsNotTheAuthor has mail of another domain with a bank in its display
// name.
func TestDisplayNameIsNotTheAuthor(t *testing.T) {
	for _, author := range []string{
		`"a@bank.example" <x@evil.example>`,
		`"a@bank.example, " <x@evil.example>`,
		"(a@bank.example) x@evil.example",
		"=?utf-8?q?a=40bank.example?= <x@evil.example>",
		"x@evil.example (a@bank.example)",
		"<@bank.example:x@evil.example>",
	} {
		result := dmarc.Pass(t.Context(), mail(), from(bad, "someone@evil.example", author)).Detail.(*dmarc.Result)
		if result.Domain != "evil.example" || len(result.Authors) != 1 {
			t.Errorf("%s: %v", author, result.Authors)
		}
	}
}

func TestLongNamesNeedEightQuestions(t *testing.T) {
	for labels, want := range map[int]int{1: 1, 2: 2, 3: 3, 7: 7, 8: 8, 9: 8, 50: 8, 120: 8, 127: 7} { // of 127, the first would have 260 octets
		dns := zone.MustParse(`x. A 192.0.2.1`)
		author := strings.Repeat("a.", labels-1) + "a"
		dmarc.Judge(t.Context(), dns, dmarc.Input{From: []string{author}})
		if n := len(dns.Asked()); n != want {
			t.Errorf("%d labels: %d questions, want %d: %v", labels, n, want, dns.Asked())
		}
	}
}

// TestManySignaturesNeedFewQuestions has signatures of a hundred domains below the
// organization, each of which is an organization of its own.
func TestManySignaturesNeedFewQuestions(t *testing.T) {
	text := `_dmarc.bank.example. TXT "v=DMARC1; p=reject"` + "\n"
	in := dmarc.Input{From: []string{"bank.example"}}
	for i := range 200 {
		name := fmt.Sprintf("d%d.bank.example", i)
		text += "_dmarc." + name + `. TXT "v=DMARC1; p=none; psd=n"` + "\n"
		in.DKIM = append(in.DKIM, dmarc.DKIM{Domain: "x." + name, Result: "pass"})
	}
	dns := zone.MustParse(text)
	result := dmarc.Judge(t.Context(), dns, in)
	if result.Outcome != envelope.Fail || len(result.DKIM.Signatures) != 200 {
		t.Errorf("%v, %d signatures", result.Outcome, len(result.DKIM.Signatures))
	}
	if n := len(dns.Asked()); n > 2+11*2 {
		t.Errorf("%d questions", n)
	}
}

// TestSPFOfTheHELONameDoesNotAuthenticate has a pass of SPF for the HELO name but not
// for the sender (CVE-2019-20790).
func TestSPFOfTheHELONameDoesNotAuthenticate(t *testing.T) {
	e := from(good, "someone@evil.example", "someone@bank.example")
	e.Helo = "bank.example"
	if f := dmarc.NotReject(t.Context(), mail(), e); f.Outcome != envelope.Fail {
		t.Errorf("with a sender: %v", f.Outcome)
	}
	e.MailFrom = "" // then it is the identity, as postmaster
	if f := dmarc.NotReject(t.Context(), mail(), e); f.Outcome != envelope.Pass {
		t.Errorf("as a null sender: %v %s", f.Outcome, f.Text)
	}
}

// TestHostileAnswers has DNS answers that no domain should publish.
func TestHostileAnswers(t *testing.T) {
	many := strings.Repeat(`_dmarc.bank.example. TXT "v=spf1 -all"`+"\n", 100)
	for name, tc := range map[string]struct {
		zone string
		want envelope.Outcome
	}{
		"100 records, one of DMARC": {many + `_dmarc.bank.example. TXT "v=DMARC1; p=reject"`, envelope.Fail},
		"an alias":                  {"_dmarc.bank.example. CNAME there.example.\n" + `there.example. TXT "v=DMARC1; p=reject"`, envelope.Fail},
		"a loop of aliases":         {"_dmarc.bank.example. CNAME there.example.\nthere.example. CNAME _dmarc.bank.example.", envelope.TempError},
		"a wildcard":                {`*.example. TXT "v=DMARC1; p=reject"`, envelope.Fail},
		"nothing but a NUL":         {`_dmarc.bank.example. TXT "\000"`, envelope.None},
		"an empty string":           {`_dmarc.bank.example. TXT ""`, envelope.None},
		"8-bit text":                {`_dmarc.bank.example. TXT "v=DMARC1; p=reject; x=\255\254"`, envelope.Fail},
	} {
		result := dmarc.Judge(t.Context(), zone.MustParse(tc.zone), dmarc.Input{From: []string{"bank.example"}})
		if result.Outcome != tc.want {
			t.Errorf("%s: %s", name, words(result))
		}
	}
}
