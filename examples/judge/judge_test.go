package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
)

var update = flag.Bool("update", false, "write the golden files")

// site are the flags of the site of the tests.
var site = []string{"-our-domains", "example.org", "-our-names", "mx.example.org", "-our-nets", "198.51.100.0/24,2001:db8:1::/48"}

// offline are the flags of most tests.
var offline = append([]string{"-zone", "testdata/world.zone"}, site...)

// mailboxes, lists and moreFacts are the flags of tests that need more.
var (
	mailboxes = []string{"-mailboxes", "testdata/mailboxes.txt"}
	lists     = []string{"-dnsbl", "list.example=127.0.0.2-127.0.0.9", "-dnsbl", "other.example=127.0.0.2"}
	moreFacts = append([]string{"-owners", "bob=bob@example.org", "-domain-list", "names.example=127.0.1.2",
		"-asn-zones", "origin.example", "-asns", "64500"}, append(mailboxes, lists...)...)
)

// run runs the command and returns its exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return command().Run(args, stdin, stdout, stderr)
}

// output returns the output, errors and exit status of a run, as golden files have
// them.
func output(args []string, stdin string) string {
	var stdout, stderr bytes.Buffer
	status := run(args, strings.NewReader(stdin), &stdout, &stderr)
	return fmt.Sprintf("%s-- errors --\n%s-- exit status %d --\n", &stdout, &stderr, status)
}

