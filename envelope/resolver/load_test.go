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

// 10,000 questions, 256 at a time, while the first of three servers is dead:
// every one has the right answer, and nothing is left when the Resolver is
// closed.
func TestManyQuestionsWhileAServerIsDead(t *testing.T) {
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
	dead := (&hostile{}).start(t)
	servers := []string{dead.address, serve(t, world).Addr(), serve(t, world).Addr()}

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
	until(t, "that no goroutine is left", func() bool { return runtime.NumGoroutine() <= goroutines })
	until(t, "that no socket is left", func() bool { return openSockets(t) <= sockets })
}

// askAbout puts one of five questions about a name, and says what is wrong with
// the answer.
func askAbout(t *testing.T, r *resolver.Resolver, i, question int) string {
	name := fmt.Sprintf("n%d.example.", i)
	var got []string
	var err error
	want := ""
	switch question {
	case 0:
		addrs, err4 := r.LookupNetIP(t.Context(), "ip4", name)
		for _, addr := range addrs {
			got = append(got, addr.String())
		}
		err, want = err4, fmt.Sprintf("10.0.%d.%d", i>>8, i&0xff)
	case 1:
		got, err = r.LookupTXT(t.Context(), name)
		want = fmt.Sprint("text ", i)
		if i%10 == 0 {
			want += "|" + strings.Repeat("x", 1500)
		}
		slices.Sort(got)
	case 2:
		hosts, errMX := r.LookupMX(t.Context(), name)
		for _, mx := range hosts {
			got = append(got, mx.Host)
		}
		err, want = errMX, fmt.Sprintf("mx%d.example.", i)
	case 3:
		_, err = r.LookupNetIP(t.Context(), "ip6", name)
		want = "not found"
	case 4:
		end, errEnd := r.LookupCNAME(t.Context(), strings.ToUpper(name))
		got, err, want = []string{end}, errEnd, name
	}
	if got := outcome(got, err); got != want {
		return fmt.Sprintf("question %d about %s: got %.60q (%v), want %.60q", question, name, got, err, want)
	}
	return ""
}

// openSockets counts the sockets of this program, where the system tells.
func openSockets(t *testing.T) (n int) {
	const dir = "/proc/self/fd"
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Logf("sockets can't be counted here: %v", err)
	}
	for _, file := range files {
		if target, _ := os.Readlink(dir + "/" + file.Name()); strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n
}
