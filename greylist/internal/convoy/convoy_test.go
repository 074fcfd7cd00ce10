package convoy_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/greylist/internal/convoy"
)

// engine takes an hour for each batch, and records it.
type engine struct {
	mu   sync.Mutex
	runs [][]int
	now  int // batches in progress
	most int
}

func (e *engine) carry(items []int) {
	e.mu.Lock()
	e.runs = append(e.runs, slices.Clone(items))
	e.now++
	e.most = max(e.most, e.now)
	e.mu.Unlock()
	time.Sleep(time.Hour)
	e.mu.Lock()
	e.now--
	e.mu.Unlock()
}

func TestWaitingCallsFormABatch(t *testing.T) {
	for name, do := range map[string]func(*convoy.Convoy[int], context.Context, int) error{
		"Do": (*convoy.Convoy[int]).Do, "DoHere": (*convoy.Convoy[int]).DoHere,
	} {
		t.Run(name, func(t *testing.T) { together(t, do) })
	}
}

func together(t *testing.T, do func(*convoy.Convoy[int], context.Context, int) error) {
	for _, tc := range []struct {
		name        string
		lanes, most int
		calls       int
		want        []int // items in each batch
	}{
		{"a single call runs alone", 1, 100, 1, []int{1}},
		{"waiting calls run in the second batch", 1, 100, 50, []int{1, 49}},
		{"a batch is limited", 1, 20, 50, []int{1, 20, 20, 9}},
		{"each lane runs a batch", 3, 100, 50, []int{1, 1, 1, 47}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var e engine
				c := convoy.New(tc.lanes, tc.most, e.carry)
				began := time.Now()
				var group sync.WaitGroup
				for i := range tc.calls {
					group.Go(func() {
						if err := do(c, t.Context(), i); err != nil {
							t.Error(err)
						}
						e.mu.Lock()
						defer e.mu.Unlock()
						if !slices.ContainsFunc(e.runs, func(run []int) bool { return slices.Contains(run, i) }) {
							t.Errorf("call %d returned but was not carried", i)
						}
					})
					synctest.Wait()
				}
				group.Wait()
				var got []int
				var items []int
				for _, run := range e.runs {
					got = append(got, len(run))
					items = append(items, run...)
				}
				if !slices.Equal(got, tc.want) {
					t.Errorf("the batches have %v items, want %v", got, tc.want)
				}
				slices.Sort(items)
				if len(slices.Compact(items)) != tc.calls {
					t.Errorf("carried items %v", items)
				}
				if e.most > tc.lanes {
					t.Errorf("%d concurrent batches", e.most)
				}
				if tc.lanes == 1 && time.Since(began) != time.Duration(len(tc.want))*time.Hour {
					t.Errorf("the batches took %v", time.Since(began))
				}
			})
		})
	}
}

func TestCallReturnsWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e engine
		c := convoy.New(1, 100, e.carry)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for _, err := range []error{c.Do(ended, 0), c.DoHere(ended, 0)} {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("with a canceled context: error %v", err)
			}
		}
		var group sync.WaitGroup
		for i, patience := range []time.Duration{10 * time.Minute, 20 * time.Minute, 5 * time.Hour} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			group.Go(func() {
				began := time.Now()
				err := c.Do(ctx, i+1)
				if i < 2 && (!errors.Is(err, context.DeadlineExceeded) || time.Since(began) != patience) {
					t.Errorf("call %d: error %v after %v", i+1, err, time.Since(began))
				}
				if i == 2 && err != nil {
					t.Errorf("call 3: error %v", err)
				}
			})
			synctest.Wait()
		}
		group.Wait()
		// The first batch had started. The second call was dropped.
		if len(e.runs) != 2 || !slices.Equal(e.runs[0], []int{1}) || !slices.Equal(e.runs[1], []int{3}) {
			t.Errorf("the batches are %v", e.runs)
		}
	})
}

func TestNoGoroutineIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
		var e engine
		c := convoy.New(2, 10, e.carry)
		for i := range 3 {
			if err := c.Do(t.Context(), i); err != nil {
				t.Fatal(err)
			}
		}
		if len(e.runs) != 3 {
			t.Errorf("the batches are %v", e.runs)
		}
	})
}

// Calls that are made at the same moment share a batch, even if the store is idle when
// the first of them comes.
func TestConcurrentCallsFormABatch(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // the other calls can only run when the batch waits for them
	synctest.Test(t, func(t *testing.T) {
		var e engine
		c := convoy.New(1, 100, e.carry)
		const callers, rounds = 50, 4
		var group sync.WaitGroup
		for range callers {
			group.Go(func() {
				for range rounds {
					if err := c.Do(t.Context(), 1); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if len(e.runs) > rounds+1 {
			t.Errorf("%d batches for %d rounds of %d calls", len(e.runs), rounds, callers)
		}
	})
}
