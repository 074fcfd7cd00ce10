package greylist_test

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"testing"
	"time"

	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/load"
)

// bareMap is the simplest store for comparison: maps with locks.
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
				m := &greylist.Memory{Size: 4 << 30}
				load.Run(b, load.Cases[kind], callers, 64, func(key greylist.Key) error {
					_, err := m.Touch(ctx, key, seen)
					return err
				})
			})
			b.Run(load.Name(kind, callers, "quota"), func(b *testing.B) {
				load.Run(b, load.Cases[kind], callers, 64, load.Quota(&greylist.Memory{Size: 4 << 30}, now))
			})
		}
	}
}

// BenchmarkMemorySize measures the memory of a record and the time of a garbage
// collection. MXRULES_RECORDS sets the number of records, a million by default.
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
					m := &greylist.Memory{Size: 8 << 30}
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
				b.ReportMetric(pauses(), "pause-ms")
				b.ReportMetric(float64(after-before)/float64(records), "bytes/record")
				touch(load.Key(0)) // keeps the store alive
			}
		})
	}
}

// heap returns the bytes in use after a full collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // frees what the first one finalized
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// pauses returns the pauses of the last collection in milliseconds.
func pauses() float64 {
	stats := debug.GCStats{Pause: make([]time.Duration, 0, 256)}
	debug.ReadGCStats(&stats)
	if len(stats.Pause) == 0 {
		return 0
	}
	return float64(stats.Pause[0].Microseconds()) / 1000 // the sum of both pauses
}

func BenchmarkKey(b *testing.B) {
	secret := greylist.Secret("sesame")
	b.ReportAllocs()
	for b.Loop() {
		secret.Triplet("192.0.2.0/24", "ann@sender.example", "us@example.org")
	}
}

// BenchmarkKnown measures the check, including hashes, for new and for known
// mail.
func BenchmarkKnown(b *testing.B) {
	for _, want := range []string{"first sight", "remembered"} {
		b.Run(want, func(b *testing.B) {
			store := &greylist.Memory{Size: 1 << 20}
			if want == "remembered" {
				remember(b, store)
			}
			known, e := greylist.Known(store, greylist.Options{}), fromAnn(0)
			b.ReportAllocs()
			for b.Loop() {
				if got := state(known(b.Context(), nil, e)); got != want {
					b.Fatal(got)
				}
			}
		})
	}
}

// remember makes the triplet of fromAnn good for an hour.
func remember(b *testing.B, store greylist.Store) {
	seen := greylist.Sighting{At: noon, Until: noon.Add(time.Hour), Good: 1}
	if _, err := store.Touch(b.Context(), annTriplet, seen); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkKnownSender measures mail of a known triplet that arrives every
// minute, and how often it is written.
func BenchmarkKnownSender(b *testing.B) {
	store := newJournal()
	remember(b, store)
	store.writes = nil
	known, e := greylist.Known(store, greylist.Options{}), fromAnn(0)
	for b.Loop() {
		e.Now = e.Now.Add(time.Minute)
		judge(b, known, e)
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
