package greylist_test

import (
	"context"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/load"
)

// bareMap is what one would write without thinking of memory: maps behind
// locks.
type bareMap [256]struct {
	mu      sync.Mutex
	records map[greylist.Key]bareRecord
	_       [48]byte
}

type bareRecord struct{ first, last, until, good uint32 }

func newBareMap() *bareMap {
	m := new(bareMap)
	for i := range m {
		m[i].records = map[greylist.Key]bareRecord{}
	}
	return m
}

func (m *bareMap) touch(key greylist.Key, at, until, good uint32) bareRecord {
	s := &m[key[15]]
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[key]
	if !ok || r.until < at {
		r = bareRecord{first: at}
	}
	r.first, r.last, r.until, r.good = min(r.first, at), max(r.last, at), max(r.until, until), r.good+good
	s.records[key] = r
	return r
}

func BenchmarkMemory(b *testing.B) {
	ctx := context.Background()
	now := time.Now()
	seen := greylist.Sighting{At: now, Until: now.Add(24 * time.Hour), Good: 1}
	for _, kind := range []string{"new", "known"} {
		for _, callers := range load.Callers {
			b.Run(load.Name(kind, callers, "bare"), func(b *testing.B) {
				m := newBareMap()
				at, until := uint32(seen.At.Unix()), uint32(seen.Until.Unix())
				load.Run(b, load.Cases[kind], callers, 64, func(key greylist.Key) error {
					m.touch(key, at, until, 1)
					return nil
				})
			})
			b.Run(load.Name(kind, callers, "Memory"), func(b *testing.B) {
				m := greylist.NewMemory(4 << 30)
				load.Run(b, load.Cases[kind], callers, 64, func(key greylist.Key) error {
					_, err := m.Touch(ctx, key, seen)
					return err
				})
			})
		}
	}
}

// BenchmarkMemorySize measures what a record takes, and what the garbage
// collector has to do with it. With MXRULES_RECORDS another number of records
// may be asked for, such as 10000000.
func BenchmarkMemorySize(b *testing.B) {
	records := uint64(1_000_000)
	if n, err := strconv.ParseUint(os.Getenv("MXRULES_RECORDS"), 10, 64); err == nil {
		records = n
	}
	ctx := context.Background()
	now := time.Now()
	for _, engine := range []string{"Memory", "bare"} {
		b.Run(engine, func(b *testing.B) {
			for b.Loop() {
				before := heap()
				var touch func(greylist.Key)
				if engine == "bare" {
					m := newBareMap()
					touch = func(key greylist.Key) { m.touch(key, uint32(now.Unix()), uint32(now.Unix())+3600, 1) }
				} else {
					m := greylist.NewMemory(8 << 30)
					seen := greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1}
					touch = func(key greylist.Key) {
						if _, err := m.Touch(ctx, key, seen); err != nil {
							b.Fatal(err)
						}
					}
				}
				for n := range records {
					touch(load.Key(n))
				}
				after := heap()
				began := time.Now()
				runtime.GC()
				b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "collection-ms")
				b.ReportMetric(longestPause(), "longest-pause-ms")
				b.ReportMetric(float64(after-before)/float64(records), "octets/record")
				touch(load.Key(0)) // so that all of it is still there
			}
		})
	}
}

// heap returns what is in use after a full collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what the first one found to be finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// longestPause returns the longer of the two pauses of the last collection, in
// milliseconds.
func longestPause() float64 {
	stats := debug.GCStats{Pause: make([]time.Duration, 0, 256)}
	debug.ReadGCStats(&stats)
	if len(stats.Pause) == 0 {
		return 0
	}
	return float64(stats.Pause[0].Microseconds()) / 1000 // their sum, in fact
}

// BenchmarkKnown measures the check itself, hash and all, for mail that is new
// and for mail that is remembered.
func BenchmarkKnown(b *testing.B) {
	now := time.Now()
	e := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@sender.example", RcptTo: "us@example.org", Now: now,
	}
	for _, want := range []greylist.State{greylist.FirstSight, greylist.Remembered} {
		b.Run(want.String(), func(b *testing.B) {
			store := greylist.NewMemory(1 << 20)
			options := greylist.Options{Secret: greylist.Secret("of the benchmark")}
			if want == greylist.Remembered {
				_, err := store.Touch(context.Background(), options.Secret.Triplet("192.0.2.0/24", e.MailFrom, e.RcptTo),
					greylist.Sighting{At: now, Until: now.Add(time.Hour), Good: 1})
				if err != nil {
					b.Fatal(err)
				}
			}
			known := greylist.Known(store, options)
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if got := state(known(ctx, nil, &e)); got != want {
					b.Fatal(got)
				}
			}
		})
	}
}

// BenchmarkKnownSender measures mail of a known triplet that is let in every
// minute, and how often the store is written for it.
func BenchmarkKnownSender(b *testing.B) {
	store := newJournal()
	options := greylist.Options{Secret: greylist.Secret("of the benchmark"), Promote: -1}
	known := greylist.Known(store, options)
	e := mail(0, "192.0.2.1", "ann@sender.example", "us@example.org")
	_, err := store.Touch(b.Context(), options.Secret.Triplet("192.0.2.0/24", e.MailFrom, e.RcptTo),
		greylist.Sighting{At: e.Now, Until: e.Now.Add(time.Hour), Good: 1})
	if err != nil {
		b.Fatal(err)
	}
	store.writes = nil
	for b.Loop() {
		e.Now = e.Now.Add(time.Minute)
		f := known(b.Context(), nil, e)
		if f.Commit == nil {
			continue
		}
		if err := f.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(store.writes))/float64(b.N), "writes/op")
}

func BenchmarkSnapshot(b *testing.B) {
	store := filled(b, 100_000)
	saved := snapshot(b, store)
	b.Run("Snapshot", func(b *testing.B) {
		b.SetBytes(int64(len(saved)))
		for b.Loop() {
			snapshot(b, store)
		}
	})
}
