package directory

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"mxrules.example/envelope"
)

// maxFile bounds the file in octets: about half a million addresses. Whoever
// has more has a database.
const maxFile = 16 << 20

// File returns a Lookup that answers from a text file, and from what becomes of
// it while the program runs. Each line has an entry as in List and, if the
// mailbox does not simply take mail, a word for its answer:
//
//	# the mailboxes of example.org
//	postmaster@example.org
//	ann@example.org
//	bob@example.org         disabled   # left in May
//	"two words"@example.org full
//	@example.net                       # every mailbox, but for this one:
//	nobody@example.net      unknown
//
// The words are known, unknown, disabled, full and moved. A # begins a comment
// at the beginning of a line and after a blank, so that a local part that
// begins with one is written in quotes. The file is UTF-8, has 16 MiB at most,
// and at least one entry.
//
// Each lookup asks the file system whether the file is another or has another
// size or time of change, and if so reads it anew; meanwhile other lookups are
// answered from what was read before. An answer always comes from one whole
// version of the file. Replace the file (write a new one beside it and rename
// it): one that is written in place can be read before it is whole.
//
// A file that can't be read when the program starts is an error. Later, one
// that has gone, or has a line that can't be read, changes nothing: the last
// good version stays. Its owner is told by report, which gets an error that
// names the file, the line and the value, once for each reason, and nil when
// the file is good again. Report is called during a lookup, never twice at
// the same time, and should return soon; if it is nil nobody is told.
func File(path string, report func(error)) (Lookup, error) {
	t, info, err := load(path)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, report: report}
	f.current.Store(&version{t, info})
	return f.lookup, nil
}

type file struct {
	path    string
	report  func(error)
	current atomic.Pointer[version]

	reading sync.Mutex // held by the one lookup that reads the file
	told    string     // what report was told last, "" for nothing or nil
}

// version is what answers come from, and what the file looked like when it was
// last read, which may be a later version that was no good. The info is nil if
// it could not be read at all.
type version struct {
	table table
	info  fs.FileInfo
}

func (f *file) lookup(_ context.Context, m envelope.Mailbox) (Answer, error) {
	f.refresh()
	return f.current.Load().table.answer(m), nil
}

// refresh reads the file if it has changed.
func (f *file) refresh() {
	info, err := os.Stat(f.path)
	if err == nil && same(info, f.current.Load().info) {
		return
	}
	if !f.reading.TryLock() {
		return // nobody waits for a file to be read
	}
	defer f.reading.Unlock()

	t, info, err := load(f.path)
	if err != nil {
		t = f.current.Load().table
	}
	f.current.Store(&version{t, info})
	f.tell(err)
}

// tell reports err, or that there is none any more, if that is news.
func (f *file) tell(err error) {
	news := ""
	if err != nil {
		news = err.Error()
	}
	if news != f.told && f.report != nil {
		f.report(err)
	}
	f.told = news
}

// load reads the file. With an error that will stay until the file changes it
// returns what the file looked like; without that, reading is worth another
// try, because access to it may change though the file does not.
func load(path string) (table, fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return table{}, nil, err
	case !info.Mode().IsRegular(): // to open a pipe would be to wait for its writer
		return table{}, info, fmt.Errorf("%s: is not a regular file", path)
	case info.Size() > maxFile:
		return table{}, info, fmt.Errorf("%s: has more than %d MiB", path, maxFile>>20)
	}
	text, info, err := read(path)
	if err != nil {
		return table{}, nil, err
	}
	t, err := parse(path, text)
	return t, info, err
}

// read returns the text of a file that stays the same meanwhile.
func read(path string) (string, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return "", nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", nil, err
	}
	after, err := f.Stat()
	if err != nil {
		return "", nil, err
	}
	if !same(before, after) || int64(len(text)) != after.Size() {
		return "", nil, fmt.Errorf("%s: changes while it is read", path)
	}
	return string(text), after, nil
}

// same reports whether two looks at a file saw the same version of it. What
// nobody has looked at, nil, is never the same.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
