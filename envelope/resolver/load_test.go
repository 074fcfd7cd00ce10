package resolver_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

// 256 goroutines ask 10,000 questions while the first of three servers is silent.
// Every answer is right, and after Close no goroutine and no socket is left.
func TestManyQuestionsWhileAServerIsSilent(t *testing.T) {
	const questions, atOnce = 10_000, 256
	var text strings.Builder
	for i := range questions / 5 {
		fmt.Fprintf(&text, "n%d.example. A 10.0.%d.%d\n", i, i>>8, i&0xff)
		fmt.Fprintf(&text, "n%d.example. TXT %q\n", i, fmt.Sprint("text ", i))
		if i%10 == 0 { // too long for UDP
			fmt.Fprintf(&text, "n%d.example. TXT%s\n", i, strings.Repeat(` "`+strings.Repeat("x", 250)+`"`, 6))
		}
		fmt.Fprintf(&text, "n%d.example. MX 10 mx%d.example.\n", i, i)
	}
	world := zone.MustParse(text.String())
	silent := new(hostile).start(t)
	servers := []string{silent.address, serve(t, world).Addr(), serve(t, world).Addr()}

	goroutines, sockets := runtime.NumGoroutine(), openSockets(t)
	r, err := resolver.New(resolver.Config{Servers: servers, Timeout: time.Second, Attempts: 5})
	if err != nil {
		t.Fatal(err)
	}
	var next, wrong atomic.Int64
	var group sync.WaitGroup
	for range atOnce {
		group.Go(func() {
			for {
				n := int(next.Add(1) - 1)
				if n >= questions {
					return
				}
				if fault := askAbout(t, r, n/5, n%5); fault != "" && wrong.Add(1) < 10 {
					t.Error(fault)
				}
			}
		})
	}
	group.Wait()
	s := r.Stats()
	if s.Questions() != questions || s.Found != questions*4/5 || s.NoRecord+s.NoName != questions/5 || wrong.Load() != 0 {
		t.Errorf("%d wrong; %+v", wrong.Load(), s)
	}
	if s.OverTCP == 0 || s.Retries == 0 {
		t.Errorf("nothing over TCP, or no retry: %+v", s)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	until(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	until(t, "no socket is left", func() bool { return openSockets(t) <= sockets })
}

// askAbout asks one of five questions about a name and returns what is wrong with
// the answer, or "".
func askAbout(t *testing.T, r *resolver.Resolver, i, question int) string {
	name, longText := fmt.Sprintf("n%d.example.", i), ""
	if i%10 == 0 {
		longText = "|" + strings.Repeat("x", 1500)
	}
	tc := []struct{ kind, name, want string }{
		{"A", name, fmt.Sprintf("10.0.%d.%d", i>>8, i&0xff)},
		{"TXT", name, fmt.Sprint("text ", i) + longText},
		{"MX", name, fmt.Sprintf("10 mx%d.example.", i)},
		{"AAAA", name, "not found"},
		{"CNAME", strings.ToUpper(name), name},
	}[question]
	texts, err := ask(t, r, tc.kind, tc.name)
	slices.Sort(texts)
	if got := outcome(texts, err); got != tc.want {
		return fmt.Sprintf("%s of %s: got %.60q (%v), want %.60q", tc.kind, tc.name, got, err, tc.want)
	}
	return ""
}

// openSockets returns the number of sockets of this program; 0 without /proc.
func openSockets(t *testing.T) (n int) {
	const dir = "/proc/self/fd"
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Logf("cannot count sockets: %v", err)
	}
	for _, file := range files {
		if target, _ := os.Readlink(dir + "/" + file.Name()); strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n
}
