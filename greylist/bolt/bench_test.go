package bolt_test

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
	"mxrules.example/greylist/bolt"
	"mxrules.example/greylist/internal/load"
)

var bucket = []byte("records")

// bare returns the same write with plain bbolt.
func bare(at, until uint32, key greylist.Key) func(tx *bbolt.Tx) error {
	return func(tx *bbolt.Tx) error {
		records := tx.Bucket(bucket)
		r := [4]uint32{at, at, until, 0}
		if old := records.Get(key[:]); old != nil {
			r[0] = min(r[0], binary.BigEndian.Uint32(old))
			r[1] = max(r[1], binary.BigEndian.Uint32(old[4:]))
			r[2] = max(r[2], binary.BigEndian.Uint32(old[8:]))
			r[3] = binary.BigEndian.Uint32(old[12:])
		}
		r[3]++
		var value [20]byte
		for i, n := range r {
			binary.BigEndian.PutUint32(value[4*i:], n)
		}
		return records.Put(key[:], value[:])
	}
}

func BenchmarkStore(b *testing.B) {
	ctx := context.Background()
	now := time.Now()
	seen := greylist.Sighting{At: now, Until: now.Add(24 * time.Hour), Good: 1}
	at, until := uint32(seen.At.Unix()), uint32(seen.Until.Unix())
	for _, kind := range []string{"new", "known"} {
		for _, callers := range load.Callers {
			for _, engine := range []string{"Update", "Batch"} {
				b.Run(load.Name(kind, callers, engine), func(b *testing.B) {
					db := openBare(b)
					load.Run(b, load.Cases[kind], callers, 1, func(key greylist.Key) error {
						if engine == "Batch" {
							return db.Batch(bare(at, until, key))
						}
						return db.Update(bare(at, until, key))
					})
				})
			}
			b.Run(load.Name(kind, callers, "Store"), func(b *testing.B) {
				store := open(b, filepath.Join(b.TempDir(), "greylist"))
				load.Run(b, load.Cases[kind], callers, 1, func(key greylist.Key) error {
					_, err := store.Touch(ctx, key, seen)
					return err
				})
			})
			b.Run(load.Name(kind, callers, "quota"), func(b *testing.B) {
				store := open(b, filepath.Join(b.TempDir(), "greylist"))
				load.Run(b, load.Cases[kind], callers, 1, load.Quota(store, now))
			})
		}
	}
}

func openBare(b *testing.B) *bbolt.DB {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "bare"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(bucket)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

// BenchmarkFileSize measures the disk space of a record and the time to open a
// file.
func BenchmarkFileSize(b *testing.B) {
	const records, callers = 100_000, 512
	now := time.Now()
	seen := greylist.Sighting{At: now, Until: now.Add(time.Hour)}
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "greylist")
		store := open(b, path)
		errs := make(chan error)
		for caller := range uint64(callers) {
			go func() {
				var err error
				for n := caller; n < records && err == nil; n += callers {
					_, err = store.Touch(context.Background(), load.Key(n), seen)
				}
				errs <- err
			}()
		}
		for range callers {
			if err := <-errs; err != nil {
				b.Fatal(err)
			}
		}
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		store, err = bolt.Open(path, bolt.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/1000, "open-ms")
		b.ReportMetric(float64(info.Size())/records, "bytes/record")
		if err := store.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
