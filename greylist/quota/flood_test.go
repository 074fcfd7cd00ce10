package quota_test

import (
	"testing"

	"mxrules.example/greylist"
	"mxrules.example/greylist/internal/flood"
)

func TestConcurrentSendersKeepTheLimit(t *testing.T) { flood.Run(t, new(greylist.Memory)) }
