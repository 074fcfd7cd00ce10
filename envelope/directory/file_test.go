package directory_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// mailboxFile is a file that a test changes, with the reports of its Lookup.
type mailboxFile struct {
	*testing.T
	path    string
	lookup  directory.Lookup
	reports []string
	clock   time.Time
}

// start writes a file and a Lookup for it.
func start(t *testing.T, text string) *mailboxFile {
	t.Helper()
	f := &mailboxFile{T: t, path: filepath.Join(t.TempDir(), "mailboxes"), clock: time.Unix(1_000_000_000, 0)}
	f.replace(text)
	var err error
	f.lookup, err = directory.File(f.path, func(err error) { f.reports = append(f.reports, fmt.Sprint(err)) })
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// replace renames a new file to the path, with a time a second later than the last.
func (f *mailboxFile) replace(text string) {
	f.Helper()
	next := f.path + ".new"
	f.write(next, text)
	f.must(os.Rename(next, f.path))
}

// write writes in place.
func (f *mailboxFile) write(path, text string) {
	f.Helper()
	f.must(os.WriteFile(path, []byte(text), 0o600))
	f.clock = f.clock.Add(time.Second)
	f.must(os.Chtimes(path, f.clock, f.clock))
}

func (f *mailboxFile) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// says tests the answer for an address.
func (f *mailboxFile) says(address string, want directory.Answer) {
	f.Helper()
	if got := ask(f.T, f.lookup, address); got != want {
		f.Errorf("%s: got %v, want %v", address, got, want)
	}
}

// told tests what was reported since the last call. The path of the file is written as
// FILE.
func (f *mailboxFile) told(want ...string) {
	f.Helper()
	got := strings.ReplaceAll(strings.Join(f.reports, "\n"), f.path, "FILE")
	if got != strings.Join(want, "\n") {
		f.Errorf("told %q, want %q", got, want)
	}
	f.reports = nil
}

func TestFileFormat(t *testing.T) {
	f := start(t, "\ufeff# the mailboxes of example.org\r\n"+
		"\r\n"+
		" \t \n"+
		"postmaster@example.org\r\n"+
		"  Ann@example.org\t\tknown \n"+
		"bob@example.org disabled   # left in May\n"+
		"carol@example.org full\n"+
		"\t# dave@example.org\n"+
		"erin@example.org # moved\n"+
		"frank#1@example.org moved #\n"+
		"\"#2\"@example.org\n"+
		"\"two words\"@example.org full\n"+
		"\"a \\\" # b\"@example.org disabled\n"+
		"@example.net\n"+
		"nobody@example.net unknown\n"+
		"@[192.0.2.1]\n"+
		"@[x:\"y] full # a general literal\n"+
		"jürgen@bücher.example") // no end of line
	for address, want := range map[string]directory.Answer{
		"postmaster@example.org":       directory.Known,
		"ann@example.org":              directory.Known,
		"bob@example.org":              directory.Disabled,
		"carol@example.org":            directory.Full,
		"dave@example.org":             directory.Unknown,
		"erin@example.org":             directory.Known,
		"frank#1@example.org":          directory.Moved,
		"#2@example.org":               directory.Known,
		`"two words"@example.org`:      directory.Full,
		`"a \" # b"@example.org`:       directory.Disabled,
		"anyone@example.net":           directory.Known,
		"nobody@example.net":           directory.Unknown,
		"ann@[192.0.2.1]":              directory.Known,
		`ann@[x:"y]`:                   directory.Full,
		"jürgen@xn--bcher-kva.example": directory.Known,
		"ann@example.com":              directory.Foreign,
	} {
		f.says(address, want)
	}
	f.told()
}

// noWord ends the error for a word that is not an answer.
const noWord = "which is none of known, unknown, disabled, full, moved"

// brokenFiles has invalid files and their errors, without the name of the file.
var brokenFiles = []struct{ name, text, want string }{
	{"no domain", "ann@example.org\n\n# x\nbob\n", `:4: mailbox entry "bob" has no domain`},
	{"no such word", "ann@example.org gone", `:1: mailbox entry "ann@example.org" is followed by "gone", ` + noWord},
	{"a word in capitals", "ann@example.org FULL", `:1: mailbox entry "ann@example.org" is followed by "FULL", ` + noWord},
	{"foreign", "ann@example.org foreign", `:1: mailbox entry "ann@example.org" is followed by "foreign", ` + noWord},
	{"two addresses", "ann@example.org bob@example.org", `:1: mailbox entry "ann@example.org" is followed by "bob@example.org", ` + noWord},
	{"two words", "ann@example.org full moved", `:1: mailbox entry "ann@example.org" is followed by "moved", and has its word already`},
	{"a comment in a word", "ann@example.org full#x", `:1: mailbox entry "ann@example.org" is followed by "full#x", ` + noWord},
	{"an open quote", "\"ann@example.org full\nbob@example.org", `:1: mailbox entry "\"ann@example.org full" has a quoted local part without a closing quote`},
	{"a contradiction", "ann@example.org\nAnn@example.org full", `:2: mailbox entry "Ann@example.org" is both known and full`},
	{"a control character", "ann@example.org\nb\x00b@example.org", `:2: mailbox entry "b?b@example.org" has a control character`},
	{"old line ends", "ann@example.org\rbob@example.org\r", `:1: mailbox entry "ann@example.org bob@example.org" has a domain that has an invalid character`},
	{"Latin-1", "j\xfcrgen@example.org", `:1: mailbox entry "j?rgen@example.org" is not valid UTF-8`},
	{"empty", "", `: has no entry`},
	{"comments only", "# nobody yet\n\n", `: has no entry`},
}

func TestABrokenFileDoesNotStart(t *testing.T) {
	for _, tc := range brokenFiles {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "mailboxes")
			if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
				t.Fatal(err)
			}
			lookup, err := directory.File(path, nil)
			if want := path + tc.want; err == nil || err.Error() != want {
				t.Fatalf("got %v, want %s", err, want)
			}
			if lookup != nil {
				t.Error("there is a Lookup beside the error")
			}
		})
	}
}

