package greylist_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"mxrules.example/greylist"
)

// filled returns a Memory with this number of records.
func filled(t testing.TB, records int) *greylist.Memory {
	store := &greylist.Memory{Size: 64 << 20}
	for n := range records {
		at := noon.Add(time.Duration(n) * time.Second)
		_, err := store.Touch(t.Context(), greylist.Secret(nil).Identity(strconv.Itoa(n)),
			greylist.Sighting{At: at, Until: at.Add(24 * time.Hour), Good: uint32(n % 3)})
		if err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// contents returns all records of store.
func contents(t testing.TB, store greylist.Register) map[greylist.Key]greylist.Record {
	all := map[greylist.Key]greylist.Record{}
	for e, err := range store.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all[e.Key] = e.Record
	}
	return all
}

func snapshot(t testing.TB, store *greylist.Memory) []byte {
	var b bytes.Buffer
	if err := store.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRestoreBringsBackAllRecords(t *testing.T) {
	for _, records := range []int{0, 1, 2047, 2048, 2049, 10_000} {
		store := filled(t, records)
		restored := &greylist.Memory{Size: 64 << 20}
		if err := restored.Restore(iotest.OneByteReader(bytes.NewReader(snapshot(t, store)))); err != nil {
			t.Errorf("%d records: %v", records, err)
		}
		if want := contents(t, store); !maps.Equal(contents(t, restored), want) || len(want) != records {
			t.Errorf("%d records: %d are restored", records, restored.Len())
		}
	}
}

func TestRestoreMerges(t *testing.T) {
	key := greylist.Secret(nil).Identity("7")
	old := filled(t, 10)
	saved := snapshot(t, old)
	younger, err := old.Touch(t.Context(), key, greylist.Sighting{At: noon.Add(time.Hour), Until: noon.Add(48 * time.Hour), Good: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Restore(bytes.NewReader(saved)); err != nil {
		t.Fatal(err)
	}
	if got, _ := old.Get(t.Context(), key); got != younger {
		t.Errorf("after an old snapshot was restored the record is %v, want %v", got, younger)
	}
}

func TestRestoreOfDamagedSnapshots(t *testing.T) {
	whole := snapshot(t, filled(t, 3000))
	want := contents(t, filled(t, 3000))
	fails := func(t *testing.T, what string, b []byte) {
		t.Helper()
		restored := &greylist.Memory{Size: 64 << 20}
		if err := restored.Restore(bytes.NewReader(b)); err == nil || !strings.Contains(err.Error(), "damaged") && !strings.Contains(err.Error(), "not a snapshot") {
			t.Errorf("%s: error %v", what, err)
		}
		for key, record := range contents(t, restored) {
			if want[key] != record {
				t.Fatalf("%s: an altered record is restored: %v", what, record)
			}
		}
	}
	t.Run("truncated", func(t *testing.T) {
		for length := 0; length < len(whole); length += 1 + length/15 {
			fails(t, strconv.Itoa(length)+" bytes", whole[:length])
		}
		fails(t, "all but one byte", whole[:len(whole)-1])
	})
	t.Run("altered", func(t *testing.T) {
		for i := 0; i < len(whole); i += 1 + i/15 {
			for _, bit := range []byte{1, 0x80} {
				b := bytes.Clone(whole)
				b[i] ^= bit
				fails(t, "byte "+strconv.Itoa(i), b)
			}
		}
	})
	t.Run("other blocks", func(t *testing.T) {
		const header, block = 28, 4 + 2048*32 + 4
		fails(t, "without the first block", append(bytes.Clone(whole[:header]), whole[header+block:]...))
		fails(t, "with the first block twice", append(bytes.Clone(whole[:header+block]), whole[header:]...))
	})
}

func TestRestoreOfAnotherFormat(t *testing.T) {
	err := (&greylist.Memory{Size: 1 << 20}).Restore(strings.NewReader(strings.Repeat("something else\r\n", 10)))
	if err == nil || !strings.Contains(err.Error(), `not a snapshot of version 1: it begins with "something else\r\n`) {
		t.Errorf("error %v", err)
	}
}

func TestSnapshotReturnsIOErrors(t *testing.T) {
	gone := errors.New("the disk is gone")
	store := filled(t, 10)
	if err := store.Restore(iotest.ErrReader(gone)); !errors.Is(err, gone) || strings.Contains(err.Error(), "damaged") {
		t.Errorf("Restore: %v", err)
	}
	if err := store.Snapshot(failingWriter{gone}); !errors.Is(err, gone) {
		t.Errorf("Snapshot: %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func FuzzRestore(f *testing.F) {
	whole := snapshot(f, filled(f, 3))
	f.Add(whole)
	f.Add(whole[:40])
	f.Add(snapshot(f, new(greylist.Memory)))
	f.Fuzz(func(t *testing.T, b []byte) {
		store := &greylist.Memory{Size: 1 << 20}
		if err := store.Restore(bytes.NewReader(b)); err != nil {
			return
		}
		restored := &greylist.Memory{Size: 1 << 20}
		if err := restored.Restore(io.LimitReader(bytes.NewReader(snapshot(t, store)), 1<<30)); err != nil {
			t.Errorf("the snapshot of a restored store cannot be restored: %v", err)
		}
	})
}
