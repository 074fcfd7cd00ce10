package directory_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// The mailboxes of a small site, with subaddresses.
func Example() {
	mailboxes, err := directory.List(
		"postmaster@example.org",
		"ann@example.org",
		"bob@example.org disabled",
		"@shop.example",
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	mailboxes = mailboxes.Subaddressed("+")

	for _, address := range []string{"Ann@example.org", "ann+lists@example.org", "bob@example.org", "carol@example.org", "anyone@shop.example", "ann@example.com"} {
		mailbox, err := envelope.ParseMailbox(address, false)
		if err != nil {
			fmt.Println(err)
			continue
		}
		answer, err := mailboxes.Ask(context.Background(), mailbox)
		fmt.Println(address, answer, err)
	}
	// Output:
	// Ann@example.org known <nil>
	// ann+lists@example.org known <nil>
	// bob@example.org disabled <nil>
	// carol@example.org unknown <nil>
	// anyone@shop.example known <nil>
	// ann@example.com foreign <nil>
}

// A function that asks a database is a directory. It returns an error if the database
// fails.
func ExampleLookup() {
	var database = func(ctx context.Context, address string) (quota int, found bool, err error) {
		return 0, address == "ann@example.org", nil
	}
	mailboxes := directory.Lookup(func(ctx context.Context, m envelope.Mailbox) (directory.Answer, error) {
		if m.Domain != "example.org" {
			return directory.Foreign, nil
		}
		quota, found, err := database(ctx, m.String())
		switch {
		case err != nil:
			return 0, err
		case !found:
			return directory.Unknown, nil
		case quota == 0:
			return directory.Full, nil
		}
		return directory.Known, nil
	})
	fmt.Println(mailboxes(context.Background(), envelope.Mailbox{Local: "ann", Domain: "example.org"}))
	fmt.Println(mailboxes(context.Background(), envelope.Mailbox{Local: "bob", Domain: "example.org"}))
	// Output:
	// full <nil>
	// unknown <nil>
}

// A file is read again when it changes. After a mistake the last valid version stays in
// use, and the mistake is reported.
func ExampleFile() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "mailboxes")
	edit := func(text string) {
		next := path + ".new"
		if err := os.WriteFile(next, []byte(text), 0o600); err != nil {
			fmt.Println(err)
		}
		if err := os.Rename(next, path); err != nil {
			fmt.Println(err)
		}
	}

	edit("ann@example.org\n")
	mailboxes, err := directory.File(path, func(err error) {
		if err != nil {
			fmt.Println("report:", err.Error()[len(dir)+1:])
			return
		}
		fmt.Println("report: the file is valid again")
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, ann := context.Background(), envelope.Mailbox{Local: "ann", Domain: "example.org"}
	fmt.Println(mailboxes(ctx, ann))

	edit("ann@example.org away # until June\n")
	fmt.Println(mailboxes(ctx, ann))

	edit("ann@example.org disabled # until June\n")
	fmt.Println(mailboxes(ctx, ann))
	// Output:
	// known <nil>
	// report: mailboxes:1: mailbox entry "ann@example.org" is followed by "away", which is none of known, unknown, disabled, full, moved
	// known <nil>
	// report: the file is valid again
	// disabled <nil>
}