func TestABrokenFileIsReportedAndTheLastValidOneIsKept(t *testing.T) {
	for _, tc := range brokenFiles {
		t.Run(tc.name, func(t *testing.T) {
			f := start(t, "old@example.org")
			f.replace(tc.text)
			for range 3 {
				f.says("old@example.org", directory.Known)
				f.says("ann@example.org", directory.Unknown)
			}
			f.told("FILE" + tc.want) // once

			f.replace("ann@example.org")
			for range 3 {
				f.says("old@example.org", directory.Unknown)
				f.says("ann@example.org", directory.Known)
			}
			f.told("<nil>")
		})
	}
}

func TestTheErrorOfALineWrapsItsCause(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mailboxes")
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 1<<20)+" "+strings.Repeat("y", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := directory.File(path, nil)
	var syntax *envelope.SyntaxError
	if !errors.As(err, &syntax) || len(err.Error()) > 2000 {
		t.Errorf("an error of %d octets: %T", len(err.Error()), err)
	}
}

func TestFileFollowsChanges(t *testing.T) {
	f := start(t, "ann@example.org")
	f.says("ann@example.org", directory.Known)
	f.says("bob@example.org", directory.Unknown)

	f.replace("bob@example.org") // as long as before
	f.says("ann@example.org", directory.Unknown)
	f.says("bob@example.org", directory.Known)

	f.write(f.path, "bob@example.org full") // in place
	f.says("bob@example.org", directory.Full)

	f.write(f.path, "bob@example.org     ") // of the same size
	f.says("bob@example.org", directory.Known)

	f.clock = f.clock.Add(-time.Second)
	f.write(f.path, "bob@example.org moved") // at the same time
	f.says("bob@example.org", directory.Moved)

	f.clock = f.clock.Add(-24 * time.Hour) // an older file, from a backup
	f.replace("ann@example.org")
	f.says("ann@example.org", directory.Known)
	f.told() // changes are not reported
}

func TestFileSeesAReplacementOfTheSameTimeAndSize(t *testing.T) {
	f := start(t, "ann@example.org")
	f.clock = f.clock.Add(-time.Second)
	f.replace("bob@example.org")
	f.says("bob@example.org", directory.Known)
}

func TestFileIsReadOnlyWhenItChanges(t *testing.T) {
	f := start(t, "ann@example.org")
	// Written in place with the same size and time: os.Stat shows no difference.
	f.clock = f.clock.Add(-time.Second)
	f.write(f.path, "bob@example.org")
	f.says("ann@example.org", directory.Known)
}

