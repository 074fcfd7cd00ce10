package directory_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
)

// thousands returns a file of ten thousand mailboxes.
func thousands() string {
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, "user%d@example.org\n", i)
	}
	return b.String()
}

// BenchmarkLookup measures one answer about ten thousand mailboxes.
func BenchmarkLookup(b *testing.B) {
	list, err := directory.List(strings.Fields(thousands())...)
	if err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "mailboxes")
	if err := os.WriteFile(path, []byte(thousands()), 0o600); err != nil {
		b.Fatal(err)
	}
	file, err := directory.File(path, nil)
	if err != nil {
		b.Fatal(err)
	}
	for _, bc := range []struct {
		name   string
		lookup directory.Lookup
		local  string
	}{
		{"List", list, "user77"},
		{"ListFolded", list, "User77"},
		{"File", file, "user77"},
		{"Subaddressed", list.Subaddressed("+"), "user77+lists"},
	} {
		b.Run(bc.name, func(b *testing.B) {
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if answer, err := bc.lookup(ctx, envelope.Mailbox{Local: bc.local, Domain: "example.org"}); answer != directory.Known {
					b.Fatal(answer, err)
				}
			}
		})
	}
}

// BenchmarkReadFile measures reading a file of ten thousand mailboxes.
func BenchmarkReadFile(b *testing.B) {
	path := filepath.Join(b.TempDir(), "mailboxes")
	if err := os.WriteFile(path, []byte(thousands()), 0o600); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := directory.File(path, nil); err != nil {
			b.Fatal(err)
		}
	}
}
