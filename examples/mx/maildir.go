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

// maildirs is a folder with a maildir for each mailbox. A maildir has a file for each
// message and needs no locks: a message is written below tmp, synced to the disk, and
// then renamed to new. So a reader sees complete messages only.
type maildirs struct {
	root string
	host string // of the server, as part of file names
}

// folder returns the maildir of a mailbox, or its folder for marked messages. Letter
// case makes no difference, also in the local part.
func (m maildirs) folder(mailbox envelope.Mailbox, marked bool) string {
	// PathEscape escapes slashes, and with the @ the name cannot be "..".
	name := url.PathEscape(strings.ToLower(mailbox.String()))
	if marked {
		return filepath.Join(m.root, name, junk)
	}
	return filepath.Join(m.root, name)
}

// create creates the maildir of a mailbox and its folder for marked messages, unless
// they exist.
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

// deliver writes a message unchanged to all folders or, with an error, to none. After
// nil the message is on the disk, and the server may take responsibility for it (RFC
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

// write writes the message below tmp of each folder, and syncs it to the disk.
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

// uniqueName returns a unique file name: the time, the process, a random text and the
// host.
func (m maildirs) uniqueName() string {
	now := time.Now()
	host := strings.NewReplacer("/", `\057`, ":", `\072`).Replace(m.host)
	return fmt.Sprintf("%d.M%06dP%dR%s.%s", now.Unix(), now.Nanosecond()/1000, os.Getpid(), rand.Text(), host)
}

// syncFolder syncs the names in a folder to the disk.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
