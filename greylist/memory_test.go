package greylist_test

import (
	"testing"

	"mxrules.example/greylist"
	"mxrules.example/greylist/greylisttest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	greylisttest.TestStore(t, func(*testing.T) greylist.Store { return greylist.NewMemory(16 << 20) })
}
