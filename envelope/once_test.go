package envelope_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"mxrules.example/envelope"
)

func TestOnceComputesOncePerJudgement(t *testing.T) {
	type key struct{ domain string }
	computed := 0
	ask := func(ctx context.Context, domain string) int {
		return envelope.Once(ctx, key{domain}, func() int { computed++; return computed })
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

func TestOnceOutsideAJudgementJustCalls(t *testing.T) {
	type key struct{}
	computed := 0
	for range 3 {
		envelope.Once(t.Context(), key{}, func() int { computed++; return computed })
	}
	if computed != 3 {
		t.Errorf("computed %d times, want 3", computed)
	}
}

func TestOnceKeepsTypesOfKeysApart(t *testing.T) {
	type ours string
	type theirs string
	ctx := envelope.WithJudgement(t.Context())
	a := envelope.Once(ctx, ours("key"), func() string { return "ours" })
	b := envelope.Once(ctx, theirs("key"), func() int { return 42 })
	c := envelope.Once(ctx, "key", func() bool { return true })
	if a != "ours" || b != 42 || !c {
		t.Errorf("got %v, %v, %v", a, b, c)
	}
}

func TestOnceSharedByManyAtTheSameTime(t *testing.T) {
	type key struct{ n int }
	ctx := envelope.WithJudgement(t.Context())
	var computed atomic.Int32
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range 64 {
		done.Go(func() {
			start.Wait()
			n := i % 4
			got := envelope.Once(ctx, key{n}, func() string {
				computed.Add(1)
				return fmt.Sprint("result ", n)
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
			envelope.Once(ctx, key{}, func() int { computed++; panic("broken") })
			t.Errorf("caller %d went on", i)
		}()
	}
	if computed != 1 {
		t.Errorf("computed %d times", computed)
	}
}
