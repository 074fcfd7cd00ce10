package bolt

import (
	"bytes"
	"slices"
	"sync"

	"go.etcd.io/bbolt"

	"mxrules.example/greylist"
)

// The tree has records ordered by key. A key is a hash, so each record that is
// written into the tree rewrites another page. A transaction therefore appends the
// records that it changes to a log, which rewrites a page or two, and the Store keeps
// the newest record of each key in the log in a map.
//
// When the log is long, a new one begins. Then there is a young log and an old one,
// and each transaction also moves some records of the old log into the tree, in order
// of their keys, so that several of them share a page. The last of these transactions
// deletes the old log. Moving a record twice changes nothing, so the file does not say
// which records are moved.

// limits are the sizes that tests make smaller.
type limits struct {
	// long is the number of records of a log after which a new one begins.
	long int
	// moved is the least number of records that a transaction moves. It moves twice
	// as many as it appends if that is more. So the old log is gone before the young
	// one is long.
	moved int
}

const (
	// longLog is a compromise: the longer a log is, the more of its records share a
	// page of the tree, and the more memory the records take.
	longLog    = 1 << 16
	leastMoved = 64
)

// recent has the records of the logs. Those of young replace those of old, and those
// of old replace those of the tree. A zero record is a removed one.
type recent struct {
	mu         sync.RWMutex // the writer reads without it
	young, old map[greylist.Key]packed
	closed     bool

	// Only the writer uses these.
	progress
	spare map[greylist.Key]packed // an empty map, the next young
	stale bool                    // a transaction has failed, the file may differ
	stays bool                    // the tree is damaged: all that is written stays in the logs
}

// progress is how far the logs are.
type progress struct {
	bucket  int            // the index in logBuckets of the young log
	number  uint64         // the number of its last value
	length  int            // the number of its records
	unmoved []greylist.Key // keys of the old log that are to be moved, sorted
}

// find returns the record of key if it is in a log, for the writer.
func (r *recent) find(key greylist.Key) (p packed, found bool) {
	if p, found = r.young[key]; !found {
		p, found = r.old[key]
	}
	return p, found
}

// get returns the record of key if it is in a log. When the Store is closed it finds
// nothing, so that the caller asks the file, and gets its error.
func (r *recent) get(key greylist.Key) (p packed, found bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return p, false
	}
	return r.find(key)
}

func (r *recent) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// entries returns the records of keys that are in a log.
func (r *recent) entries(keys []greylist.Key) (entries []greylist.Entry) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, key := range keys {
		if p, found := r.find(key); found {
			entries = append(entries, greylist.Entry{Key: key, Record: p.record()})
		}
	}
	return entries
}

// keys returns the keys of all records, sorted.
func (r *recent) keys() []greylist.Key {
	r.mu.RLock()
	keys := make([]greylist.Key, 0, len(r.young)+len(r.old))
	keys = appendKeys(appendKeys(keys, r.young), r.old)
	r.mu.RUnlock()
	sortKeys(keys)
	return slices.Compact(keys)
}

func appendKeys(keys []greylist.Key, of map[greylist.Key]packed) []greylist.Key {
	for key := range of {
		keys = append(keys, key)
	}
	return keys
}

func sortKeys(keys []greylist.Key) {
	slices.SortFunc(keys, func(a, b greylist.Key) int { return bytes.Compare(a[:], b[:]) })
}

// load reads the logs of the file.
func (r *recent) load(tx *bbolt.Tx) error {
	var logs [len(logBuckets)]contents
	for i, name := range logBuckets {
		logs[i].records = map[greylist.Key]packed{}
		if log := tx.Bucket(name); log != nil {
			if err := log.ForEach(logs[i].add); err != nil {
				return err
			}
		}
	}
	// The numbers of the young log follow those of the old one.
	young := 0
	if logs[1].last > logs[0].last {
		young = 1
	}
	y, o := logs[young], logs[1-young]
	unmoved := appendKeys(nil, o.records)
	sortKeys(unmoved)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.young, r.old = y.records, o.records
	r.progress = progress{bucket: young, number: y.last, length: y.length, unmoved: unmoved}
	r.spare, r.stale = map[greylist.Key]packed{}, false
	return nil
}

// publish makes a committed batch visible.
func (r *recent) publish(b *batch) {
	turned, moved := b.next.bucket != r.bucket, len(b.next.unmoved) == 0
	r.progress = b.next
	r.mu.Lock()
	spent := r.old
	switch {
	case turned:
		r.young, r.old, r.spare = r.spare, r.young, r.old
	case moved:
		r.old = nil
	}
	for key, p := range b.changed {
		r.young[key] = p
	}
	r.mu.Unlock()
	if turned {
		r.unmoved = appendKeys(make([]greylist.Key, 0, len(r.old)), r.old)
		sortKeys(r.unmoved)
	} else if moved && spent != nil {
		clear(spent) // no reader has it any more
		r.spare = spent
	}
}
