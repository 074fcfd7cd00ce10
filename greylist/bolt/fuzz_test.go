package bolt

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"mxrules.example/greylist"
)

func FuzzDecode(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	r := greylist.Record{First: now, Last: now, Until: now.Add(time.Hour), Good: 7}
	f.Add(appendValue(nil, greylist.Key{}, pack(r)))
	f.Add(appendValue(nil, greylist.Key{1}, pack(r)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(greylist.Key{}, b)
		switch {
		case b == nil:
		case err == nil:
			if !bytes.Equal(appendValue(nil, greylist.Key{}, pack(r)), b) {
				t.Errorf("%x becomes %v", b, r)
			}
		case !errors.Is(err, ErrDamaged):
			t.Errorf("error %v", err)
		}
	})
}
