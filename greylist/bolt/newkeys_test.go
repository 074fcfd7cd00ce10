package bolt_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/load"
)

// BenchmarkNewKeys touches new keys in a file with many records. Only many touches
// (-benchtime 400000x) include the usual share of the moves from the logs to the tree.
// MXRULES_FOLDER names the folder of the file: without a disk the time is that of the
// processor.
func BenchmarkNewKeys(b *testing.B) {
	now := time.Now()
	seen := greylist.Sighting{At: now, Until: now.Add(24 * time.Hour), Good: 1}
	for _, size := range []int{100_000, 1_000_000} {
		b.Run("records="+strconv.Itoa(size), func(b *testing.B) {
			full := filepath.Join(b.TempDir(), "full")
			writeTree(b, full, size, greylist.Record{}.Seen(seen))
			for _, callers := range []int{1, 64} {
				b.Run("callers="+strconv.Itoa(callers), func(b *testing.B) {
					store := open(b, copied(b, full))
					load.Run(b, load.Cases["new"], callers, 1, func(key greylist.Key) error {
						_, err := store.Touch(context.Background(), key, seen)
						return err
					})
				})
			}
		})
	}
}

// copied returns the path of a copy.
func copied(b *testing.B, path string) string {
	folder, err := os.MkdirTemp(os.Getenv("MXRULES_FOLDER"), "greylist")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(folder) })
	content, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	path = filepath.Join(folder, "greylist")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}

// writeTree writes a file of version 1 in one transaction. Its pages have as much room
// as after many insertions.
func writeTree(b *testing.B, path string, size int, record greylist.Record) {
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var keys []greylist.Key
	for n := range size {
		keys = append(keys, load.Key(uint64(n)))
	}
	slices.SortFunc(keys, func(a, b greylist.Key) int { return bytes.Compare(a[:], b[:]) })
	err = db.Update(func(tx *bbolt.Tx) error {
		if err := layout(tx, "1"); err != nil {
			return err
		}
		tree := tx.Bucket(bucket)
		tree.FillPercent = 0.7
		for _, key := range keys {
			entry, _ := record.AppendBinary(key[:])
			sum := crc32.Checksum(entry, crc32.MakeTable(crc32.Castagnoli))
			if err := tree.Put(key[:], binary.BigEndian.AppendUint32(entry, sum)[len(key):]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
