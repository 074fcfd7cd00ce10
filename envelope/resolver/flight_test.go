package resolver_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

// gated returns a server that answers after the gate is closed.
func gated() (server *hostile, gate chan struct{}) {
	gate = make(chan struct{})
	return &hostile{udp: func(q *dns.Msg, n int) [][]byte {
		<-gate
		return answering("right")(q, n)
	}}, gate
}

// until waits until a condition is true.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long until %s", what)
		}
	}
}

func TestEqualQuestionsShareOneExchange(t *testing.T) {
	for name, size := range map[string]int64{"with a cache": 0, "without a cache": -1} {
		t.Run(name, func(t *testing.T) {
			const callers = 1000
			server, gate := gated()
			r := server.open(t, resolver.Config{Timeout: time.Minute, CacheBytes: size})
			var group sync.WaitGroup
			var results [callers][]string
			for i := range callers {
				group.Go(func() {
					results[i], _ = r.LookupTXT(t.Context(), []string{"name.example.", "NAME.example."}[i%2])
				})
			}
			until(t, "all wait", func() bool { return r.Waiting() == callers })
			close(gate)
			group.Wait()
			for i, texts := range results {
				if len(texts) != 1 || texts[0] != "right" {
					t.Fatalf("caller %d: got %q", i, texts)
				}
				texts[0] = "changed" // other callers must not see it
			}
			if got := server.overUDP.Load(); got != 1 {
				t.Errorf("%d exchanges", got)
			}
			if s := r.Stats(); s.Asked != 1 || s.Shared != callers-1 || s.Found != callers || s.Exchanges != 1 {
				t.Errorf("Stats: %+v", s)
			}
		})
	}
}

// The first caller of an exchange is cancelled, and the second gets its answer.
func TestCancelledCallerDoesNotDisturbOthers(t *testing.T) {
	server, gate := gated()
	r := server.open(t, resolver.Config{Timeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan string), make(chan string)
	go func() { first <- outcome(r.LookupTXT(ctx, name)) }()
	until(t, "the first waits", func() bool { return r.Waiting() == 1 })
	go func() { second <- outcome(r.LookupTXT(t.Context(), name)) }()
	until(t, "both wait", func() bool { return r.Waiting() == 2 })
	cancel()
	if got := <-first; got != "failure" {
		t.Errorf("the first: got %q", got)
	}
	close(gate)
	if got := <-second; got != "right" {
		t.Errorf("the second: got %q", got)
	}
	if got := server.overUDP.Load(); got != 1 {
		t.Errorf("%d exchanges", got)
	}
}

// An exchange without callers is cancelled, and caches nothing.
func TestExchangeEndsWithItsLastCaller(t *testing.T) {
	server, gate := gated()
	reported := make(chan error, 2)
	r := server.open(t, resolver.Config{
		Timeout:    time.Minute,
		OnExchange: func(x resolver.Exchange) { reported <- x.Err },
	})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan string)
	go func() { left <- outcome(r.LookupTXT(ctx, name)) }()
	until(t, "the caller waits", func() bool { return r.Waiting() == 1 })
	cancel()
	<-left
	r.Settle() // would take a minute
	if err := <-reported; err == nil || err.Error() != "no caller is waiting for the answer" {
		t.Errorf("OnExchange gets the error %v", err)
	}
	close(gate)
	wantTXT(t, r, name, "right")
	if s := r.Stats(); s.Asked != 2 || s.Abandoned != 1 || s.Found != 1 {
		t.Errorf("Stats: %+v", s)
	}
}

// Close cancels open questions and waits for the end of their goroutines.
func TestCloseEndsOpenQuestions(t *testing.T) {
	server := new(hostile)
	var ended atomic.Bool
	r := server.open(t, resolver.Config{
		Timeout: time.Hour,
		OnExchange: func(resolver.Exchange) {
			for range 1000 {
				runtime.Gosched() // a Close that does not wait returns in the meantime
			}
			ended.Store(true)
		},
	})
	result := make(chan string)
	go func() { result <- outcome(r.LookupTXT(context.Background(), name)) }()
	until(t, "the server has the question", func() bool { return server.overUDP.Load() == 1 })
	r.Close()
	if !ended.Load() {
		t.Error("the exchange continues after Close")
	}
	if got := <-result; got != "failure" {
		t.Errorf("got %q", got)
	}
}

// When 1,000 questions are being sent, another one waits until one of them or its
// own context ends.
func TestQuestionsBeyondTheLimitWait(t *testing.T) {
	r := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
		if q.Question[0].Name != name {
			return nil
		}
		return answering("right")(q, n)
	}}).open(t, resolver.Config{Timeout: time.Hour})
	const crowd = 1000
	ctx, leave := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for i := range crowd {
		group.Go(func() { r.LookupTXT(ctx, fmt.Sprintf("a%d.example.", i)) })
	}
	until(t, "all are being sent", func() bool { return r.Open() == crowd })
	late, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	if got := outcome(r.LookupTXT(late, name)); got != "timeout" {
		t.Errorf("beyond the limit: got %q", got)
	}
	leave()
	wantTXT(t, r, name, "right")
	group.Wait()
}

// A panic of OnExchange or of the code that decodes a reply fails the question and
// does not end the program. The same holds for runtime.Goexit.
func TestPanicIsAFailure(t *testing.T) {
	for want, onExchange := range map[string]func(resolver.Exchange){
		"lookup name.example.: panic: oh":              func(resolver.Exchange) { panic("oh") },
		"lookup name.example.: the lookup was aborted": func(resolver.Exchange) { runtime.Goexit() },
	} {
		r := (&hostile{udp: answering("right")}).open(t, resolver.Config{OnExchange: onExchange})
		ctx, cancel := context.WithTimeout(t.Context(), long)
		_, err := r.LookupTXT(ctx, name)
		cancel()
		if got := outcome(nil, err); got != "failure" || err.Error() != want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}
