package envelopetest_test

import "testing"

// The check of the example is what it is shown to be.
func TestHasMX(t *testing.T) {
	testHasMX(t)
	testHasMXFinds(t)
}
