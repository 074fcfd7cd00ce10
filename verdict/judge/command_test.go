package judge_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/greylist"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
	"mxrules.example/verdict/judge"
)

// run returns the output, the errors and the exit status of a command.
func run(c judge.Command, stdin string, args ...string) (stdout, stderr string, status int) {
	var out, errs strings.Builder
	status = c.Run(args, strings.NewReader(stdin), &out, &errs)
	return out.String(), errs.String(), status
}

var (
	accepting = judge.Fixed(verdict.Policy{})
	// invalid is a policy with a check that cannot work.
	invalid = judge.Fixed(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(recipient.Ours("a..b"))}})
	// unmade is a policy that a site cannot have.
	unmade = func(judge.Site) (verdict.Policy, error) { return verdict.Policy{}, errors.New("the site has no store") }
)

func TestPolicyOfACommand(t *testing.T) {
	for _, tc := range []struct {
		name    string
		command judge.Command
		args    string
		want    string // in the errors, "" for none
	}{
		{"the only one", judge.Command{Policies: judge.Policies{"a": accepting}}, "", ""},
		{"the default", judge.Command{Policies: judge.Policies{"a": accepting, "b": invalid}, Default: "a"}, "", ""},
		{"the one of the flag", judge.Command{Policies: judge.Policies{"a": accepting, "b": invalid}, Default: "b"}, "-policy a", ""},
		{"one of several", judge.Command{Policies: judge.Policies{"b": accepting, "a": accepting}}, "", "judge: there are several policies: choose one with -policy; known are: a, b"},
		{"an unknown one", judge.Command{Policies: judge.Policies{"b": accepting, "a": accepting}}, "-policy c", `unknown policy "c"; known are: a, b`},
		{"an unknown default", judge.Command{Policies: judge.Policies{"a": accepting}, Default: "b"}, "", `unknown policy "b"; known are: a`},
		{"an unknown one of -cover", judge.Command{Policies: judge.Policies{"a": accepting}}, "-cover none -policy c", `unknown policy "c"; known are: a`},
		{"none", judge.Command{}, "", "there are no policies"},
		{"an invalid one", judge.Command{Policies: judge.Policies{"a": invalid}}, "", `policy a: rule 1 (recipient.ours)`},
		{"one that cannot be made", judge.Command{Policies: judge.Policies{"a": unmade}}, "", "policy a: the site has no store"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			stdout, stderr, status := run(tc.command, "{}", strings.Fields(tc.args)...)
			if tc.want == "" && (status != 0 || !strings.HasPrefix(stdout, "accept ")) || tc.want != "" && (status != 2 || !strings.Contains(stderr, tc.want)) {
				t.Errorf("got status %d, %q and %q", status, stdout, stderr)
			}
		})
	}
}

// Questions about a policy may assume what a site knows of its own checks.
func TestFactsOfACommand(t *testing.T) {
	known := envelope.At("site.known", envelope.Helo, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		return envelope.Passed("")
	})
	policies := judge.Policies{
		"a": judge.Fixed(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(known)}}),
		"b": judge.Fixed(verdict.Policy{}),
	}
	never, once := analysis.Only("site.known", envelope.Pass), analysis.Load{Questions: 1, Rounds: 1}
	for _, tc := range []struct {
		args          string
		fact          analysis.Fact
		without, with string
	}{
		{"-find reject", never, "reject by rule 1 (site.known)", "there is no such case"},
		{"-implies a -policy b", never, "b accepts mail that a does not", "a accepts all that b accepts"},
		{"-vet", never, "is accepted, if site.known passes", "(site.known) can never decide"},
		{"-cost", analysis.Asks("site.known", once, once), "typically 0", "typically 1 in 1 round"},
	} {
		for _, c := range []struct {
			facts []analysis.Fact
			want  string
		}{{nil, tc.without}, {[]analysis.Fact{tc.fact}, tc.with}} {
			stdout, stderr, _ := run(judge.Command{Policies: policies, Default: "a", Facts: c.facts}, "", strings.Fields(tc.args)...)
			if !strings.Contains(stdout, c.want) {
				t.Errorf("%s with %d facts: got %s%s, want %q", tc.args, len(c.facts), stdout, stderr, c.want)
			}
		}
	}
}

// grey is a policy that greylists.
func grey(s judge.Site) (verdict.Policy, error) {
	return verdict.Policy{Rules: verdict.Rules{verdict.TempFailUnless(greylist.Known(s.Store, greylist.Options{Delay: time.Minute}))}}, nil
}

// Mail for a case that needs a store is made with a store of its own.
func TestCasesOfStores(t *testing.T) {
	file, store := filepath.Join(t.TempDir(), "case.jsonl"), new(greylist.Memory)
	c := judge.Command{Policies: judge.Policies{"grey": grey}, Site: judge.Site{Store: store}}
	for _, args := range [][]string{{"-find", "accept greylist.known=pass", "-record", file}, {file}} {
		if stdout, stderr, status := run(c, "", args...); status != 0 || !strings.Contains(stdout, ": accept 250") {
			t.Errorf("%q: got status %d, %s%s", args, status, stdout, stderr)
		}
	}
	if store.Len() > 0 {
		t.Errorf("the store has %d records", store.Len())
	}
}