func TestGolden(t *testing.T) {
	good := []string{"-ip", "192.0.2.9", "-helo", "mail.example.net", "-from", "ann@example.net", "-to", "bob@example.org"}
	senders := []string{"-checks", "sender.resolves,sender.takesmail,sender.mxusable,sender.mxnotalias,sender.listed,sender.ownedbylogin,spf.pass"}
	onLists := []string{"-ip", "192.0.2.12", "-from", "ann@null.example",
		"-checks", "dnsbl.notlisted,dnsbl.listed,dnsbl.scorebelow,dnsbl.sendernotlisted,dnsbl.ptrnotlisted,dnsbl.asn"}
	onMessages := []string{"-checks", "message.wellformed,dkim.signed,dkim.pass,dmarc.published,dmarc.pass,dmarc.notreject,dmarc.alignedfor"}
	imported := []string{"-import", "testdata/postfix/main.cf", "-service", "unix:private/policyd-spf=spf"}
	traced := slices.Concat([]string{"-trace", "-delay", "20ms", "-policy", "strict"}, lists)
	forHeaders := []string{"-headers", "mx.example.org", "-checks", "rdns.confirmed,spf.pass,dmarc.notreject"}
	for _, tc := range []struct {
		name string
		args []string
	}{
		{"good-mail", good},
		{"good-mail-json", append([]string{"-json"}, good...)},
		{"no-reverse-name", []string{"-ip", "192.0.2.99", "-helo", "mail.example.net", "-from", "ann@example.net", "-to", "bob@example.org"}},
		{"forged-reverse-name", []string{"-ip", "192.0.2.10", "-helo", "mail.example.net", "-to", "bob@example.org"}},
		{"looks-dynamic", []string{"-ip", "192.0.2.11", "-helo", "dyn-11.pool.example.net", "-to", "bob@example.org"}},
		{"import", slices.Concat(imported, []string{"-ip", "192.0.2.9", "-helo", "mail.example.net", "-from", "ann@loud.example", "-to", "bob@example.org"})},
		{"import-json", slices.Concat([]string{"-json"}, imported, []string{"-ip", "192.0.2.9", "-helo", "mail.example.net", "-from", "ann@loud.example", "-to", "bob@example.org"})},
		{"import-go", append(imported, "-go")},
		{"import-left-out", slices.Concat([]string{"-leave-out", "-import", "testdata/postfix/backup.cf"}, good)},
		{"bad-greeting", []string{"-ip", "192.0.2.9", "-helo", "192.0.2.9", "-to", "bob@example.org"}},
		{"our-greeting", []string{"-ip", "192.0.2.9", "-helo", "mx.example.org", "-to", "bob@example.org"}},
		{"relay", []string{"-ip", "192.0.2.9", "-helo", "mail.example.net", "-to", "someone@example.com"}},
		{"relay-by-route", []string{"-ip", "192.0.2.9", "-helo", "mail.example.net", "-to", "@example.org,@b.example:bob@example.org"}},
		{"our-literal", []string{"-our-domains", "[192.0.2.25]", "-checks", "recipient.ours,recipient.role,recipient.in", "-to", "postmaster@[192.0.2.25],postmaster@[192.0.2.26]"}},
		{"exempt-network", []string{"-ip", "198.51.100.7", "-helo", "laptop", "-to", "someone@example.com"}},
		{"several-recipients", []string{"-ip", "192.0.2.9", "-helo", "mail.example.net", "-to", "bob@example.org,someone@example.com", "-to", "ann@example.org"}},
		{"several-recipients-json", []string{"-json", "-ip", "192.0.2.9", "-helo", "mail.example.net", "-to", "bob@example.org,someone@example.com"}},
		{"stage-connect", []string{"-stage", "connect", "-ip", "192.0.2.99"}},
		{"stage-connect-json", []string{"-json", "-stage", "connect", "-ip", "192.0.2.99"}},
		{"stage-mail", []string{"-stage", "mail", "-ip", "192.0.2.99", "-helo", "mail.example.net", "-from", "ann@example.net"}},
		{"stage-data-without-message", []string{"-stage", "data", "-ip", "192.0.2.9", "-helo", "mail.example.net", "-to", "bob@example.org"}},
		{"checks-all", append([]string{"-checks", "all"}, good...)},
		{"checks-all-json", append([]string{"-json", "-checks", "all"}, good...)},
		{"checks-all-of-all-facts", slices.Concat([]string{"-checks", "all"}, moreFacts, good)},
		{"checks-all-of-all-facts-json", slices.Concat([]string{"-json", "-checks", "all"}, moreFacts, good)},
		{"checks-sender", slices.Concat(senders, moreFacts, []string{"testdata/senders.jsonl"})},
		{"checks-sender-json", slices.Concat([]string{"-json"}, senders, moreFacts, []string{"testdata/senders.jsonl"})},
		{"checks-dnsbl", slices.Concat(onLists, moreFacts)},
		{"checks-dnsbl-json", slices.Concat([]string{"-json"}, onLists, moreFacts)},
		{"dnsbl-other-codes", slices.Concat([]string{"-ip", "192.0.2.14", "-checks", "dnsbl.notlisted,dnsbl.listed"}, lists)},
		{"dnsbl-no-addresses", slices.Concat([]string{"-ip", "192.0.2.15", "-checks", "dnsbl.notlisted,dnsbl.listed"}, lists)},
		{"checks-message", slices.Concat(onMessages, []string{"testdata/messages.jsonl"})},
		{"checks-message-json", slices.Concat([]string{"-json"}, onMessages, []string{"testdata/messages.jsonl"})},
		{"compare", slices.Concat([]string{"-compare", "standard,strict"}, lists, []string{"testdata/strict.jsonl", "testdata/messages.jsonl", "testdata/recipients.jsonl"})},
		{"compare-json", slices.Concat([]string{"-json", "-compare", "standard,strict"}, lists, []string{"testdata/strict.jsonl"})},
		{"compare-import", slices.Concat(imported, lists, []string{"-compare", "import,standard", "testdata/strict.jsonl"})},
		{"compare-equal", append([]string{"-compare", "standard,trial"}, good...)},
		{"headers", append(forHeaders, "testdata/messages.jsonl")},
		{"headers-json", append([]string{"-json"}, append(forHeaders, "testdata/messages.jsonl")...)},
		{"headers-of-a-policy", []string{"-headers", "mx.example.org", "testdata/mixed.jsonl"}},
		{"checks-some", []string{"-checks", "rdns.confirmed,helo.resolves,rdns.confirmed", "-ip", "192.0.2.10", "-helo", "nowhere.example.net"}},
		{"checks-at-connect", []string{"-checks", "client.in,helo.syntax,rdns.exists", "-stage", "connect", "-ip", "198.51.100.7"}},
		{"mailboxes", slices.Concat(mailboxes, []string{"testdata/recipients.jsonl"})},
		{"strict", slices.Concat([]string{"-policy", "strict"}, lists, []string{"testdata/strict.jsonl"})},
		{"submission", []string{"-policy", "submission", "-owners", "bob=bob@example.org", "testdata/submission.jsonl"}},
		{"gateways", slices.Concat(mailboxes, []string{"-gateways", "192.0.2.25", "-gateway-names", "gw.example.org", "testdata/gateways.jsonl"})},
		{"faults", []string{"testdata/faults.jsonl"}},
		{"faults-json", []string{"-json", "testdata/faults.jsonl"}},
		{"bad-lines", []string{"testdata/bad.jsonl"}},
		{"bad-lines-json", []string{"-json", "testdata/bad.jsonl"}},
		{"lines", []string{"testdata/mixed.jsonl"}},
		{"lines-json", []string{"-json", "testdata/mixed.jsonl"}},
		{"files", []string{"-json", "testdata/none.jsonl", "testdata/mixed.jsonl", "-"}},
		{"trace", slices.Concat(traced, good)},
		{"trace-of-a-rejection", slices.Concat(traced, []string{"-ip", "192.0.2.10", "-helo", "mail.example.net", "-from", "ann@example.net", "-to", "bob@example.org"})},
		{"trace-of-checks", []string{"-trace", "-delay", "20ms", "-checks", "helo.resolves,rdns.confirmed", "-ip", "192.0.2.9", "-helo", "mail.example.net"}},
		{"trace-of-recipients", slices.Concat([]string{"-trace", "-delay", "20ms"}, good, []string{"-to", "ann@example.org"})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stdin := `{"id": "from the standard input", "client_ip": "192.0.2.9"}`
			args := append(offline[:len(offline):len(offline)], tc.args...)
			synctest.Test(t, func(t *testing.T) { // in which -trace prints the same times
				got := output(args, stdin)
				if again := output(args, stdin); again != got {
					t.Errorf("the second run prints\n%s", again)
				}
				golden(t, tc.name+".golden", got)
			})
		})
	}
}

