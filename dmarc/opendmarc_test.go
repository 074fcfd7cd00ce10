package dmarc_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope/zone"
)

// published has the DMARC records for the messages below.
var published = map[string]string{
	"bank.com":          "v=DMARC1; p=reject; sp=quarantine",
	"own.bank.com":      "v=DMARC1; p=none",
	"strict.com":        "v=DMARC1; p=reject; aspf=s; adkim=s",
	"strictspf.com":     "v=DMARC1; p=quarantine; aspf=s",
	"watch.com":         "v=DMARC1; p=none; rua=mailto:dmarc@watch.com",
	"shop.co.uk":        "v=DMARC1; p=reject",
	"xn--bcher-kva.com": "v=DMARC1; p=reject",
	"pct.com":           "v=DMARC1; p=reject; pct=100",
	"words.com":         "v=DMARC1;p=reject;;fo=1;ri=3600;rf=afrf;x=y;",
	"late.com":          "p=reject; v=DMARC1",
	"other.com":         "v=spf1 -all",
	"upper.com":         "v=DMARC1; P=REJECT",
	"unknown.com":       "v=DMARC1; p=discard",
	"reports.com":       "v=DMARC1; p=discard; rua=mailto:dmarc@reports.com",
	"trial.com":         "v=DMARC1; p=reject; t=y",
	"big.com":           "v=DMARC1; p=reject",
	"dept.big.com":      "v=DMARC1; p=quarantine; psd=n",
}

