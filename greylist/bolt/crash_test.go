package bolt_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
	"mxrules.example/greylist/internal/child"
)

// writeTo is the environment variable that makes the test program write to the
// file it names, until it is killed.
const writeTo = "MXRULES_GREYLIST_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(writeTo); path != "" {
		write(path)
	}
	os.Exit(m.Run())
}

const (
	writers = 8
	keys    = 40 // of each writer
)

// write prints "open", and then, for each touch that returns, the number of its
// key and the count in its record.
func write(path string) {
	store, err := bolt.OpenWith(path, 50, 5) // so that the writer is killed in each state of the logs
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var out sync.Mutex
	print := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format, args...) // unbuffered
	}
	print("open\n")
	now := time.Now()
	for w := range writers {
		go func() {
			for i := 0; ; i++ {
				n := w*keys + i%keys
				r, err := store.Touch(context.Background(), key(n), greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1})
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				print("%d %d\n", n, r.Good)
			}
		}()
	}
	io.Copy(io.Discard, os.Stdin) // until the parent ends
	os.Exit(0)
}

func startWriter(t *testing.T, path string) *child.Process {
	t.Helper()
	writer := child.Start(t, writeTo, path)
	if line := writer.Line(t); line != "open" {
		t.Fatalf("the writer prints %q", line)
	}
	return writer
}

// A writer is killed at random moments. Every touch that returned must be in the
// file afterwards.
func TestKillLosesNoFinishedTouch(t *testing.T) {
	const kills = 50
	path := filepath.Join(t.TempDir(), "greylist")
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	finished, total := map[int]uint32{}, 0
	record := func(line string) {
		var n int
		var good uint32
		if _, err := fmt.Sscanf(line, "%d %d", &n, &good); err == nil {
			finished[n] = max(finished[n], good)
		}
		total++
	}
	for round := range kills {
		writer := startWriter(t, path)
		for range random.IntN(200) {
			record(writer.Line(t))
		}
		for line := range bytes.Lines(writer.Kill()) {
			if bytes.HasSuffix(line, []byte("\n")) { // the last line may be truncated
				record(string(line))
			}
		}
		store, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			t.Fatalf("seed %d, round %d: Open after the kill: %v", seed, round, err)
		}
		for n, good := range finished {
			if r, err := store.Get(t.Context(), key(n)); err != nil || r.Good < good {
				t.Errorf("seed %d, round %d: key %d has the count %d, error %v, but %d was returned", seed, round, n, r.Good, err, good)
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d finished touches, %d kills", total, kills)
	if total < kills*10 {
		t.Errorf("only %d touches finished", total)
	}
}

func TestFileInUseByAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "greylist")
	writer := startWriter(t, path)
	_, err := bolt.Open(path, bolt.Options{Timeout: 100 * time.Millisecond})
	checkError(t, "Open", err, path, "the file is in use by another process")
	writer.Kill()
	open(t, path)
}
