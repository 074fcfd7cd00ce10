package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mxrules.example/envelope"
)

// junk is the folder for marked messages inside a maildir, named as Maildir++
// names folders.
const junk = ".Junk"

// maildirs is a folder with one maildir for each mailbox. A maildir holds a
// file for each message, so that there is nothing to lock: a message is written
// below tmp, forced to the disk, and given its name below new only then. Whoever
// reads the maildir sees whole messages or none.
type maildirs struct {
	root string
	host string // our name, as part of the names of files
}

// folder returns the maildir of a mailbox, or the folder for marked messages
// inside it. Letter case makes no difference, also in the local part.
func (m maildirs) folder(mailbox envelope.Mailbox, marked bool) string {
	// PathEscape leaves no slash, and the @ keeps the name from being "..".
	name := url.PathEscape(strings.ToLower(mailbox.String()))
	if marked {
		return filepath.Join(m.root, name, junk)
	}
	return filepath.Join(m.root, name)
}

// create makes the maildir of a mailbox, with its folder for marked messages,
// unless they are there.
func (m maildirs) create(mailbox envelope.Mailbox) error {
	for _, marked := range []bool{false, true} {
		folder := m.folder(mailbox, marked)
		for _, part := range []string{"tmp", "new", "cur"} {
			if err := os.MkdirAll(filepath.Join(folder, part), 0o700); err != nil {
				return err
			}
		}
		if err := errors.Join(syncFolder(folder), syncFolder(filepath.Dir(folder))); err != nil {
			return err
		}
	}
	return nil
}

// deliver writes a message, as it comes and nothing else, to each of the
// folders: to all of them or, if there is an error, to none. After nil the
// message is on the disk, and the server may take responsibility for it (RFC
// 5321, section 4.2.5).
func (m maildirs) deliver(message io.Reader, folders ...string) error {
	name := m.uniqueName()
	err := m.write(message, name, folders)
	for _, folder := range folders {
		if err != nil {
			break
		}
		if err = os.Rename(filepath.Join(folder, "tmp", name), filepath.Join(folder, "new", name)); err == nil {
			err = syncFolder(filepath.Join(folder, "new"))
		}
	}
	if err == nil {
		return nil
	}
	for _, folder := range folders {
		for _, part := range []string{"tmp", "new"} {
			if undo := os.Remove(filepath.Join(folder, part, name)); !errors.Is(undo, os.ErrNotExist) {
				err = errors.Join(err, undo)
			}
		}
	}
	return err
}

// write puts the message below tmp of every folder, and on the disk.
func (m maildirs) write(message io.Reader, name string, folders []string) (err error) {
	var files []io.Writer
	for _, folder := range folders {
		file, openErr := os.OpenFile(filepath.Join(folder, "tmp", name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if openErr != nil {
			return openErr
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		files = append(files, file)
	}
	if _, err := io.Copy(io.MultiWriter(files...), message); err != nil {
		return err
	}
	for _, file := range files {
		if err := file.(*os.File).Sync(); err != nil {
			return err
		}
	}
	return nil
}

// uniqueName returns a name that no message has had: the time, the process and
// a number that nobody guesses, at this host.
func (m maildirs) uniqueName() string {
	now := time.Now()
	host := strings.NewReplacer("/", `\057`, ":", `\072`).Replace(m.host)
	return fmt.Sprintf("%d.M%06dP%dR%s.%s", now.Unix(), now.Nanosecond()/1000, os.Getpid(), rand.Text(), host)
}

// syncFolder makes the names in a folder last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