// compared has the messages that both programs evaluate. theirs is the result of
// OpenDMARC, with the reason, if it differs from our result by RFC 7489. now is our
// result by RFC 9989, with the reason, if it differs from that by RFC 7489.
var compared = []struct {
	name, from, spf string
	dkim            []string
	theirs, now     string
}{
	{name: "SPF of the author", from: "a@bank.com", spf: "pass bank.com"},
	{name: "SPF of a subdomain", from: "a@bank.com", spf: "pass mail.bank.com"},
	{name: "SPF of a deep subdomain", from: "a@bank.com", spf: "pass a.b.c.bank.com"},
	{name: "SPF of another", from: "a@bank.com", spf: "pass evil.com"},
	{name: "SPF of a name that ends alike", from: "a@bank.com", spf: "pass evilbank.com"},
	{name: "SPF of a name that begins alike", from: "a@bank.com", spf: "pass bank.com.evil.net"},
	{name: "SPF fail", from: "a@bank.com", spf: "fail bank.com"},
	{name: "SPF softfail", from: "a@bank.com", spf: "softfail bank.com"},
	{name: "SPF neutral", from: "a@bank.com", spf: "neutral bank.com"},
	{name: "DKIM of the author", from: "a@bank.com", spf: "fail evil.com", dkim: []string{"pass bank.com"}},
	{name: "DKIM of a subdomain", from: "a@bank.com", spf: "fail evil.com", dkim: []string{"pass news.bank.com"}},
	{name: "DKIM of another", from: "a@bank.com", spf: "fail evil.com", dkim: []string{"pass evil.com"}},
	{name: "DKIM fails", from: "a@bank.com", spf: "fail evil.com", dkim: []string{"fail bank.com"}},
	{name: "one of three signatures", from: "a@bank.com", spf: "fail evil.com", dkim: []string{"fail bank.com", "pass bank.com", "pass evil.com"}},
	{name: "both", from: "a@bank.com", spf: "pass bank.com", dkim: []string{"pass bank.com"}},
	{name: "sibling", from: "a@news.bank.com", spf: "pass mail.bank.com"},
	{name: "the organization", from: "a@news.bank.com", spf: "pass bank.com"},
	{name: "sp", from: "a@news.bank.com", spf: "pass evil.com"},
	{name: "its own record", from: "a@own.bank.com", spf: "pass evil.com"},
	{name: "its own record, aligned", from: "a@own.bank.com", spf: "pass mail.bank.com"},
	{name: "below its own record", from: "a@x.own.bank.com", spf: "pass evil.com"},
	{name: "strict, the same", from: "a@strict.com", spf: "pass strict.com"},
	{name: "strict, SPF below", from: "a@strict.com", spf: "pass mail.strict.com", theirs: "pass reject: strict takes a name below for the same"},
	{name: "strict, DKIM below", from: "a@strict.com", spf: "fail evil.com", dkim: []string{"pass mail.strict.com"}, theirs: "pass reject: as before"},
	{name: "strict SPF, relaxed DKIM", from: "a@strictspf.com", spf: "pass mail.strictspf.com", dkim: []string{"pass mail.strictspf.com"}},
	{name: "strict SPF only", from: "a@strictspf.com", spf: "pass mail.strictspf.com", theirs: "pass quarantine: as before"},
	{name: "monitoring", from: "a@watch.com", spf: "pass evil.com"},
	{name: "two-label suffix", from: "a@x.shop.co.uk", spf: "pass y.shop.co.uk"},
	{name: "strangers below it", from: "a@shop.co.uk", spf: "pass evil.co.uk"},
	{name: "A-labels", from: "a@xn--bcher-kva.com", spf: "pass xn--bcher-kva.com"},
	{name: "upper case", from: "a@BANK.com", spf: "pass bank.COM"},
	{name: "a display name", from: `"x@watch.com" <a@bank.com>`, spf: "pass watch.com"},
	{name: "a comment", from: "a@bank.com (x@watch.com)", spf: "pass watch.com"},
	{name: "a group of words", from: "Bank of com <a@bank.com>", spf: "pass bank.com"},
	{name: "pct=100", from: "a@pct.com", spf: "fail pct.com"},
	{name: "unknown tags", from: "a@words.com", spf: "fail words.com"},
	{name: "no record", from: "a@nothing.com", spf: "pass nothing.com"},
	{name: "no record below the suffix", from: "a@x.nothing.co.uk", spf: "pass nothing.co.uk"},
	{name: "version not first", from: "a@late.com", spf: "pass late.com", theirs: "pass reject: v may stand anywhere (RFC 7489, section 6.3 wants it first)"},
	{name: "another record", from: "a@other.com", spf: "pass other.com", theirs: "permerror: a record of something else is an error (section 6.6.3 discards it)"},
	{name: "upper-case words", from: "a@upper.com", spf: "fail upper.com"},
	{name: "an unknown policy", from: "a@unknown.com", spf: "fail unknown.com", theirs: "permerror: the record is broken (section 6.6.3, step 6 applies no DMARC)"},
	{name: "an unknown policy and reports", from: "a@reports.com", spf: "fail reports.com", theirs: "permerror: as before (step 6 takes it for p=none, since it asks for reports)"},
	{name: "t=y", from: "a@trial.com", spf: "fail trial.com"},
	{name: "psd=n", from: "a@x.dept.big.com", spf: "pass big.com", now: "fail quarantine: psd=n makes dept.big.com an organization of its own"},
}

func TestOpenDMARCAgrees(t *testing.T) {
	program := findOpenDMARC(t)
	config := configure(t)
	dns := zoneOf(published)
	old, now := checker(t, dmarc.Options{RFC7489: true}), new(dmarc.Checker)
	for _, tc := range compared {
		in := dmarc.Input{From: []string{addressDomain(tc.from)}}
		in.SPF.Result, in.SPF.Domain, _ = strings.Cut(tc.spf, " ")
		results := "spf=" + in.SPF.Result + " smtp.mailfrom=" + in.SPF.Domain
		for _, signature := range tc.dkim {
			word, domain, _ := strings.Cut(signature, " ")
			in.DKIM = append(in.DKIM, dmarc.DKIM{Result: word, Domain: domain})
			results += "; dkim=" + word + " header.d=" + domain
		}
		ours := spoken(old.Judge(t.Context(), dns, in))
		if got, want := spoken(now.Judge(t.Context(), dns, in)), unless(tc.now, ours); got != want {
			t.Errorf("%s: by RFC 9989 we say %s, expected was %s", tc.name, got, want)
		}
		if theirs, want := judged(t, program, config, results, tc.from, in.SPF.Domain), unless(tc.theirs, ours); theirs != want {
			t.Errorf("%s: OpenDMARC says %s, we say %s, expected was %s", tc.name, theirs, ours, want)
		}
	}
}

