package bolt_test

import (
	"path/filepath"
	"testing"

	"mxrules.example/greylist/internal/flood"
)

func TestConcurrentSendersKeepTheLimit(t *testing.T) {
	flood.Run(t, open(t, filepath.Join(t.TempDir(), "greylist")))
}
