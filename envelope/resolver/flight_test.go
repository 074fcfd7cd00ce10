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

// gated is a server that answers when the gate is opened.
func gated(t *testing.T) (server *hostile, gate chan struct{}) {
	gate = make(chan struct{})
	server = (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
		<-gate
		return answering("right")(q, n)
	}}).start(t)
	return server, gate
}

// until waits for what another goroutine is about to do.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s does not come about", what)
		}
	}
}

func TestEqualQuestionsShareOneExchange(t *testing.T) {
	for name, size := range map[string]int64{"with a cache": 0, "without a cache": -1} {
		t.Run(name, func(t *testing.T) {
			const callers = 1000
			server, gate := gated(t)
			r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: time.Minute, CacheBytes: size})
			var group sync.WaitGroup
			var results [callers][]string
			for i := range callers {
				group.Go(func() {
					results[i], _ = r.LookupTXT(t.Context(), []string{"name.example.", "NAME.example."}[i%2])
				})
			}
			until(t, "that all wait", func() bool { return r.Waiting() == callers })
			close(gate)
			group.Wait()
			for i, texts := range results {
				if len(texts) != 1 || texts[0] != "right" {
					t.Fatalf("caller %d: got %q", i, texts)
				}
				texts[0] = "changed" // it belongs to this caller
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

// Who leaves takes nothing from those who stay, also if he was the first.
func TestOneCallersCancelIsHisOwn(t *testing.T) {
	server, gate := gated(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan string), make(chan string)
	go func() { first <- outcome(r.LookupTXT(ctx, name)) }()
	until(t, "that the first waits", func() bool { return r.Waiting() == 1 })
	go func() { second <- outcome(r.LookupTXT(t.Context(), name)) }()
	until(t, "that both wait", func() bool { return r.Waiting() == 2 })
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

// With the last caller the exchange ends, and leaves nothing in the cache.
func TestWithTheLastCallerTheExchangeEnds(t *testing.T) {
	server, gate := gated(t)
	told := make(chan error, 2)
	r := open(t, resolver.Config{
		Servers: []string{server.address}, Timeout: time.Minute,
		OnExchange: func(x resolver.Exchange) { told <- x.Err },
	})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan string)
	go func() { left <- outcome(r.LookupTXT(ctx, name)) }()
	until(t, "that one waits", func() bool { return r.Waiting() == 1 })
	cancel()
	<-left
	r.Settle() // would take a minute
	if err := <-told; err == nil || err.Error() != "nobody waits for the answer" {
		t.Errorf("OnExchange is told of %v", err)
	}
	close(gate)
	if got := outcome(r.LookupTXT(t.Context(), name)); got != "right" {
		t.Errorf("the next one: got %q", got)
	}
	if s := r.Stats(); s.Asked != 2 || s.Left != 1 || s.Found != 1 {
		t.Errorf("Stats: %+v", s)
	}
}

// Close ends what is open, and waits until it has ended.
func TestCloseEndsOpenQuestions(t *testing.T) {
	server := (&hostile{}).start(t)
	var ended atomic.Bool
	r := open(t, resolver.Config{
		Servers: []string{server.address}, Timeout: time.Hour,
		OnExchange: func(resolver.Exchange) {
			for range 1000 {
				runtime.Gosched() // a Close that does not wait is done by now
			}
			ended.Store(true)
		},
	})
	result := make(chan string)
	go func() { result <- outcome(r.LookupTXT(context.Background(), name)) }()
	until(t, "that the question is with the server", func() bool { return server.overUDP.Load() == 1 })
	r.Close()
	if !ended.Load() {
		t.Error("the exchange goes on after Close")
	}
	if got := <-result; got != "failure" {
		t.Errorf("got %q", got)
	}
}

// Only so many questions are with servers at the same time. What is beyond waits
// for its turn, or until its context ends.
func TestQuestionsBeyondTheBoundWaitTheirTurn(t *testing.T) {
	server := (&hostile{udp: func(q *dns.Msg, n int) [][]byte {
		if q.Question[0].Name != name {
			return nil
		}
		return answering("right")(q, n)
	}}).start(t)
	r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: time.Hour})
	const crowd = 1000
	ctx, leave := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for i := range crowd {
		group.Go(func() { r.LookupTXT(ctx, fmt.Sprintf("a%d.example.", i)) })
	}
	until(t, "that all are with the server", func() bool { return r.Open() == crowd })
	late, cancel := context.WithTimeout(t.Context(), short)
	defer cancel()
	if got := outcome(r.LookupTXT(late, name)); got != "timeout" {
		t.Errorf("one too many: got %q", got)
	}
	leave()
	if got := outcome(r.LookupTXT(t.Context(), name)); got != "right" {
		t.Errorf("when there is room: got %q", got)
	}
	group.Wait()
}

// A panic in OnExchange, or in what reads a reply, is a failure of the question
// and not the end of the program. Nor does anyone wait for ever for a goroutine
// that ends itself.
func TestPanicIsAFailure(t *testing.T) {
	server := (&hostile{udp: answering("right")}).start(t)
	for want, onExchange := range map[string]func(resolver.Exchange){
		"lookup name.example.: panic: oh":                 func(resolver.Exchange) { panic("oh") },
		"lookup name.example.: the question was given up": func(resolver.Exchange) { runtime.Goexit() },
	} {
		r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long, OnExchange: onExchange})
		ctx, cancel := context.WithTimeout(t.Context(), long)
		_, err := r.LookupTXT(ctx, name)
		cancel()
		if got := outcome(nil, err); got != "failure" || err.Error() != want {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}
