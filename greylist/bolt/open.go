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
	db, _, err := openFile(path, &bbolt.Options{Timeout: timeout, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	if err := prepare(db); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// openFile opens a file, which is closed with db, and lets go of it if bbolt
// panics.
func openFile(path string, options *bbolt.Options) (db *bbolt.DB, file *os.File, err error) {
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
		return nil, nil, guard
	}
	switch {
	case errors.Is(err, bbolt.ErrTimeout):
		return nil, nil, ErrInUse
	case errors.Is(err, bbolt.ErrInvalid), errors.Is(err, bbolt.ErrVersionMismatch):
		return nil, nil, fmt.Errorf("%w (%w)", ErrForeign, err)
	case errors.Is(err, bbolt.ErrChecksum), err != nil && err.Error() == "file size too small":
		return nil, nil, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return db, file, err
}

// inspect reads a file through without changing it.
func inspect(path string, timeout time.Duration) error {
	db, file, err := openFile(path, &bbolt.Options{Timeout: timeout, ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close() // until then no other program can write to it
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := checkPages(file, info.Size(), db.Info().PageSize); err != nil {
		return err
	}
	return guarded(func() error { return db.View(checkVersion) })
}

// checkVersion reads what the file says about itself.
func checkVersion(tx *bbolt.Tx) error {
	about := tx.Bucket(aboutBucket)
	if about == nil {
		return nil // killed before it was prepared
	}
	if found := about.Get(versionKey); string(found) != string(version) {
		return fmt.Errorf("%w, but of version %q", ErrForeign, found)
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
