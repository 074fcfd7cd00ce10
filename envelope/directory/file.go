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

// maxFile bounds the size of the file in octets: about half a million addresses.
// A site with more should use a database.
const maxFile = 16 << 20

// File returns a Lookup that answers from a text file and follows its changes.
// Each line has an entry as in List:
//
//	# the mailboxes of example.org
//	postmaster@example.org
//	ann@example.org
//	bob@example.org         disabled   # left in May
//	"two words"@example.org full
//	@example.net                       # every mailbox, but for this one:
//	nobody@example.net      unknown
//
// A # begins a comment at the beginning of a line and after a blank, so that a local
// part that begins with # must be quoted. The file is UTF-8, has at most 16 MiB, and at least
// one entry.
//
// Each lookup checks whether the file was replaced or its size or modification
// time changed, and if so reads it again; concurrent lookups are answered from the
// previous version. Every answer comes from one complete version. To change the
// file, write a new one and rename it: a file that is written in place may be read
// before it is complete.
//
// File returns an error if it can't read the file. If the file later disappears or
// has an invalid line, the last valid version stays in use, and report is called
// with an error that names the file, the line and the value: once for each reason,
// and with nil when the file is valid again. report is called during a lookup and
// never concurrently, and should return soon. It may be nil.
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
	told    string     // the last error that report got, "" for nil
}

// version is the table that answers come from, and the state of the file when it
// was last read, which may be a later state with an invalid file. The info is nil
// if the file could not be read.
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
		return // another lookup reads the file, and this one need not wait
	}
	defer f.reading.Unlock()

	t, info, err := load(f.path)
	if err != nil {
		t = f.current.Load().table
	}
	f.current.Store(&version{t, info})
	f.tell(err)
}

// tell calls report with err unless report was told the same before.
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

// load reads the file. With an error that lasts until the file changes it returns
// the state of the file. With an error and no state the file must be read again,
// because access to it may change while the file does not.
func load(path string) (table, fs.FileInfo, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return table{}, nil, err
	case !info.Mode().IsRegular(): // opening a pipe would wait for its writer
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

// read returns the text of a file. It fails if the file changes meanwhile.
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

// same reports whether two states of a file are of the same version. A nil state
// equals no other.
func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
