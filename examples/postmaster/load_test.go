package postmaster

import (
	"net/http/httptest"
	"runtime"
	"testing"
)

// BenchmarkRefusal is one request for the page of a refusal on one core. It reports how many
// times the load of 200 requests a second it serves.
func BenchmarkRefusal(b *testing.B) {
	site := newSite(b, "")
	path := refuse(b, site, "mail.example.net")
	h := New(site)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
	perSecond := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(perSecond, "pages/s")
	b.ReportMetric(perSecond/200, "times-200/s")
}

// The pages of refusals leave nothing in memory, whether the link is valid or not.
func TestMemoryIsFlat(t *testing.T) {
	site := newSite(t, "")
	paths := []string{refuse(t, site, "mail.example.net"), "/r/x"}
	h := New(site)
	load := func(requests int) uint64 {
		for i := range requests {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", paths[i%len(paths)], nil))
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := load(1000)
	const requests, slack = 20_000, 1 << 20
	if after := load(requests); after > before+slack {
		t.Errorf("%d requests: the heap grew from %d to %d octets", requests, before, after)
	} else {
		t.Logf("%d requests: the heap had %d octets, and then %d", requests, before, after)
	}
}
