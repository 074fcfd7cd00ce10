package bolt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// open opens a file that is whole and ours, or makes a new one.
func open(path string, timeout time.Duration) (*bbolt.DB, error) {
	// A file without a single octet is new, or was left by a program that was
	// killed as it made it.
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil && info.Size() > 0 {
		if err := inspect(path, timeout); err != nil {
			return nil, err
		}
	}
	db, err := openFile(path, &bbolt.Options{Timeout: timeout, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	if err := prepare(db); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// openFile opens a file and lets go of it if bbolt panics.
func openFile(path string, options *bbolt.Options) (db *bbolt.DB, err error) {
	var file *os.File
	options.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		var err error
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	guard := guarded(func() error {
		db, err = bbolt.Open(path, 0o600, options)
		return nil
	})
	if guard != nil {
		file.Close()
		return nil, guard
	}
	switch {
	case errors.Is(err, bbolt.ErrTimeout):
		return nil, ErrInUse
	case errors.Is(err, bbolt.ErrInvalid), errors.Is(err, bbolt.ErrVersionMismatch):
		return nil, fmt.Errorf("%w (%w)", ErrForeign, err)
	case errors.Is(err, bbolt.ErrChecksum), err != nil && err.Error() == "file size too small":
		return nil, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return db, err
}

// inspect reads a file through without changing it.
func inspect(path string, timeout time.Duration) error {
	db, err := openFile(path, &bbolt.Options{Timeout: timeout, ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return guarded(func() error {
		return db.View(func(tx *bbolt.Tx) error {
			// Beyond the end of the file there is nothing to read, and touching it
			// is a fault.
			if info.Size() < tx.Size() {
				return fmt.Errorf("%w: it has %d octets of %d", ErrDamaged, info.Size(), tx.Size())
			}
			return readThrough(tx)
		})
	})
}

// readThrough reads every record.
func readThrough(tx *bbolt.Tx) error {
	about, records := tx.Bucket(aboutBucket), tx.Bucket(recordsBucket)
	if about == nil || records == nil {
		if name, _ := tx.Cursor().First(); name == nil {
			return nil // killed before it was prepared
		}
		return ErrForeign
	}
	if found := about.Get(versionKey); string(found) != string(version) {
		return fmt.Errorf("%w, but of version %q", ErrForeign, found)
	}
	cursor := records.Cursor()
	for k, v := cursor.First(); k != nil; k, v = cursor.Next() {
		if _, err := decodeEntry(k, v); err != nil {
			return err
		}
	}
	return nil
}

// prepare makes the buckets of a new file.
func prepare(db *bbolt.DB) error {
	return guarded(func() error {
		prepared := false
		err := db.View(func(tx *bbolt.Tx) error {
			prepared = tx.Bucket(aboutBucket) != nil
			return nil
		})
		if err != nil || prepared {
			return err
		}
		return db.Update(func(tx *bbolt.Tx) error {
			if _, err := tx.CreateBucket(recordsBucket); err != nil {
				return err
			}
			about, err := tx.CreateBucket(aboutBucket)
			if err != nil {
				return err
			}
			return about.Put(versionKey, version)
		})
	})
}
