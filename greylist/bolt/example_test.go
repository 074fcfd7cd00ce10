package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
)

// A restart of the server does not delay a waiting sender.
func Example() {
	folder, err := os.MkdirTemp("", "greylist")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "greylist")

	now := time.Now()
	for _, after := range []time.Duration{0, 6 * time.Minute} {
		store, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			log.Fatal(err)
		}
		known := greylist.Known(store, greylist.Options{})
		f := known(context.Background(), nil, &envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.1"),
			MailFrom: "ann@sender.example",
			RcptTo:   "us@example.org",
			Now:      now.Add(after),
		})
		fmt.Println(f.Outcome, f.Detail.(*greylist.Result).State)
		if err := f.Commit(context.Background()); err != nil {
			log.Fatal(err)
		}
		if err := store.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// fail first sight
	// pass returned
}

// Move a damaged file away and begin with a new one. Every sender is then new.
func ExampleOpen_damaged() {
	folder, err := os.MkdirTemp("", "greylist")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "greylist")
	store, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		log.Fatal(err)
	}
	store.Close()
	if err := os.Truncate(path, 10_000); err != nil {
		log.Fatal(err)
	}

	store, err = bolt.Open(path, bolt.Options{})
	if errors.Is(err, bolt.ErrDamaged) {
		fmt.Println("the file is damaged")
		if err := os.Rename(path, path+".damaged"); err != nil {
			log.Fatal(err)
		}
		store, err = bolt.Open(path, bolt.Options{})
	}
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	// Output: the file is damaged
}
