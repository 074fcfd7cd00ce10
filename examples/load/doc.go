// Package load is a benchmark: it plays the same load of mail to Postfix with the programs
// of Debian, to Postfix with examples/policyd and examples/milter, and to examples/mx.
//
//	go test -bench . -benchtime 2000x ./examples/load
//
// It needs Linux, root and the programs. The README has the set-ups and results.
package load
