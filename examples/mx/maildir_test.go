package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"mxrules.example/envelope"
)

func mailbox(t testing.TB, address string) envelope.Mailbox {
	t.Helper()
	m, err := envelope.ParseMailbox(address, true)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// stored returns the messages in a maildir, and fails if there are files below tmp.
func stored(t *testing.T, folder string) []string {
	t.Helper()
	if rest, _ := os.ReadDir(filepath.Join(folder, "tmp")); len(rest) != 0 {
		t.Errorf("%d files are left below tmp", len(rest))
	}
	return arrived(t, folder)
}

// arrived returns the messages in a maildir.
func arrived(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(folder, "new"))
	if err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(folder, "new", entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, string(content))
	}
	return messages
}

func TestEachFolderGetsTheMessageUnchanged(t *testing.T) {
	boxes := maildirs{root: t.TempDir(), host: "mx/1:example.org"}
	alice, bob := mailbox(t, "alice@example.org"), mailbox(t, "bob@example.org")
	for _, m := range []envelope.Mailbox{alice, bob} {
		if err := boxes.create(m); err != nil {
			t.Fatal(err)
		}
	}
	folders := []string{boxes.folder(alice, false), boxes.folder(bob, true)}
	const message = "Subject: \x00\xff\r\n\r\n.dot\nbare LF\r\n\r\n"
	for range 2 {
		if err := boxes.deliver(strings.NewReader(message), folders...); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range folders {
		got := stored(t, folder)
		if len(got) != 2 || got[0] != message || got[1] != message {
			t.Errorf("%s holds %q", folder, got)
		}
	}
	if got := stored(t, boxes.folder(bob, false)); len(got) != 0 {
		t.Errorf("the inbox of a marked message holds %q", got)
	}
}

func TestDeliveryIsToAllFoldersOrNone(t *testing.T) {
	boxes := maildirs{root: t.TempDir(), host: "mx.example.org"}
	alice := mailbox(t, "alice@example.org")
	if err := boxes.create(alice); err != nil {
		t.Fatal(err)
	}
	inbox, missing := boxes.folder(alice, false), filepath.Join(boxes.root, "missing")
	unfinished := filepath.Join(boxes.root, "unfinished") // tmp without new
	if err := os.MkdirAll(filepath.Join(unfinished, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("connection reset")
	for _, tc := range []struct {
		name    string
		message io.Reader
		folders []string
		want    error
	}{
		{"the connection ends", iotest.ErrReader(broken), []string{inbox}, broken},
		{"a maildir is missing", strings.NewReader("text"), []string{inbox, missing}, os.ErrNotExist},
		{"a maildir has no new", strings.NewReader("text"), []string{inbox, unfinished}, os.ErrNotExist},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := boxes.deliver(tc.message, tc.folders...); !errors.Is(err, tc.want) {
				t.Errorf("got the error %v, want %v", err, tc.want)
			}
			if got := stored(t, inbox); len(got) != 0 {
				t.Errorf("the inbox holds %q", got)
			}
		})
	}
}

func TestMailboxesStayBelowTheRoot(t *testing.T) {
	boxes := maildirs{root: "/root", host: "mx.example.org"}
	for address, want := range map[string]string{
		"Alice@Example.ORG":            "/root/alice@example.org",
		`"../../etc/x"@example.org`:    `/root/%22..%2F..%2Fetc%2Fx%22@example.org`,
		"a/b@example.org":              "/root/a%2Fb@example.org",
		"alice@[192.0.2.1]":            "/root/alice@%5B192.0.2.1%5D",
		"zo\u00eb@b\u00fccher.example": "/root/zo%C3%AB@xn--bcher-kva.example",
	} {
		if got := boxes.folder(mailbox(t, address), false); got != want {
			t.Errorf("%s has the maildir %s, want %s", address, got, want)
		}
	}
}
