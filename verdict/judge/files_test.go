package judge

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

// runWith runs a command of an empty policy, and returns its output, errors and status.
func runWith(t *testing.T, stdin *os.File, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	c := Command{Default: "all", Policies: Policies{
		"all":   Fixed(verdict.Policy{}),
		"names": Fixed(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(rdns.Exists)}}),
	}}
	var out, errs bytes.Buffer
	status = c.Run(args, stdin, &out, &errs)
	return out.String(), errs.String(), status
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A file that is read is never written: its mail would be lost.
func TestInputIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	input, link, text := filepath.Join(dir, "mail.svg"), filepath.Join(dir, "link.svg"), `{"client_ip":"192.0.2.9"}`
	if err := os.Symlink(input, link); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-record", input, input},
		{"-record", link, input},
		{"-record", input, os.DevNull, link},
		{"-scenario", input, input},
		{"-svg", input, input},
		{"-record", input, "-ip", "192.0.2.9", "-zone", input},
		{"-svg", input, "-ip", "192.0.2.9", "-message", input},
		{"-picture", input, "-zone", input},
		{"-coverhtml", input, "-cover", dir, "-zone", input},
	} {
		write(t, input, text)
		_, stderr, status := runWith(t, nil, args...)
		if status != wrongUsage || !strings.Contains(stderr, args[0]+" "+args[1]+": this file is read too") {
			t.Errorf("%q: got status %d and %q", args, status, stderr)
		}
		if got, err := os.ReadFile(input); err != nil || string(got) != text {
			t.Errorf("%q: the input is %q now, %v", args, got, err)
		}
	}
}

// What is no file of its own, such as a device, may be read and written.
func TestADeviceIsNotOverwritten(t *testing.T) {
	if _, stderr, status := runWith(t, nil, "-record", os.DevNull, os.DevNull); status != allJudged {
		t.Errorf("got status %d and %q", status, stderr)
	}
}

// A mistake in another flag does not cost the record of yesterday.
func TestAMistakeLeavesTheRecord(t *testing.T) {
	file := filepath.Join(t.TempDir(), "record.jsonl")
	for _, mistake := range [][]string{{"-zone", "none.zone"}, {"-dns", "none"}, {"-policy", "none"}, {"-now", "now"}, {"-none"}} {
		write(t, file, "yesterday")
		_, _, status := runWith(t, nil, append([]string{"-record", file, "-ip", "192.0.2.9"}, mistake...)...)
		if got, err := os.ReadFile(file); status != wrongUsage || err != nil || string(got) != "yesterday" {
			t.Errorf("%q: got status %d, and the file has %q, %v", mistake, status, got, err)
		}
	}
}

func TestUnwritableFileIsAWrongFlag(t *testing.T) {
	file := filepath.Join(t.TempDir(), "none", "file.svg")
	for _, flag := range []string{"-svg", "-scenario", "-record", "-picture"} {
		args := []string{flag, file}
		if flag != "-picture" {
			args = append(args, "-ip", "192.0.2.9")
		}
		if _, stderr, status := runWith(t, nil, args...); status != wrongUsage || !strings.Contains(stderr, file) {
			t.Errorf("%s: got status %d and %q", flag, status, stderr)
		}
	}
}

// terminal returns a terminal without input.
func terminal(t *testing.T) *os.File {
	t.Helper()
	file, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("this system gives no terminal: ", err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

// At a terminal the command says what it needs, and does not wait in silence.
func TestNothingToJudge(t *testing.T) {
	for _, args := range [][]string{nil, {"-json"}, {"-zone", os.DevNull}, {"-compare", "all,all"}} {
		stdout, stderr, status := runWith(t, terminal(t), args...)
		if status != wrongUsage || stdout != "" || !strings.Contains(stderr, "nothing to judge") || !strings.Contains(stderr, "Run judge -help") {
			t.Errorf("%q: got status %d, %q and %q", args, status, stdout, stderr)
		}
	}
	for _, args := range [][]string{{"-ip", "192.0.2.9"}, {"-vet"}, {os.DevNull}} {
		if _, stderr, status := runWith(t, terminal(t), args...); status != allJudged {
			t.Errorf("%q: got status %d and %q", args, status, stderr)
		}
	}
}

// A program may run the command with an empty input, or with one that is not a terminal.
func TestInputThatIsNoTerminal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mail")
	write(t, file, "{}\n")
	for name, want := range map[string]string{file: "accept", os.DevNull: ""} {
		stdin, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		if stdout, stderr, status := runWith(t, stdin); status != allJudged || !strings.HasPrefix(stdout, want) || (want == "") != (stdout == "") {
			t.Errorf("%s: got status %d, %q and %q", name, status, stdout, stderr)
		}
	}
}
