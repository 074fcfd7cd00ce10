package envelope_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"mxrules.example/envelope"
)

func TestOnceComputesOncePerJudgement(t *testing.T) {
	type key struct{ domain string }
	computed := 0
	ask := func(ctx context.Context, domain string) int {
		n, _ := envelope.Once(ctx, key{domain}, func() (int, error) { computed++; return computed, nil })
		return n
	}
	first := envelope.WithJudgement(t.Context())
	if a, b := ask(first, "a.example"), ask(first, "a.example"); a != 1 || b != 1 {
		t.Errorf("one key in one judgement gave %d and %d", a, b)
	}
	if got := ask(first, "b.example"); got != 2 {
		t.Errorf("another key gave %d", got)
	}
	second := envelope.WithJudgement(first)
	if got := ask(second, "a.example"); got != 3 {
		t.Errorf("another judgement gave %d, of the first", got)
	}
	derived, cancel := context.WithCancel(first)
	defer cancel()
	if got := ask(derived, "a.example"); got != 1 {
		t.Errorf("a context within the first judgement gave %d", got)
	}
}

func TestOnceOutsideAJudgementComputesEachTime(t *testing.T) {
	type key struct{}
	computed := 0
	for range 3 {
		envelope.Once(t.Context(), key{}, func() (int, error) { computed++; return computed, nil })
	}
	if computed != 3 {
		t.Errorf("computed %d times, want 3", computed)
	}
}

func TestOnceDistinguishesKeyTypes(t *testing.T) {
	type ours string
	type theirs string
	ctx := envelope.WithJudgement(t.Context())
	a, _ := envelope.Once(ctx, ours("key"), func() (string, error) { return "ours", nil })
	b, _ := envelope.Once(ctx, theirs("key"), func() (int, error) { return 42, nil })
	c, _ := envelope.Once(ctx, "key", func() (bool, error) { return true, nil })
	if a != "ours" || b != 42 || !c {
		t.Errorf("got %v, %v, %v", a, b, c)
	}
}

func TestOnceSharesConcurrently(t *testing.T) {
	type key struct{ n int }
	ctx := envelope.WithJudgement(t.Context())
	var computed atomic.Int32
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range 64 {
		done.Go(func() {
			start.Wait()
			n := i % 4
			got, _ := envelope.Once(ctx, key{n}, func() (string, error) {
				computed.Add(1)
				return fmt.Sprint("result ", n), nil
			})
			if want := fmt.Sprint("result ", n); got != want {
				t.Errorf("key %d gave %q", n, got)
			}
		})
	}
	start.Done()
	done.Wait()
	if got := computed.Load(); got != 4 {
		t.Errorf("4 keys were computed %d times", got)
	}
}

func TestOncePanicsForEveryCaller(t *testing.T) {
	type key struct{}
	ctx := envelope.WithJudgement(t.Context())
	computed := 0
	for i := range 3 {
		func() {
			defer func() {
				if got := recover(); got != "broken" {
					t.Errorf("caller %d recovered %v", i, got)
				}
			}()
			envelope.Once(ctx, key{}, func() (int, error) { computed++; panic("broken") })
			t.Errorf("caller %d went on", i)
		}()
	}
	if computed != 1 {
		t.Errorf("computed %d times", computed)
	}
}

// If the first caller did not wait for the answer, the others compute it.
func TestOnceRetriesAbandonedWork(t *testing.T) {
	type key struct{}
	judgement := envelope.WithJudgement(t.Context())
	ended, cancel := context.WithCancel(judgement)
	cancel()
	computed := 0
	ask := func(ctx context.Context) error {
		_, err := envelope.Once(ctx, key{}, func() (int, error) { computed++; return computed, ctx.Err() })
		return err
	}
	if err := ask(ended); err != context.Canceled {
		t.Errorf("a caller without time got %v", err)
	}
	for range 2 {
		if err := ask(judgement); err != nil {
			t.Errorf("a caller with time got %v", err)
		}
	}
	if err := ask(ended); err != nil {
		t.Errorf("a caller without time got %v where the answer was there", err)
	}
	if computed != 2 {
		t.Errorf("computed %d times, want 2", computed)
	}
}

// The memo finds its first keys in another way than the others.
func TestOnceKeepsManyKeys(t *testing.T) {
	type key struct{ n int }
	judgement := envelope.WithJudgement(t.Context())
	ended, cancel := context.WithCancel(judgement)
	cancel()
	const keys = 100
	var computed [keys]int
	ask := func(ctx context.Context, n int) int {
		got, _ := envelope.Once(ctx, key{n}, func() (int, error) { computed[n]++; return n, nil })
		return got
	}
	for n := range keys {
		for _, ctx := range []context.Context{ended, judgement, judgement} {
			if got := ask(ctx, n); got != n {
				t.Errorf("key %d gave %d", n, got)
			}
		}
	}
	for n := range keys {
		ask(judgement, n)
		if computed[n] != 2 { // once by the caller without time
			t.Errorf("key %d was computed %d times, want 2", n, computed[n])
		}
	}
}

