package scenario

import (
	"io/fs"
	"testing"
	"testing/synctest"

	"mxrules.example/verdict/scenario/play"
)

// Policies are the policies that scenarios can name, each made for a site.
type Policies = play.Policies

// Site is what a scenario says about the site that a policy protects.
type Site = play.Site

// Dir is a directory of scenario files that Run can rewrite.
type Dir = play.Dir

// Server is what a scenario needs at the other end of a connection of RunOn.
type Server = play.Server

// Dial connects to a server as s says. The connection ends with ctx.
type Dial = play.Dial

// Coverage says what scenarios reach in each policy.
type Coverage = play.Coverage

// PolicyCoverage is the coverage of one policy.
type PolicyCoverage = play.PolicyCoverage

// RuleCoverage says what one rule did.
type RuleCoverage = play.RuleCoverage

// Run plays every scenario and judges every case of the files *.scenario in fsys, each
// as a subtest that is named after the file and the scenario.
func Run(t *testing.T, fsys fs.FS, policies Policies) {
	t.Helper()
	play.Run(test{t}, fsys, policies)
}

// RunOn plays the scenarios on another server than that of Run, which dial connects to,
// for example one of a real SMTP library on a loopback port. Lines wait change the time
// that [Server].Now returns and do not wait. Cases are not played: they have no
// conversation. The flag update has no effect.
func RunOn(t *testing.T, fsys fs.FS, policies Policies, dial Dial) {
	t.Helper()
	play.RunOn(test{t}, fsys, policies, dial)
}

// Cover fails the test if the scenarios reach less than least of all policies, a number
// from 0 to 1, and names what they do not reach. What a line "uncovered" of a file
// explains counts as reached. A rule is reached if it took each of its actions, if it
// was passed by, and, if it has conditions, if they switched it off. If the test binary has
// a flag coverhtml and it is set, Cover writes the coverage to that file as a page.
func Cover(t *testing.T, fsys fs.FS, policies Policies, least float64) {
	t.Helper()
	play.Cover(test{t}, fsys, policies, least)
}

// Measure plays all scenarios and returns what they reach. A program calls
// [play.Measure].
func Measure(t *testing.T, fsys fs.FS, policies Policies) Coverage {
	t.Helper()
	return play.MeasureIn(test{t}, fsys, policies)
}

// Mutate changes each policy in one place at a time, plays the scenarios again, and
// fails the test for each change that no scenario notices, such as
//
//	standard: without rule 7 (sender.notours) no scenario fails
//
// A mutant drops a rule, swaps two neighbours, turns a rejection into a tempfail, drops
// a condition, or ignores failures of a rule that asks DNS, a store or a lookup of the
// site. What a line "unnoticed" of a file explains may survive: a mutant can be equivalent
// to the policy. Mutants are played in parallel, so that policies are made concurrently.
func Mutate(t *testing.T, fsys fs.FS, policies Policies) {
	t.Helper()
	play.Mutate(test{t}, fsys, policies)
}

// test is the play.T of a test.
type test struct{ *testing.T }

func (t test) Run(name string, f func(play.T)) bool {
	return t.T.Run(name, func(t *testing.T) { f(test{t}) })
}

func (t test) Bubble(f func(play.T)) {
	t.Helper()
	synctest.Test(t.T, func(t *testing.T) { f(test{t}) })
}

func (t test) Settle() { synctest.Wait() }