func TestAFileThatGoesAndComesBack(t *testing.T) {
	f := start(t, "ann@example.org")
	aside := f.path + ".aside"
	f.must(os.Rename(f.path, aside))
	for range 3 {
		f.says("ann@example.org", directory.Known)
	}
	f.told("stat FILE: no such file or directory")
	f.must(os.Rename(aside, f.path)) // the same file
	for range 3 {
		f.says("ann@example.org", directory.Known)
	}
	f.told("<nil>")
}

func TestEachReasonIsReportedOnce(t *testing.T) {
	f := start(t, "ann@example.org")
	f.replace("bob")
	f.says("ann@example.org", directory.Known)
	f.told(`FILE:1: mailbox entry "bob" has no domain`)
	f.replace("\nbob")
	f.says("ann@example.org", directory.Known)
	f.told(`FILE:2: mailbox entry "bob" has no domain`)
	f.must(os.Remove(f.path))
	f.says("ann@example.org", directory.Known)
	f.says("ann@example.org", directory.Known)
	f.told("stat FILE: no such file or directory")
	f.replace("\nbob")
	f.says("ann@example.org", directory.Known)
	f.told(`FILE:2: mailbox entry "bob" has no domain`)
}

func TestAFileThatMayNotBeReadIsTriedAgain(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Log("root may read every file: the first half of the test is skipped")
	}
	f := start(t, "ann@example.org")
	f.replace("bob@example.org")
	f.must(os.Chmod(f.path, 0))
	if os.Geteuid() != 0 {
		f.says("ann@example.org", directory.Known)
		f.told("open FILE: permission denied")
	}
	f.must(os.Chmod(f.path, 0o600)) // neither its size nor its time changes
	f.says("bob@example.org", directory.Known)
}

func TestOnlyRegularFilesAreOpened(t *testing.T) {
	dir := t.TempDir()
	if _, err := directory.File(dir, nil); err == nil || err.Error() != dir+": is not a regular file" {
		t.Errorf("a folder: %v", err)
	}
	f := start(t, "ann@example.org")
	f.must(os.Remove(f.path))
	f.must(os.Mkdir(f.path, 0o700))
	f.says("ann@example.org", directory.Known)
	f.says("ann@example.org", directory.Known)
	f.told("FILE: is not a regular file")

	missing := filepath.Join(dir, "missing")
	if _, err := directory.File(missing, nil); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestAFileIsBounded(t *testing.T) {
	f := start(t, "ann@example.org")
	f.must(os.Truncate(f.path, 16<<20+1)) // a sparse file
	f.says("ann@example.org", directory.Known)
	f.told("FILE: has more than 16 MiB")
}

func TestAFileOfAnotherLengthIsNotRead(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // needs a file that the kernel generates
	}
	_, err := directory.File("/proc/self/status", nil)
	if want := "/proc/self/status: changes while it is read"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestReportMayBeNil(t *testing.T) {
	f := start(t, "ann@example.org")
	lookup, err := directory.File(f.path, nil)
	f.must(err)
	f.replace("broken")
	if got := ask(t, lookup, "ann@example.org"); got != directory.Known {
		t.Errorf("got %v", got)
	}
}

// TestLookupsWhileTheFileChanges replaces the file repeatedly with valid and broken
// ones. An address that is in every valid one is known to every lookup, and reports are
// never concurrent.
func TestLookupsWhileTheFileChanges(t *testing.T) {
	f := start(t, "always@example.org\n")
	var telling sync.Mutex
	lookup, err := directory.File(f.path, func(error) {
		if !telling.TryLock() {
			t.Error("concurrent reports")
			return
		}
		defer telling.Unlock()
		if answer, err := f.lookup(t.Context(), envelope.Mailbox{Local: "always", Domain: "example.org"}); err != nil || answer != directory.Known {
			t.Errorf("during a report: %v, %v", answer, err)
		}
	})
	f.must(err)
	f.lookup = lookup // the report asks the directory that reports

	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				if answer, err := lookup(t.Context(), envelope.Mailbox{Local: "always", Domain: "example.org"}); err != nil || answer != directory.Known {
					t.Errorf("%v, %v", answer, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 100 {
		text := fmt.Sprintf("user%d@example.org\nalways@example.org\n", i)
		if i%3 == 0 {
			text += "broken\n"
		}
		f.replace(text)
	}
	close(done)
	readers.Wait()
	f.replace("always@example.org\nlast@example.org\n")
	f.says("last@example.org", directory.Known)
}
