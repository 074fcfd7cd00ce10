package envelope_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
)

// waiting waits as a lookup does, and returns early if ctx ends.
func waiting(ctx context.Context, d time.Duration) error {
	_, err := envelope.Wait(ctx, func() (struct{}, error) {
		select {
		case <-time.After(d):
			return struct{}{}, nil
		case <-ctx.Done():
			return struct{}{}, ctx.Err()
		}
	})
	return err
}

// judged calls f in a judgement with a clock that only waiting moves, and
// returns how long it took. Every goroutine has ended when it returns.
func judged(t *testing.T, f func(ctx context.Context)) (took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithCancel(envelope.WithJudgement(t.Context()))
		f(ctx)
		took = time.Since(began)
		cancel()
	})
	return took
}

func TestConcurrentCallsWaitTogether(t *testing.T) {
	waits := []int{3, 1, 2, 0, 5, 0, 4}
	var got []int
	took := judged(t, func(ctx context.Context) {
		for item, value := range envelope.Concurrently(ctx, waits, func(ctx context.Context, n int) int {
			for range n {
				waiting(ctx, time.Second)
			}
			return 10 * n
		}) {
			got = append(got, item, value)
		}
	})
	if took != 5*time.Second {
		t.Errorf("took %v, want as long as the longest call", took)
	}
	if want := []int{3, 30, 1, 10, 2, 20, 0, 0, 5, 50, 0, 0, 4, 40}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestACallThatDoesNotWaitStartsNothingElse(t *testing.T) {
	for _, tc := range []struct {
		name    string
		waits   []int
		until   int // the item with which the loop ends
		started string
	}{
		{"nothing waits", []int{0, 0, 0, 0}, 1, "0 1"},
		{"the first waits", []int{1, 0, 0, 0}, 0, "0 1 2 3"},
		{"the third waits", []int{0, 0, 1, 0}, 1, "0 1"},
		{"the third waits and is awaited", []int{0, 0, 1, 0}, 2, "0 1 2 3"},
		{"the second decides after the first waited", []int{1, 0, 1, 1}, 1, "0 1 2 3"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var mu sync.Mutex
			var started []string
			goroutines := runtime.NumGoroutine()
			judged(t, func(ctx context.Context) {
				indices := []int{0, 1, 2, 3}
				for i := range envelope.Concurrently(ctx, indices, func(ctx context.Context, i int) int {
					mu.Lock()
					started = append(started, fmt.Sprint(i))
					mu.Unlock()
					for range tc.waits[i] {
						waiting(ctx, time.Second)
					}
					return i
				}) {
					if tc.until == 1 && i == 0 && tc.waits[0] == 0 && runtime.NumGoroutine() > goroutines+2 {
						t.Error("a call that does not wait has a goroutine")
					}
					if i == tc.until {
						break
					}
				}
			})
			if got := strings.Join(started, " "); got != tc.started {
				t.Errorf("started %s, want %s", got, tc.started)
			}
		})
	}
}

// Calls over the bound wait for their turn, also those that other calls make.
func TestAJudgementHasAtMost128Goroutines(t *testing.T) {
	hundred := make([]int, 100)
	var waits, most atomic.Int64
	wait := func(ctx context.Context, _ int) int {
		most.Store(max(most.Load(), waits.Add(1)))
		defer waits.Add(-1)
		waiting(ctx, time.Second)
		return 1
	}
	ask := func(ctx context.Context, _ int) (n int) {
		for _, one := range envelope.Concurrently(ctx, hundred, wait) {
			n += one
		}
		return n
	}
	n := 0
	took := judged(t, func(ctx context.Context) {
		for range envelope.Ready(ctx, hundred[:10], wait) {
		}
		for _, part := range envelope.Concurrently(ctx, hundred[:5], ask) {
			n += part
		}
	})
	// The judge and four calls wait for others, and one of them makes a call itself.
	if n != 500 || most.Load() > 129 || took > 5*time.Second {
		t.Errorf("%d calls, %d of them at once, took %v", n, most.Load(), took)
	}
}

// A loop that ends early cancels the calls that still run and does not wait for them.
func TestALoopThatEndsEarlyDoesNotWait(t *testing.T) {
	var ended error
	took := judged(t, func(ctx context.Context) {
		began := time.Now()
		for i := range envelope.Concurrently(ctx, []int{1, 3600}, func(ctx context.Context, seconds int) error {
			err := waiting(ctx, time.Duration(seconds)*time.Second)
			if seconds == 3600 {
				ended = err
			}
			return err
		}) {
			if i == 1 {
				break
			}
		}
		if d := time.Since(began); d != time.Second {
			t.Errorf("the loop took %v", d)
		}
		synctest.Wait()
	})
	if took != time.Second || !errors.Is(ended, context.Canceled) {
		t.Errorf("after %v the other call ended with %v", took, ended)
	}
}

