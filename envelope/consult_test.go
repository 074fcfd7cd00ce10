package envelope_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
)

// consulting returns how long three calls take together of a function that waits a
// second in this way.
func consulting(t *testing.T, wait func(ctx context.Context)) (took time.Duration, started []int) {
	took = judged(t, func(ctx context.Context) {
		first := make(chan int, 3)
		for i := range envelope.Concurrently(ctx, []int{0, 1, 2}, func(ctx context.Context, i int) int {
			first <- i
			v, err := envelope.Consult(ctx, func(ctx context.Context) (int, error) {
				wait(ctx)
				return i, errors.New("as it is")
			})
			if v != i || err == nil {
				t.Errorf("got %d, %v", v, err)
			}
			return i
		}) {
			if i == 0 {
				break
			}
		}
		for len(first) > 0 {
			started = append(started, <-first)
		}
	})
	return took, started
}

func TestConsultWaitsWhenTheContextIsAsked(t *testing.T) {
	second := func(ctx context.Context) {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	for name, tc := range map[string]struct {
		wait    func(ctx context.Context)
		started int
	}{
		"Done":     {second, 3},
		"Deadline": {func(ctx context.Context) { ctx.Deadline(); second(context.Background()) }, 3},
		"a context with a timeout": {func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			second(ctx)
		}, 3},
		"a Wait within":            {func(ctx context.Context) { waiting(ctx, time.Second) }, 3},
		"memory":                   {func(context.Context) { synctest.Wait() }, 1},
		"memory, if there is time": {func(ctx context.Context) { _ = ctx.Err(); synctest.Wait() }, 1},
	} {
		if _, started := consulting(t, tc.wait); len(started) != tc.started {
			t.Errorf("%s: %v started, want %d calls", name, started, tc.started)
		}
	}
}

func TestConsultationsGoOnTogether(t *testing.T) {
	took := judged(t, func(ctx context.Context) {
		for range envelope.Concurrently(ctx, make([]int, 5), func(ctx context.Context, _ int) error {
			_, err := envelope.Consult(ctx, func(ctx context.Context) (int, error) { return 0, waiting(ctx, time.Second) })
			return err
		}) {
		}
	})
	if took != time.Second {
		t.Errorf("took %v", took)
	}
}

// A context that outlives its consultation starts nothing.
func TestAConsultationEnds(t *testing.T) {
	var kept context.Context
	judged(t, func(ctx context.Context) {
		started := 0
		for i := range envelope.Concurrently(ctx, []int{0, 1}, func(ctx context.Context, i int) int {
			started++
			envelope.Consult(ctx, func(ctx context.Context) (int, error) { kept = ctx; return 0, nil })
			kept.Done()
			return i
		}) {
			if started != i+1 {
				t.Errorf("%d started at call %d", started, i)
			}
		}
	})
}

func TestConsultOutsideAJudgement(t *testing.T) {
	v, err := envelope.Consult(t.Context(), func(ctx context.Context) (int, error) { return 7, ctx.Err() })
	if v != 7 || err != nil {
		t.Errorf("got %d, %v", v, err)
	}
}
