package envelopetest_test

import "testing"

// The tests of the example pass.
func TestHasMX(t *testing.T) {
	testHasMX(t)
	testHasMXFinds(t)
}
