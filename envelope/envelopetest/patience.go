package envelopetest

import (
	"fmt"
	"testing"
	"time"
)

// patience is the time after which a call counts as hung. It is so long that the speed
// of the machine does not matter.
const patience = 30 * time.Second

// bounded returns what call returns. A call that panics, or that does not
// return within limit, ends the test.
func bounded[T any](t testing.TB, limit time.Duration, what string, call func() T) T {
	t.Helper()
	type result struct {
		value T
		panic string
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r.panic = fmt.Sprint(p)
			}
			done <- r
		}()
		r.value = call()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case r := <-done:
		if r.panic != "" {
			t.Fatalf("%s: panics: %s", what, r.panic)
		}
		return r.value
	case <-timer.C:
		t.Fatalf("%s: does not return", what)
		panic("unreachable")
	}
}