// What a store said is recorded, so that another store says the same. Nothing is written
// to it.
func TestRecordsKeepTheFindingsOfStores(t *testing.T) {
	file, store := filepath.Join(t.TempDir(), "seen.jsonl"), new(greylist.Memory)
	c := judge.Command{Policies: judge.Policies{"grey": grey}}
	server, err := grey(judge.Site{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	server.Judge(t.Context(), nil, &envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.9"), Helo: "a.example", MailFrom: "ann@example.net", RcptTo: "bob@example.org",
		Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	lines := ""
	for _, sender := range []string{"ann", "carol"} {
		lines += `{"client_ip": "192.0.2.9", "helo": "a.example", "mail_from": "` + sender + `@example.net", "rcpt_to": ["bob@example.org"], "now": "2026-01-01T00:05:00Z"}` + "\n"
	}
	withStore := c
	withStore.Site.Store = store
	for _, tc := range []struct {
		command judge.Command
		args    []string
	}{{withStore, []string{"-record", file, "-"}}, {c, []string{file}}} {
		got, stderr, status := run(tc.command, lines, tc.args...)
		if status != 0 || !strings.HasPrefix(got, "accept 250") || strings.Count(got, "\ntempfail 451") != 1 {
			t.Errorf("%q: got status %d, %s%s", tc.args, status, got, stderr)
		}
	}
	if store.Len() != 1 {
		t.Errorf("the store has %d records, want that of the server", store.Len())
	}
	if recorded, err := os.ReadFile(file); err != nil || strings.Count(string(recorded), `"by_value":["greylist.known"]`) != 2 {
		t.Errorf("%v, recorded %s", err, recorded)
	}
}

// Every Detail with a JSON form is printed, but for the operands of a combination, which
// are findings themselves.
func TestDetailsOfChecksOfASite(t *testing.T) {
	type own struct {
		Tag string `json:"tag"`
	}
	for _, tc := range []struct {
		detail any
		want   string
	}{
		{own{"<a>"}, `{"tag":"<a>"}`},
		{&own{"b"}, `{"tag":"b"}`},
		{"text", `"text"`},
		{[]string{"a"}, `["a"]`},
		{nil, ""}, {(*own)(nil), ""}, {struct{}{}, ""}, {make(chan int), ""},
		{[]envelope.Finding{envelope.Passed("x")}, ""},
	} {
		check := envelope.At("site.own", envelope.Connect, func(_ context.Context, _ envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
			return envelope.Passed("").With(tc.detail)
		})
		c := judge.Command{Policies: judge.Policies{"own": judge.Fixed(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(check)}})}}
		stdout, stderr, _ := run(c, "{}", "-json")
		_, got, _ := strings.Cut(stdout, `"detail":`)
		got, _, _ = strings.Cut(got, `}],"rules"`)
		if got != tc.want || !strings.Contains(stdout, `"check":"site.own"`) {
			t.Errorf("%v: got %s in %s%s, want %s", tc.detail, got, stdout, stderr, tc.want)
		}
	}
}

// The link of a refusal is printed after it, and cleaned; what is not refused has none.
func TestLinkOfARefusal(t *testing.T) {
	c := judge.Command{
		Policies: judge.Policies{"strict": judge.Fixed(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(helo.FQDN)}})},
		Link: func(v verdict.Verdict, e *envelope.Envelope) string {
			return "https://example.org/" + v.Rule + "/" + e.Helo + "\x1b[2J"
		},
	}
	for _, tc := range []struct{ args, want string }{
		{"-helo laptop", "\n  page: https://example.org/helo.fqdn/laptop?[2J\n"},
		{"-helo laptop -json", `"link":"https://example.org/helo.fqdn/laptop?[2J"`},
		{"-helo mail.example.net", ""},
		{"-helo mail.example.net -json", ""},
	} {
		stdout, _, _ := run(c, "", strings.Fields(tc.args)...)
		if linked := strings.Contains(stdout, "https:"); linked != (tc.want != "") || !strings.Contains(stdout, tc.want) {
			t.Errorf("%s: got\n%s", tc.args, stdout)
		}
	}
}

// A record of -compare has what both policies asked, so that it compares them without DNS.
func TestRecordOfAComparison(t *testing.T) {
	file := filepath.Join(t.TempDir(), "both.jsonl")
	c := judge.Command{Policies: judge.Policies{
		"names":   judge.Fixed(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(helo.Resolves)}}),
		"reverse": judge.Fixed(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(rdns.Exists)}}),
	}}
	mail := strings.Fields("-zone testdata/none -ip 192.0.2.9 -helo mail.example.net -to bob@example.org,ann@example.org")
	mail[1] = filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(mail[1], []byte("mail.example.net. A 192.0.2.9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want, stderr, status := run(c, "", append([]string{"-compare", "names,reverse", "-record", file}, mail...)...)
	if status != 0 || !strings.Contains(want, "names    accept") || !strings.Contains(want, "reverse  reject 550 5.7.25") {
		t.Fatalf("got status %d, %s%s", status, want, stderr)
	}
	if got, stderr, status := run(c, "", "-compare", "names,reverse", file); status != 0 || got != want {
		t.Errorf("got status %d, %s%s, want\n%s", status, got, stderr, want)
	}
	for policy, want := range map[string]string{"names": "accept 250", "reverse": "reject 550"} {
		if got, _, _ := run(c, "", "-policy", policy, file); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s", policy, got)
		}
	}
}
