package play

import (
	"testing"
	"testing/synctest"
)

// inTest is the T of a test, as package scenario makes it.
type inTest struct{ *testing.T }

func (t inTest) Run(name string, f func(T)) bool {
	return t.T.Run(name, func(t *testing.T) { f(inTest{t}) })
}
func (t inTest) Bubble(f func(T)) { synctest.Test(t.T, func(t *testing.T) { f(inTest{t}) }) }
func (t inTest) Settle()          { synctest.Wait() }
