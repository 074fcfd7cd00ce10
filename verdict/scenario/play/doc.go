// Package play plays scenario files outside of go test.
//
// Package scenario documents the files, and is what tests use: it passes its *testing.T on
// to this package, which does not import package testing. So a program can say what the
// scenarios of a policy reach:
//
//	coverage, err := play.Measure(ctx, scenarios, policies)
//	err = coverage.WriteText(os.Stdout)
//
// The command of package judge does so with -cover.
//
// # Time
//
// Outside of a test the clock of a scenario runs with that of the machine: a line wait
// moves it and takes no time, a line delay takes the time that it names, and a reply must
// come within 30 seconds.
package play
