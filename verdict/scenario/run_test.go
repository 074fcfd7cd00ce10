package scenario

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"testing/fstest"
)

// failing is a test that collects its errors.
type failing struct {
	testing.TB
	errors []string
}

func (f *failing) Helper()           {}
func (f *failing) Error(args ...any) { f.errors = append(f.errors, fmt.Sprint(args...)) }
func (f *failing) Failed() bool      { return len(f.errors) > 0 }
func (f *failing) FailNow()          { runtime.Goexit() }

// What is wrong with the head of a file is said once, and not for each scenario.
func TestHeadsAreCheckedOnce(t *testing.T) {
	const scenes = "scenario a\nscenario b\n"
	fsys := fstest.MapFS{
		"a.scenario": &fstest.MapFile{Data: []byte("policy z\n" + scenes)},
		"b.scenario": &fstest.MapFile{Data: []byte("policy p\nmailbox a b c\n" + scenes)},
		"c.scenario": &fstest.MapFile{Data: []byte("policy p\n" + scenes)},
	}
	tb := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		parseAll(tb, fsys, policies)
	}()
	<-done
	want := []string{
		`a.scenario:1: there is no policy "z"; the policies are: leaky p q two`,
		`b.scenario:2: mailbox entry "a" is followed by "b", which is none of known, unknown, disabled, full, moved`,
	}
	if !slices.Equal(tb.errors, want) {
		t.Errorf("got %q, want %q", tb.errors, want)
	}
}
