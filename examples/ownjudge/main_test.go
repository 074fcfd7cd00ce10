package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mxrules.example/verdict/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, scenario.Dir("testdata"), policies) }

// asProgram is the environment variable with which the test binary is the program.
const asProgram = "OWNJUDGE"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// run runs the program, and returns its output, errors and exit status.
func run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Args = append([]string{"ownjudge"}, args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

const (
	world = "-zone testdata/world.zone "
	good  = world + "-ip 192.0.2.9 -helo mail.example.net -from ann@example.net -to bob@example.org"
	local = world + "-ip 192.0.2.9 -helo localhost -to bob@example.org"
	named = world + "-ip 192.0.2.7 -helo mail.example.net -to bob@example.org"
)

// Each flag of the command works over the policies and the check of this program.
func TestEveryFlag(t *testing.T) {
	folder := t.TempDir() // TMP in the arguments
	if err := os.WriteFile(filepath.Join(folder, "message"), []byte("From: ann@example.net\r\n\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, tc := range []struct {
		args string
		want string // in the output, or in the file that comes after ":"
	}{
		{good, "accept 250 2.0.0\n    recipient.ours     pass"},
		{good + " -login ann -tls -smtputf8 -spoke-early -message TMP/message -stage data -now 2026-01-02T15:04:05Z", "accept 250 2.0.0"},
		{local, "reject 550 5.5.4 by greeting.notlocal: the HELO name localhost is a local one"},
		{local + " -json", `{"check":"greeting.notlocal","outcome":"fail","status":"5.5.4","text":"the HELO name localhost is a local one","detail":{"name":"localhost"}}`},
		{named, "reject 550 5.7.25 by rdns.exists"},
		{named + " -policy old", "accept 250 2.0.0"},
		{named + " -json", `"outcome":"fail","questions":[{"type":"PTR","name":"192.0.2.7","error":"no such record"}]`},
		{"-dns 127.0.0.1:1 -json -ip 192.0.2.9 -helo a.example -to bob@example.org", `"outcome":"temperror","cause":"lookup 9.2.0.192.in-addr.arpa.`},
		{local + " -checks greeting.notlocal", "checks without a policy: 1 fail"},
		{named + " -checks all", "checks without a policy: 2 pass, 2 fail"},
		{"-dns 127.0.0.1:1 -ip 192.0.2.9 -helo a.example -to bob@example.org", "tempfail 451 4.7.25 forced by rdns.exists"},
		{good + " -trace -delay 1ms", "waterfall:"},
		{good + " -svg TMP/waterfall.svg", ":waterfall.svg:rdns.exists"},
		{good + " -headers mx.example.org", "Authentication-Results: mx.example.org"},
		{"-picture TMP/policy.svg", ":policy.svg:greeting.notlocal"},
		{"-picture TMP/policy.dot", ":policy.dot:greeting.notlocal"},
		{"-vet", "no mistakes found"},
		{"-cost", "connect  typically 1 in 1 round"},
		{"-implies old", "old accepts all that inbound accepts"},
		{"-policy old -implies inbound -record TMP/case.jsonl", "recorded: accept 250 2.0.0"},
		{"-find reject=greeting.notlocal", `outcome "greeting.notlocal" is not one of`},
		{"-find accept", "accept by no rule"},
		{"-cover testdata", "2  greeting.notlocal                rejects 1, passed by 2, off 1"},
		{"-cover testdata -coverhtml TMP/cover.html", ":cover.html:greeting.notlocal"},
		{"-compare old,inbound TMP/case.jsonl", "results: 1, equal: 0, different: 1"},
		{local + " -record TMP/local.jsonl", ":local.jsonl:\"helo\":\"localhost\""},
		{local + " -record TMP/hashed.jsonl -hash key", ":hashed.jsonl:\"hashed\":true"},
		{local + " -message TMP/message -record TMP/short.jsonl -without-message", ":short.jsonl:\"no_message\":true"},
		{"TMP/local.jsonl", "reject 550 5.5.4 by greeting.notlocal"},
		{local + " -scenario TMP/local.scenario", ":local.scenario:reject by greeting.notlocal"},
		{local + " -scenario TMP/anonymous.scenario -anonymous", ":anonymous.scenario:reject by greeting.notlocal"},
		{"-cover TMP", "2  greeting.notlocal                rejects 2, passed by 0, off 0"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			args := strings.Fields(strings.ReplaceAll(tc.args, "TMP", folder))
			for _, arg := range args {
				used[strings.TrimPrefix(arg, "-")] = true
			}
			got, status := run(t, args...)
			if name, want, ok := strings.Cut(strings.TrimPrefix(tc.want, ":"), ":"); ok && tc.want[0] == ':' {
				written, err := os.ReadFile(filepath.Join(folder, name))
				if err != nil || !strings.Contains(string(written), want) {
					t.Errorf("%v, written %s, want %s", err, written, want)
				}
			} else if !strings.Contains(got, tc.want) {
				t.Errorf("got\n%s\nwant %s", got, tc.want)
			}
			if failed := strings.Contains(tc.want, "not one of"); (status != 0) != failed {
				t.Errorf("got status %d: %s", status, got)
			}
		})
	}
	help, _ := run(t, "-help")
	for _, flag := range regexp.MustCompile(`(?m)^  -([a-z0-9-]+) `).FindAllStringSubmatch(help, -1) {
		if !used[flag[1]] {
			t.Errorf("no test uses -%s", flag[1])
		}
	}
	for _, want := range []string{"ownjudge explains", "Default: inbound", "\nPolicies\n  inbound\n  old\n", "the resolver of the program answers"} {
		if !strings.Contains(help, want) {
			t.Errorf("the help does not say %q", want)
		}
	}
}

// An error names the value, and what there is in place of it.
func TestErrorsNameTheValue(t *testing.T) {
	for _, tc := range []struct {
		args   string
		want   string
		status int
	}{
		{"-policy lax", `ownjudge: unknown policy "lax"; known are: inbound, old`, 2},
		{"-implies lax", `ownjudge: unknown policy "lax"; known are: inbound, old`, 2},
		{"-compare old,lax", `ownjudge: unknown policy "lax"; known are: inbound, old`, 2},
		{"-checks greeting.local", "ownjudge: unknown check \"greeting.local\"; known are:\n  recipient.ours recipient.in\n  greeting.notlocal", 2},
		{"-cover none", "ownjudge: there are no files none/*.scenario", 2},
		{"-cover testdata -policy old", `no scenario of testdata is about the policy "old"`, 2},
		{"-find rule=local", `there is no rule "local"; the rules are recipient.ours, greeting.notlocal`, 2},
		{"-vet -json", "no -checks and no -json", 2},
		{"-from <> -to bob@example.org", `give the path "<>" of -from or -to without angle brackets`, 2},
		{"-to <bob@example.org>", `give the path "<bob@example.org>" of -from or -to without angle brackets`, 2},
		{"-cover testdata -helo a", "judge nothing", 2},
		{"-coverhtml cover.html", "-coverhtml is about the scenarios of -cover", 2},
		{"-our-domains example.org", "flag provided but not defined: -our-domains", 2},
	} {
		t.Run(tc.args, func(t *testing.T) {
			got, status := run(t, strings.Fields(tc.args)...)
			if !strings.Contains(got, tc.want) || status != tc.status {
				t.Errorf("got status %d: %s", status, got)
			}
		})
	}
}