func TestOnceWaitsNoLongerThanTheContextOfItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		judgement := envelope.WithJudgement(t.Context())
		began := time.Now()
		var computed atomic.Int32
		ask := func(timeout time.Duration) (answered, after time.Duration) {
			ctx, cancel := context.WithTimeout(judgement, timeout)
			defer cancel()
			answered, _ = envelope.Once(ctx, key{}, func() (time.Duration, error) {
				computed.Add(1)
				select {
				case <-time.After(10 * time.Second):
				case <-ctx.Done():
				}
				return timeout, nil
			})
			return answered, time.Since(began)
		}
		var waiting sync.WaitGroup
		for i, tc := range []struct{ timeout, after time.Duration }{
			{4 * time.Second, 4 * time.Second},   // computes, and its context ends
			{2 * time.Second, 2 * time.Second},   // does not wait for the first
			{time.Minute, 14 * time.Second},      // one of these three computes again at 4 s,
			{time.Hour, 14 * time.Second},        // and the others wait for it
			{20 * time.Second, 14 * time.Second}, //
		} {
			waiting.Go(func() {
				time.Sleep(time.Duration(i) * time.Nanosecond) // one after another
				answered, after := ask(tc.timeout)
				if after = after.Round(time.Second); after != tc.after {
					t.Errorf("with a timeout of %v: an answer after %v, want %v", tc.timeout, after, tc.after)
				}
				if enough := tc.timeout > 10*time.Second; enough != (answered > 10*time.Second) {
					t.Errorf("with a timeout of %v: the answer of a caller with %v", tc.timeout, answered)
				}
			})
		}
		waiting.Wait()
		if n := computed.Load(); n != 3 {
			t.Errorf("computed %d times, want 3: for the first two, and for all others", n)
		}
	})
}

func TestOnceRetriesIfAGoroutineExits(t *testing.T) {
	type key struct{}
	ctx := envelope.WithJudgement(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() {
		envelope.Once(ctx, key{}, func() (int, error) { runtime.Goexit(); return 0, nil })
	})
	ended.Wait()
	if got, _ := envelope.Once(ctx, key{}, func() (int, error) { return 7, nil }); got != 7 {
		t.Errorf("got %d", got)
	}
}

func TestOncePerMessageIsSharedByAllJudgementsOfTheMessage(t *testing.T) {
	type key struct{ smtputf8 bool }
	computed := 0
	ask := func(ctx context.Context, m *envelope.Message, k key) int {
		n, _ := envelope.OncePerMessage(ctx, m, k, func() (int, error) { computed++; return computed, nil })
		return n
	}
	m, other := envelope.NewMessage([]byte("a")), envelope.NewMessage([]byte("a"))
	for _, tc := range []struct {
		name string
		m    *envelope.Message
		key  key
		want int
	}{
		{"first", m, key{}, 1},
		{"again", m, key{}, 1},
		{"another key", m, key{true}, 2},
		{"another message", other, key{}, 3},
		{"the first message and key", m, key{}, 1},
	} {
		for where, ctx := range map[string]context.Context{
			"outside a judgement": t.Context(),
			"in a judgement":      envelope.WithJudgement(t.Context()),
		} {
			if got := ask(ctx, tc.m, tc.key); got != tc.want {
				t.Errorf("%s, %s: got the result of computation %d, want %d", tc.name, where, got, tc.want)
			}
		}
	}
}

func TestOncePerMessageRetriesAbandonedWork(t *testing.T) {
	type key struct{}
	m := envelope.NewMessage(nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		name string
		ctx  context.Context
		want error
	}{
		{"a caller without time", ended, context.Canceled},
		{"a caller with time", t.Context(), nil},
		{"a caller without time, once the answer is there", ended, nil},
	} {
		_, err := envelope.OncePerMessage(tc.ctx, m, key{}, func() (int, error) { return 0, tc.ctx.Err() })
		if err != tc.want {
			t.Errorf("%s got %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestOncePerMessageIsReleasedWithTheMessage(t *testing.T) {
	type key struct{}
	m := envelope.NewMessage(nil)
	computed := 0
	ask := func() *[64]byte {
		value, _ := envelope.OncePerMessage(t.Context(), m, key{}, func() (*[64]byte, error) { computed++; return new([64]byte), nil })
		return value
	}
	released := weak.Make(ask())
	m.Close()
	runtime.GC()
	if released.Value() != nil {
		t.Error("a closed message keeps what was computed")
	}
	if ask() == nil || computed != 2 {
		t.Errorf("after Close the answer was computed %d times in all, want 2", computed)
	}
	runtime.KeepAlive(m)
}

func TestAMessageCanBeClosedDuringAComputation(t *testing.T) {
	type key struct{}
	m := envelope.NewMessage(nil)
	ended, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, ctx := range []context.Context{t.Context(), ended} {
		got, _ := envelope.OncePerMessage(ctx, m, key{}, func() (int, error) {
			m.Close()
			cancel()
			again, _ := envelope.OncePerMessage(t.Context(), m, key{}, func() (int, error) { return 2, nil })
			return again - 1, nil
		})
		if kept, _ := envelope.OncePerMessage(t.Context(), m, key{}, func() (int, error) { return 3, nil }); got != 1 || kept != 2 {
			t.Errorf("got %d and %d, want 1 and, from after Close, 2", got, kept)
		}
		m.Close()
	}
}
