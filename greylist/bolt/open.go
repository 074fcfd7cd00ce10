package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// open opens a valid file or creates one. Closing db closes file.
func open(path string, timeout time.Duration) (db *bbolt.DB, file *os.File, err error) {
	// An empty file is new. A process that is killed while it creates a file
	// leaves one.
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	isNew := err != nil || info.Size() == 0
	if !isNew {
		if err := inspect(path, timeout); err != nil {
			return nil, nil, err
		}
	}
	db, file, err = openFile(path, &bbolt.Options{Timeout: timeout, FreelistType: bbolt.FreelistArrayType})
	if write := (*fs.PathError)(nil); isNew && errors.As(err, &write) && write.Op == "write" {
		// The disk is full. Part of the first pages would be a damaged file.
		return nil, nil, errors.Join(err, os.Truncate(path, 0))
	}
	if err != nil {
		return nil, nil, err
	}
	if err := prepare(db); err != nil {
		db.Close()
		return nil, nil, err
	}
	return db, file, nil
}

// openFile opens a file with bbolt. Closing db closes file. If bbolt panics,
// openFile closes file.
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
		return nil, nil, errInUse
	case errors.Is(err, bbolt.ErrInvalid), errors.Is(err, bbolt.ErrVersionMismatch):
		return nil, nil, fmt.Errorf("%w (%w)", errForeign, err)
	case errors.Is(err, bbolt.ErrChecksum), err != nil && err.Error() == "file size too small":
		return nil, nil, fmt.Errorf("%w (%w)", ErrDamaged, err)
	}
	return db, file, err
}

// inspect checks a file without changing it.
func inspect(path string, timeout time.Duration) error {
	db, file, err := openFile(path, &bbolt.Options{Timeout: timeout, ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close() // until then no other process can write to it
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if err := checkPages(file, info.Size(), db.Info().PageSize); err != nil {
		return err
	}
	return guarded(func() error { return db.View(checkVersion) })
}

// checkVersion checks the version of the format.
func checkVersion(tx *bbolt.Tx) error {
	about := tx.Bucket(aboutBucket)
	if about == nil {
		return nil // the process was killed before prepare
	}
	found := about.Get(versionKey)
	if !bytes.Equal(found, version) && !bytes.Equal(found, firstVersion) {
		return fmt.Errorf("%w: the version is %q", errForeign, found)
	}
	return nil
}

// prepare creates the buckets of a new file, and makes one of version 1 one of this
// version, so that a program which does not know of the logs refuses it.
func prepare(db *bbolt.DB) error {
	return guarded(func() error {
		prepared := false
		err := db.View(func(tx *bbolt.Tx) error {
			about := tx.Bucket(aboutBucket)
			prepared = about != nil && bytes.Equal(about.Get(versionKey), version)
			return nil
		})
		if err != nil || prepared {
			return err
		}
		return db.Update(func(tx *bbolt.Tx) error {
			if _, err := tx.CreateBucketIfNotExists(treeBucket); err != nil {
				return err
			}
			about, err := tx.CreateBucketIfNotExists(aboutBucket)
			if err != nil {
				return err
			}
			return about.Put(versionKey, version)
		})
	})
}
