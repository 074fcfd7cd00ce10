// Package waterfall draws the questions to DNS of a verdict over time: when each
// question began, how long it took, which rules asked it, and whether its answer was
// shared between rules, failed, or was asked in vain.
//
//	v := policy.Judge(ctx, resolver, &e)
//	waterfall.Text(os.Stdout, v) // for a terminal or a log
//	waterfall.SVG(file, v)       // for a browser
//
// Use it to see what a judgement waited for. The data is that of
// [verdict.Verdict.Lookups]. Both forms may change between releases.
//
// Names in DNS questions come from strangers. Control characters and characters that
// change the direction of text are replaced, long names are cut, and the SVG has no
// links and no scripts.
package waterfall
