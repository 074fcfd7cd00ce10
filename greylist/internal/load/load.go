// Package load runs benchmarks of greylisting stores, with comparable results.
package load

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
)

// Callers has the numbers of concurrent callers to measure with.
var Callers = []int{1, 8, 64}

// Key returns the key of n. Keys are spread as evenly as hashes, but faster to
// compute.
func Key(n uint64) (k greylist.Key) {
	binary.LittleEndian.PutUint64(k[:8], mix(n))
	binary.LittleEndian.PutUint64(k[8:], mix(^n))
	return k
}

// mix is the finalizer of splitmix64.
func mix(n uint64) uint64 {
	n += 0x9e3779b97f4a7c15
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// Case is a kind of load.
type Case struct {
	// Known is the number of keys that exist and are touched again. 0 means that
	// each touch has a new key.
	Known uint64
}

// Cases has the loads to measure with, by name.
var Cases = map[string]Case{"new": {}, "known": {Known: 10_000}}

// Quota returns a touch for Run that judges by a quota and counts, each key as a login.
func Quota(store greylist.Store, now time.Time) func(key greylist.Key) error {
	within := quota.Within(store, quota.Key{Of: quota.Login}, math.MaxInt32, 24*time.Hour)
	return func(key greylist.Key) error {
		f := within(context.Background(), nil, &envelope.Envelope{Login: key.String(), Now: now})
		if f.Outcome != envelope.Pass {
			return fmt.Errorf("the finding is %v: %w", f.Outcome, f.Err)
		}
		return f.Commit(context.Background())
	}
}

// Run calls touch b.N times from concurrent callers. It reports touches per second
// and the median and 99th percentile of their duration. Only one in timed
// touches is timed, because reading the clock takes as long as a touch in memory.
func Run(b *testing.B, c Case, callers, timed int, touch func(key greylist.Key) error) {
	b.Helper()
	var next atomic.Uint64
	if c.Known == 0 {
		next.Store(1 << 40 * uint64(b.N+1)) // new also in repeated runs
	} else {
		fill(b, c.Known, touch)
	}
	took := make([][]time.Duration, callers)
	var group sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for caller := range callers {
		share := b.N / callers
		if caller < b.N%callers {
			share++
		}
		group.Go(func() {
			for i := range share {
				n := next.Add(1)
				if c.Known > 0 {
					n = mix(n) % c.Known
				}
				if i%timed > 0 {
					if err := touch(Key(n)); err != nil {
						b.Error(err)
						return
					}
					continue
				}
				began := time.Now()
				if err := touch(Key(n)); err != nil {
					b.Error(err)
					return
				}
				took[caller] = append(took[caller], time.Since(began))
			}
		})
	}
	group.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	slices.Sort(all)
	if len(all) > 0 {
		b.ReportMetric(float64(all[len(all)/2].Nanoseconds()), "p50-ns")
		b.ReportMetric(float64(all[len(all)*99/100].Nanoseconds()), "p99-ns")
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "touches/s")
}

// fill touches the known keys.
func fill(b *testing.B, keys uint64, touch func(greylist.Key) error) {
	var group sync.WaitGroup
	const callers = 64
	for caller := range uint64(callers) {
		group.Go(func() {
			for n := caller; n < keys; n += callers {
				if err := touch(Key(n)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// Name returns the name of a benchmark.
func Name(kind string, callers int, engine string) string {
	return fmt.Sprintf("%s/callers=%d/%s", kind, callers, engine)
}
