package bolt_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
)

// childFile is the variable by which the tests start this program again, as one
// that writes into the file that it names until it is killed.
const childFile = "MXRULES_GREYLIST_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		writeForEver(path)
	}
	os.Exit(m.Run())
}

const (
	writers = 8
	keys    = 40 // of each writer
)

// writeForEver says "open", and then, for each touch that is acknowledged, the
// number of its key and the count that it was told.
func writeForEver(path string) {
	store, err := bolt.Open(path, bolt.Options{Timeout: 10 * time.Second})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Printf(format, args...) // one write, unbuffered
	}
	say("open\n")
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
				say("%d %d\n", n, r.Good)
			}
		}()
	}
	io.Copy(io.Discard, os.Stdin) // until the parent is gone
	os.Exit(0)
}

// child is a process that writes.
type child struct {
	cmd *exec.Cmd
	out *bufio.Reader
}

func start(t *testing.T, path string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+path)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd, bufio.NewReader(out)}
	t.Cleanup(func() { c.cmd.Process.Kill() })
	if line, err := c.out.ReadString('\n'); err != nil || line != "open\n" {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return c
}

// kill kills the process and waits for its end. What it had said before is
// still in the pipe.
func (c *child) kill(t *testing.T) (rest []byte) {
	t.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	rest, _ = io.ReadAll(c.out)
	c.cmd.Wait()
	return rest
}

// A program that writes is killed again and again, at any moment. Every touch
// that was acknowledged is there afterwards.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	const kills = 50
	path := filepath.Join(t.TempDir(), "greylist")
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	acknowledged := map[int]uint32{}
	note := func(line string) {
		var n int
		var good uint32
		if _, err := fmt.Sscanf(line, "%d %d\n", &n, &good); err == nil {
			acknowledged[n] = max(acknowledged[n], good)
		}
	}
	total := 0
	for round := range kills {
		c := start(t, path)
		for range random.IntN(200) {
			line, err := c.out.ReadString('\n')
			if err != nil {
				t.Fatalf("seed %d, round %d: the child died by itself: %v", seed, round, err)
			}
			note(line)
			total++
		}
		for line := range lines(c.kill(t)) {
			note(line)
			total++
		}
		store, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			t.Fatalf("seed %d, round %d: after the kill: %v", seed, round, err)
		}
		for n, good := range acknowledged {
			if r, err := store.Get(t.Context(), key(n)); err != nil || r.Good < good {
				t.Errorf("seed %d, round %d: key %d has %d, and %d were acknowledged, %v", seed, round, n, r.Good, good, err)
			}
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d touches were acknowledged, %d kills", total, kills)
	if total < kills*10 {
		t.Errorf("only %d touches were acknowledged", total)
	}
}

// lines returns the whole lines of b. The last may have been cut off.
func lines(b []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		in := bufio.NewReader(bytes.NewReader(b))
		for {
			line, err := in.ReadString('\n')
			if err != nil || !yield(line) {
				return
			}
		}
	}
}

func TestTwoProgramsOnOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "greylist")
	c := start(t, path)
	_, err := bolt.Open(path, bolt.Options{Timeout: 100 * time.Millisecond})
	if !errors.Is(err, bolt.ErrInUse) {
		t.Errorf("the second program is told %v", err)
	}
	c.kill(t)
	store, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatalf("when the first is gone: %v", err)
	}
	store.Close()
}
