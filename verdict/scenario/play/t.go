package play

import "context"

// T is what playing needs of a test. Package scenario makes one of a *testing.T.
type T interface {
	Helper()
	Name() string
	Context() context.Context
	Log(args ...any)
	Error(args ...any)
	// Fatal ends the test, and does not return.
	Fatal(args ...any)
	Parallel()
	Run(name string, f func(T)) bool
	// Bubble calls f in a bubble of testing/synctest, in which no time passes, and Settle
	// waits there until the other goroutines of the bubble are blocked.
	Bubble(f func(T))
	Settle()
}
