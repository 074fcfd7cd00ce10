//go:build linux

package load

import (
	"os"
	"testing"
	"time"

	"mxrules.example/envelope/zone"
)

// together is how many clients are connected at a time.
const together = 20

// TestSetUpsAgree plays a few mails to each set-up. Each must answer as the load wants, so
// that the benchmark compares programs that decide the same.
func TestSetUpsAgree(t *testing.T) {
	needInside(t)
	w := newWorld(t)
	serveDNS(t, w)
	for _, s := range setups[1:] {
		t.Run(s.name, func(t *testing.T) {
			for _, err := range start(t, s, w).play(20).surprise {
				t.Error(err)
			}
		})
	}
}

// BenchmarkSetUps plays b.N mails to each set-up.
func BenchmarkSetUps(b *testing.B) {
	needInside(b)
	w := newWorld(b)
	serveDNS(b, w)
	for _, s := range setups {
		b.Run(s.name, func(b *testing.B) {
			r := start(b, s, w)
			b.Run("mix", func(b *testing.B) { r.measure(b) })
		})
	}
}

// measure plays b.N mails and reports what it costs.
func (r *running) measure(b *testing.B) {
	before := cpu()
	b.ResetTimer()
	p := r.play(b.N)
	b.StopTimer()
	if r.agrees && len(p.surprise) > 0 {
		b.Errorf("%d unexpected answers, the first: %v", len(p.surprise), p.surprise[0])
	}
	r.awaitDelivery()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(b.N)/p.took.Seconds(), "mails/s")
	b.ReportMetric((cpu()-before).Seconds()*1000/float64(b.N), "cpu-s/1000")
	b.ReportMetric(memory(), "MB")
	b.ReportMetric(float64(p.percentile(50).Milliseconds()), "ms-median")
	b.ReportMetric(float64(p.percentile(95).Milliseconds()), "ms-95%")
}

// serveDNS serves the records of the senders.
func serveDNS(t testing.TB, w *world) {
	t.Helper()
	z, err := zone.Parse(w.zone.String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := z.Serve("127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
}

// running is a set-up that has seen the earlier mail.
type running struct {
	world         *world
	home, address string
	agrees        bool // with the answers that the load wants
	next          int  // mail of the mix
}

// start starts a set-up, and plays the earlier mail until it is answered as in the load.
func start(t testing.TB, s setup, w *world) *running {
	t.Helper()
	home, err := os.MkdirTemp("", "load-home-") // other users write to it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	if err := os.Chmod(home, 0o777); err != nil {
		t.Fatal(err)
	}
	r := &running{world: w, home: home, address: s.start(t, home), agrees: s.agrees}
	for start := time.Now(); ; time.Sleep(time.Second) {
		p := play(r.address, together, w.earlier())
		if len(p.surprise) == 0 || !s.agrees {
			return r
		}
		if time.Since(start) > time.Minute {
			t.Fatalf("the earlier mail: %v", p.surprise[0])
		}
	}
}

// play plays the next mails of the mix.
func (r *running) play(n int) *played {
	var mails []mail
	for range n {
		mails = append(mails, r.world.mix(r.next))
		r.next++
	}
	return play(r.address, together, mails)
}

// awaitDelivery waits until no more messages arrive: Postfix delivers after its reply.
func (r *running) awaitDelivery() {
	last := delivered(r.home)
	for same := 0; same < 4; same++ {
		time.Sleep(250 * time.Millisecond)
		if now := delivered(r.home); now != last {
			last, same = now, 0
		}
	}
}