// golden compares a text with a file of testdata, or writes it with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it); got\n%s", file, got)
	}
}

func TestOneScenarioIsOfOneEnvelope(t *testing.T) {
	file := filepath.Join(t.TempDir(), "judge.scenario")
	got := output(append(offline[:len(offline):len(offline)], "-scenario", file), "{}\n{}\n")
	if !strings.Contains(got, "-scenario is about one envelope") || !strings.Contains(got, "exit status 1") {
		t.Errorf("several envelopes are written: %s", got)
	}
	for want, args := range map[string][]string{
		"-policy with -scenario":       {"-scenario", file, "-checks", "helo.syntax"},
		"-anonymous is about the file": {"-anonymous"},
		"not a directory":              {"-scenario", filepath.Join(file, "none"), "-ip", "192.0.2.9"},
	} {
		if got := output(args, "{}"); !strings.Contains(got, want) {
			t.Errorf("%q: got %s, want %q", args, got, want)
		}
	}
}

func TestOnePictureIsOfOneEnvelope(t *testing.T) {
	file := filepath.Join(t.TempDir(), "judge.svg")
	got := output(append(offline[:len(offline):len(offline)], "-svg", file), "{}\n{}\n{}\n")
	if strings.Count(got, "questions to DNS") != 2 || !strings.Contains(got, "-svg draws one envelope") || !strings.Contains(got, "exit status 1") {
		t.Errorf("several envelopes are drawn: %s", got)
	}
	if got := output(append(offline[:len(offline):len(offline)], "-svg", filepath.Join(file, "none")), "{}\n"); !strings.Contains(got, "judge: open") {
		t.Errorf("a file that cannot be written: %s", got)
	}
}
