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

// filled returns a store with so many records.
func filled(t testing.TB, records int) *greylist.Memory {
	store := greylist.NewMemory(64 << 20)
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

// contents returns all records of a store.
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

func TestASnapshotRestoresEverything(t *testing.T) {
	for _, records := range []int{0, 1, 2047, 2048, 2049, 10_000} {
		store := filled(t, records)
		restored := greylist.NewMemory(64 << 20)
		if err := restored.Restore(iotest.OneByteReader(bytes.NewReader(snapshot(t, store)))); err != nil {
			t.Errorf("%d records: %v", records, err)
		}
		if want := contents(t, store); !maps.Equal(contents(t, restored), want) || len(want) != records {
			t.Errorf("%d records: %d come back", records, restored.Len())
		}
	}
}

func TestRestoreMergesWithWhatIsThere(t *testing.T) {
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
		t.Errorf("there is %v after an old snapshot was restored, want %v", got, younger)
	}
}

func TestADamagedSnapshotIsNoticed(t *testing.T) {
	whole := snapshot(t, filled(t, 3000))
	want := contents(t, filled(t, 3000))
	refused := func(t *testing.T, what string, b []byte) {
		t.Helper()
		restored := greylist.NewMemory(64 << 20)
		if err := restored.Restore(bytes.NewReader(b)); !errors.Is(err, greylist.ErrDamaged) && !strings.Contains(err.Error(), "no snapshot") {
			t.Errorf("%s: the error is %v", what, err)
		}
		for key, record := range contents(t, restored) {
			if want[key] != record {
				t.Fatalf("%s: it restores a record that never was: %v", what, record)
			}
		}
	}
	t.Run("cut off", func(t *testing.T) {
		for length := 0; length < len(whole); length += 1 + length/15 {
			refused(t, strconv.Itoa(length)+" octets", whole[:length])
		}
		refused(t, "all but one octet", whole[:len(whole)-1])
	})
	t.Run("changed", func(t *testing.T) {
		for i := 0; i < len(whole); i += 1 + i/15 {
			for _, bit := range []byte{1, 0x80} {
				b := bytes.Clone(whole)
				b[i] ^= bit
				refused(t, "octet "+strconv.Itoa(i), b)
			}
		}
	})
	t.Run("a block left out", func(t *testing.T) {
		const header, block = 28, 4 + 2048*32 + 4
		refused(t, "without its first block", append(bytes.Clone(whole[:header]), whole[header+block:]...))
		refused(t, "twice its first block", append(bytes.Clone(whole[:header+block]), whole[header:]...))
	})
}

func TestWhatIsNoSnapshotIsToldSo(t *testing.T) {
	err := greylist.NewMemory(1 << 20).Restore(strings.NewReader(strings.Repeat("something else\r\n", 10)))
	if err == nil || errors.Is(err, greylist.ErrDamaged) || !strings.Contains(err.Error(), `begins with "something else\r\n`) {
		t.Errorf("the error is %v", err)
	}
}

func TestErrorsOfReadersAndWritersAreTold(t *testing.T) {
	gone := errors.New("the disk is gone")
	store := filled(t, 10)
	if err := store.Restore(iotest.ErrReader(gone)); !errors.Is(err, gone) || errors.Is(err, greylist.ErrDamaged) {
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
	f.Add(snapshot(f, greylist.NewMemory(0)))
	f.Fuzz(func(t *testing.T, b []byte) {
		store := greylist.NewMemory(1 << 20)
		if err := store.Restore(bytes.NewReader(b)); err != nil {
			return
		}
		restored := greylist.NewMemory(1 << 20)
		if err := restored.Restore(io.LimitReader(bytes.NewReader(snapshot(t, store)), 1<<30)); err != nil {
			t.Errorf("what it restores can't be restored again: %v", err)
		}
	})
}