// spoken returns a result in the format of OpenDMARC: the word and the policy.
func spoken(result *dmarc.Result) string {
	if result.Policy == "" {
		return result.Outcome.String() + " none"
	}
	return result.Outcome.String() + " " + result.Policy
}

// unless returns the text before the colon of a difference, or same if there is no
// difference.
func unless(difference, same string) string {
	if difference == "" {
		return same
	}
	what, _, _ := strings.Cut(difference, ":")
	return what
}

// findOpenDMARC returns the program, or skips the test.
func findOpenDMARC(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"opendmarc", "/usr/sbin/opendmarc"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("MXRULES_E2E") != "" {
		t.Fatal("opendmarc is not installed (Debian package opendmarc), and MXRULES_E2E is set")
	}
	t.Skip("opendmarc is not installed (Debian package opendmarc); with MXRULES_E2E set that is a failure")
	return ""
}

// configure writes the settings for a run that evaluates a message in a file without
// DNS, and returns the path of the file with the settings.
func configure(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	var records strings.Builder
	for domain, record := range published {
		fmt.Fprintf(&records, "_dmarc.%s %s\n", domain, record)
	}
	suffixes := write("suffixes", "com\nnet\norg\nuk\nco.uk\n")
	return write("opendmarc.conf", "AuthservID mx.example.org\nTrustedAuthservIDs mx.example.org\nSyslog false\n"+
		"RejectFailures false\nSPFIgnoreResults false\nSPFSelfValidate false\n"+
		"TestDNSData "+write("dns", records.String())+"\nPublicSuffixList "+suffixes+"\nIgnoreHosts "+write("none", "")+"\n")
}

var verdictOfOpenDMARC = regexp.MustCompile(`dmarc=(\w+)(?: \(p=(\w+) )?`)

// judged lets OpenDMARC evaluate a message, and returns the result and the policy.
func judged(t *testing.T, program, config, results, from, sender string) string {
	t.Helper()
	message := filepath.Join(t.TempDir(), "message")
	text := "Authentication-Results: mx.example.org; " + results + "\r\nFrom: " + from +
		"\r\nTo: you@example.org\r\nDate: Sun, 22 Nov 2026 21:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHello.\r\n"
	if err := os.WriteFile(message, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), program, "-c", config, "-t", message, "-v", "-v")
	command.Env = append(os.Environ(), "OPENDMARC_TEST_ENVFROM=<someone@"+sender+">", "OPENDMARC_TEST_CLIENTIP=192.0.2.1")
	output, err := command.CombinedOutput()
	found := verdictOfOpenDMARC.FindSubmatch(output)
	if found == nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return strings.TrimSpace(string(found[1]) + " " + string(found[2]))
}

// addressDomain returns the domain of the only address in a simple From field.
func addressDomain(from string) string {
	address := from
	if _, inside, ok := strings.Cut(from, "<"); ok {
		address = inside
	}
	_, domain, _ := strings.Cut(address, "@")
	domain, _, _ = strings.Cut(domain, " ")
	return strings.TrimSuffix(domain, ">")
}

func zoneOf(records map[string]string) *zone.Zone {
	var b strings.Builder
	for domain, record := range records {
		fmt.Fprintf(&b, "_dmarc.%s. TXT %q\n", domain, record)
	}
	return zone.MustParse(b.String())
}
