package bolt

import (
	"bytes"
	"context"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// page is the number of records that All reads at a time.
const page = 1024

// All implements greylist.Register, ordered by key. It reads 1024 records at a
// time, because a long read transaction would keep pages from being reused.
func (s *Store) All(ctx context.Context) iter.Seq2[greylist.Entry, error] {
	return func(yield func(greylist.Entry, error) bool) {
		for l := s.list(); !l.done; {
			entries, err := l.next(ctx, page)
			if err != nil {
				yield(greylist.Entry{}, err)
				return
			}
			for _, entry := range entries {
				if !yield(entry, nil) {
					return
				}
			}
		}
	}
}

// list reads all records in steps, ordered by key.
type list struct {
	store  *Store
	recent []greylist.Key // keys in logs when the list began, those not yet read
	after  []byte         // the last key that was read
	done   bool
}

func (s *Store) list() *list { return &list{store: s, recent: s.recent.keys()} }

// next returns the next records: up to n of the logs and up to n of the tree.
func (l *list) next(ctx context.Context, n int) (entries []greylist.Entry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var end []byte // the last key of this step, nil at the end
	recent := l.recent
	if len(recent) > n {
		recent, end = recent[:n], recent[n-1][:]
	}
	// The tree is read afterwards: then it has what was moved meanwhile.
	changed := l.store.recent.entries(recent)
	tree, err := l.store.read(l.after, end, n)
	if err != nil {
		return nil, err
	}
	if len(tree) == n {
		end = bytes.Clone(tree[n-1].Key[:])
	}
	l.skip(end)
	for _, c := range changed {
		if end != nil && bytes.Compare(c.Key[:], end) > 0 {
			break
		}
		for len(tree) > 0 && bytes.Compare(tree[0].Key[:], c.Key[:]) < 0 {
			entries, tree = append(entries, tree[0]), tree[1:]
		}
		if len(tree) > 0 && tree[0].Key == c.Key {
			tree = tree[1:]
		}
		if !c.IsZero() {
			entries = append(entries, c)
		}
	}
	return append(entries, tree...), nil
}

// skip continues the list after a key, or ends it if that is nil.
func (l *list) skip(end []byte) {
	if l.after = end; end == nil {
		l.done = true
		return
	}
	i, found := slices.BinarySearchFunc(l.recent, end, func(key greylist.Key, end []byte) int { return bytes.Compare(key[:], end) })
	if found {
		i++
	}
	l.recent = l.recent[i:]
}

// read returns the first n records of the tree whose keys are greater than after and not
// greater than end. A nil key sets no limit.
func (s *Store) read(after, end []byte, n int) (entries []greylist.Entry, err error) {
	err = s.view(func(tree *bbolt.Bucket) error {
		cursor := tree.Cursor()
		k, v := cursor.Seek(after)
		if k != nil && bytes.Equal(k, after) {
			k, v = cursor.Next()
		}
		for ; k != nil && len(entries) < n && (end == nil || bytes.Compare(k, end) <= 0); k, v = cursor.Next() {
			entry, err := decodeEntry(k, v)
			if err != nil {
				return err
			}
			entries = append(entries, entry)
		}
		return nil
	})
	return entries, err
}
