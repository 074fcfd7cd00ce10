package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// logValue is a value of a log that a fuzzer makes.
type logValue struct {
	log           int
	number, value []byte
}

// logValues parses the input of a fuzzer. Each value begins with a byte of flags and
// one with a length.
func logValues(input []byte) (values []logValue) {
	const (
		second     = 1 << iota // it is in the second log
		anyNumber              // the input has the number
		unfinished             // the checksum is not appended
	)
	next := [2]uint64{1, 4}
	for len(input) >= 2 && len(values) < 64 {
		flags, size := input[0], int(input[1])
		input = input[2:]
		v := logValue{log: int(flags & second)}
		if flags&anyNumber != 0 {
			v.number, input = cut(input, size>>5+1)
			size &= 1<<5 - 1
		} else {
			v.number = binary.BigEndian.AppendUint64(nil, next[v.log])
			next[v.log]++
		}
		if v.value, input = cut(input, entrySize*(size>>4)+size&15); flags&unfinished == 0 {
			v.value = binary.BigEndian.AppendUint32(v.value, logSum(v.number, v.value))
		}
		values = append(values, v)
	}
	return values
}

func cut(b []byte, n int) (head, tail []byte) {
	n = min(n, len(b))
	return slices.Clone(b[:n]), b[n:]
}

// logsFile writes a file with logs.
func logsFile(path string, values []logValue) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{aboutBucket, treeBucket, logBuckets[0], logBuckets[1]} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		for _, v := range values {
			if len(v.number) == 0 {
				continue // bbolt refuses it
			}
			if err := tx.Bucket(logBuckets[v.log]).Put(v.number, v.value); err != nil {
				return err
			}
		}
		return tx.Bucket(aboutBucket).Put(versionKey, version)
	})
	return errors.Join(err, db.Close())
}

// logRecords returns the records of logs, if they are valid.
func logRecords(values []logValue) (records map[greylist.Key]greylist.Record, valid bool) {
	var logs [2]map[uint64][]byte
	for i := range logs {
		logs[i] = map[uint64][]byte{}
	}
	for _, v := range values {
		if len(v.number) == 0 {
			continue
		}
		if len(v.number) != 8 {
			return nil, false
		}
		logs[v.log][binary.BigEndian.Uint64(v.number)] = v.value
	}
	first, second := slices.Sorted(maps.Keys(logs[0])), slices.Sorted(maps.Keys(logs[1]))
	if len(first) > 0 && len(second) > 0 && first[0] > second[0] {
		first, second = second, first
		logs[0], logs[1] = logs[1], logs[0]
	}
	records = map[greylist.Key]greylist.Record{}
	all := append(first, second...)
	for i, number := range all {
		value := logs[0][number]
		if i >= len(first) {
			value = logs[1][number]
		}
		entries := value[:max(0, len(value)-4)]
		sum := binary.BigEndian.AppendUint32(nil, logSum(binary.BigEndian.AppendUint64(nil, number), entries))
		if number != all[0]+uint64(i) || number == 0 || number > 1<<63 || len(entries) == 0 || len(entries)%32 != 0 || !bytes.Equal(value[len(entries):], sum) {
			return nil, false
		}
		for ; len(entries) > 0; entries = entries[32:] {
			var r greylist.Record
			r.UnmarshalBinary(entries[16:32])
			records[greylist.Key(entries[:16])] = r
		}
	}
	maps.DeleteFunc(records, func(_ greylist.Key, r greylist.Record) bool { return r.IsZero() })
	return records, true
}

// A valid log has its records, any other is an error that names the file.
func FuzzLogs(f *testing.F) {
	entries := bytes.Repeat([]byte{7}, 3*entrySize)
	one := append([]byte{0, 1 << 4}, entries[:entrySize]...)
	f.Add([]byte{})
	f.Add(slices.Concat(one, one, one))
	f.Add(slices.Concat([]byte{0, 3 << 4}, entries, one, one, []byte{1, 1 << 4}, make([]byte, entrySize)))
	f.Add(slices.Concat([]byte{4, 1<<4 | 4}, entries[:entrySize+4]))
	f.Add(slices.Concat([]byte{2, 7<<5 | 1<<4}, entries[:8+entrySize]))
	f.Add(slices.Concat([]byte{2, 7<<5 | 1<<4}, make([]byte, 8), entries[:entrySize]))
	folder, err := os.MkdirTemp("/dev/shm", "greylist")
	if err != nil {
		folder = f.TempDir()
	}
	f.Cleanup(func() { os.RemoveAll(folder) })
	f.Fuzz(func(t *testing.T, input []byte) {
		hang := time.AfterFunc(time.Minute, func() { panic("the store hangs") })
		defer hang.Stop()
		values := logValues(input)
		path := filepath.Join(folder, "greylist")
		os.Remove(path)
		if err := logsFile(path, values); err != nil {
			t.Fatal(err)
		}
		want, valid := logRecords(values)
		store, err := Open(path, Options{})
		if err != nil {
			if valid || !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
				t.Errorf("Open: %v; the logs are valid: %t", err, valid)
			}
			return
		}
		defer store.Close()
		got := map[greylist.Key]greylist.Record{}
		for e, err := range store.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got[e.Key] = e.Record
		}
		if !valid || !maps.Equal(got, want) {
			t.Errorf("Open of logs, valid: %t, with %d records, finds %d", valid, len(want), len(got))
		}
	})
}
