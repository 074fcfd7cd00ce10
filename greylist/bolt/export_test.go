package bolt

import (
	"testing"
	"time"

	"mxrules.example/greylist"
)

// OpenWith is Open with logs that are long at a number of records, and transactions
// that move a number of them.
func OpenWith(path string, long, moved int) (*Store, error) {
	return openStore(path, Options{Timeout: 10 * time.Second}, limits{long, moved})
}

// Sweep examines all records.
func (s *Store) Sweep(t *testing.T, now time.Time) {
	for list := s.sweepList(); !list.done; {
		s.sweepStep(t.Context(), list, now, 20)
	}
}

// Logged reports whether a record is in a log.
func (s *Store) Logged(key greylist.Key) bool {
	_, found := s.recent.get(key)
	return found
}

// PathTo returns the pages that lead to a key in the tree.
func (s *Store) PathTo(t *testing.T, key greylist.Key) (path []int) {
	s.read(t, func(r *reader) error {
		for at := (place{id: r.tree}); at.id != 0; {
			path = append(path, int(at.id))
			n, err := r.valid(at)
			if err != nil || n.kind == leafPage {
				return err
			}
			at = at.below(n, n.indexOf(key[:]))
		}
		return nil
	})
	return path
}

// NeededPages returns the pages that each transaction needs: the newest meta page, the
// freelist, the buckets, and the last leaf of the young log.
func (s *Store) NeededPages(t *testing.T) map[string]int {
	m, err := newestMeta(s.file, s.pageSize)
	if err != nil {
		t.Fatal(err)
	}
	_, young := s.LogPages(t)
	return map[string]int{
		"meta page": int(m.number % 2), "freelist": int(m.free), "buckets": int(m.root),
		"last leaf of the log": young[len(young)-2], "root of the log": young[len(young)-1],
	}
}

// LogPages returns the pages of the old log, and those of the young one, each after those
// below it.
func (s *Store) LogPages(t *testing.T) (old, young []int) {
	s.read(t, func(r *reader) error {
		var add func(pages *[]int, at place) error
		add = func(pages *[]int, at place) error {
			n, err := r.valid(at)
			if err != nil || n.kind == leafPage {
				*pages = append(*pages, int(at.id))
				return err
			}
			for i := range n.count {
				if err := add(pages, at.below(n, i)); err != nil {
					return err
				}
			}
			*pages = append(*pages, int(at.id))
			return nil
		}
		for i, root := range r.logs {
			pages := &young
			if i != s.recent.bucket {
				pages = &old
			}
			if root == 0 {
				continue
			}
			if err := add(pages, place{id: root}); err != nil {
				return err
			}
		}
		return nil
	})
	return old, young
}

func (s *Store) read(t *testing.T, read func(r *reader) error) {
	t.Helper()
	if err := s.view(read); err != nil {
		t.Fatal(err)
	}
}