func TestReadyYieldsFinishedCallsAndTheOthersContinue(t *testing.T) {
	var mu sync.Mutex
	var finished []int
	ask := func(ctx context.Context, seconds int) int {
		for range seconds {
			if waiting(ctx, time.Second) != nil {
				return -1
			}
		}
		mu.Lock()
		defer mu.Unlock()
		finished = append(finished, seconds)
		return 10 * seconds
	}
	var ready []int
	judged(t, func(ctx context.Context) {
		began := time.Now()
		for item, value := range envelope.Ready(ctx, []int{2, 0, 1, 0}, ask) {
			ready = append(ready, item, value)
		}
		if d := time.Since(began); d != 0 {
			t.Errorf("waited %v", d)
		}
		time.Sleep(3 * time.Second)
		for range envelope.Ready(envelope.Sequentially(ctx), []int{0}, ask) {
			t.Error("a judgement that is sequential has something ready")
		}
	})
	if want := []int{0, 0, 0, 0}; !slices.Equal(ready, want) {
		t.Errorf("ready were %v, want %v", ready, want)
	}
	if want := []int{0, 0, 1, 2}; !slices.Equal(finished, want) {
		t.Errorf("finished were %v, want %v", finished, want)
	}
}

// task is a call that waits, makes more calls, and shares work with others.
type task struct {
	id     int
	waits  int // seconds, before the parts
	shared int // asks for this key, if it is not 0
	parts  []*task
	enough int // how many of the parts it looks at
}

func randomTask(r *rand.Rand, depth int, id *int) *task {
	*id++
	t := &task{id: *id, waits: r.IntN(4), shared: r.IntN(6)}
	if depth > 0 {
		for range r.IntN(5) {
			t.parts = append(t.parts, randomTask(r, depth-1, id))
		}
	}
	t.enough = r.IntN(len(t.parts) + 1)
	return t
}

// do returns the result of the task. Shared work ends with the judgement
// and not with the task that asked first.
func (tk *task) do(ctx, judgement context.Context) string {
	for range tk.waits {
		if waiting(ctx, time.Second) != nil {
			return "cancelled"
		}
	}
	said := fmt.Sprint(tk.id)
	if tk.shared != 0 {
		type key int
		lasting := lastingContext{ctx, judgement}
		value, _ := envelope.Once(lasting, key(tk.shared), func() (string, error) {
			waiting(lasting, time.Duration(tk.shared)*time.Second)
			return fmt.Sprintf("(%d)", tk.shared), nil
		})
		said += value
	}
	if tk.enough == 0 {
		return said
	}
	left := tk.enough
	for _, part := range envelope.Concurrently(ctx, tk.parts, func(ctx context.Context, part *task) string { return part.do(ctx, judgement) }) {
		said += " [" + part + "]"
		if left--; left == 0 {
			break
		}
	}
	return said
}

// lastingContext has the values of one context and ends with another.
type lastingContext struct {
	context.Context
	until context.Context
}

func (c lastingContext) Done() <-chan struct{} { return c.until.Done() }
func (c lastingContext) Err() error            { return c.until.Err() }

// alone returns how long the task takes without sharing, if all of its
// parts run concurrently.
func (tk *task) alone() time.Duration {
	longest := time.Duration(0)
	for i, part := range tk.parts {
		if i < tk.enough {
			longest = max(longest, part.alone())
		}
	}
	return longest + time.Duration(tk.waits+tk.shared)*time.Second
}

// The result is that of one call after another; no task
// takes longer than alone with all its parts running concurrently; and no goroutine
// is left.
func TestConcurrentIsSequential(t *testing.T) {
	cases := 3000
	if testing.Short() {
		cases = 300
	}
	for seed := range cases {
		r := rand.New(rand.NewPCG(7, uint64(seed)))
		id := 0
		root := randomTask(r, 3, &id)
		var got, want string
		took := judged(t, func(ctx context.Context) { got = root.do(ctx, ctx) })
		judged(t, func(ctx context.Context) { want = root.do(envelope.Sequentially(ctx), ctx) })
		if got != want {
			t.Fatalf("seed %d: got\n%s\nwant\n%s", seed, got, want)
		}
		if alone := root.alone(); took > alone {
			t.Fatalf("seed %d: took %v, and alone it is %v", seed, took, alone)
		}
	}
}

func TestConcurrentCallsThatPanic(t *testing.T) {
	for name, broken := range map[string]func(){
		"panic": func() { panic("broken") }, "exit": runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			judged(t, func(ctx context.Context) {
				var seen []int
				defer func() {
					if v := recover(); v == nil || len(seen) != 1 {
						t.Errorf("recovered %v after %v", v, seen)
					}
				}()
				for i := range envelope.Concurrently(ctx, []int{0, 1, 2}, func(ctx context.Context, i int) int {
					waiting(ctx, time.Second)
					if i == 1 {
						broken()
					}
					return i
				}) {
					seen = append(seen, i)
				}
				t.Error("the loop went on")
			})
		})
	}
}

func BenchmarkConcurrently(b *testing.B) {
	items := make([]int, 10)
	for name, ask := range map[string]func(ctx context.Context, i int) int{
		"nothing waits": func(_ context.Context, i int) int { return i },
		"all wait": func(ctx context.Context, i int) int {
			envelope.Wait(ctx, func() (int, error) { runtime.Gosched(); return 0, nil })
			return i
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ctx := envelope.WithJudgement(context.Background())
				for range envelope.Concurrently(ctx, items, ask) {
				}
			}
		})
	}
}
