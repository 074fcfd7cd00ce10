// Package analysis answers questions about a policy without mail and without DNS: which
// rules can never decide, what two policies decide differently, in which cases mail is
// accepted.
//
// A postmaster who changes a rule wants to know what changes, and one who takes over a
// policy wants to know what it accepts. Tests with mail show single cases. This package
// tries all of them: the answer holds for every envelope, or a [Witness] shows a case.
//
//	w, err := analysis.Implies(strict, standard)
//	// accept by no rule, but reject by rule 7 (spf.notfail), if client.in and spf.notfail fail, and …
//
// # Questions
//
//   - What is wrong with this policy? [Vet] finds rules that can never decide, an open
//     relay, accepts that anyone can bring about, and other mistakes.
//   - Does my change only let more mail in? Does it change anything? [Implies] and
//     [Equivalent] compare two policies.
//   - Which mail is accepted without TLS, which is rejected with a login? [Find] returns
//     the cases.
//   - Can two servers accept the same mail? See [Disjoint].
//   - What must the message still show, if this is known at RCPT? See [Residual].
//   - What has to change before this mail is accepted? See [Turns].
//   - What does this policy ask of DNS? See [Cost].
//
// Package verdict/analysis/specimen makes mail for a witness, so that it can be judged and
// kept as a test.
//
// # How it works
//
// A check is an unknown that has one of the outcomes pass, fail, none, permerror and
// temperror. A policy is then a function from the outcomes of its checks to a decision,
// computed as package verdict does for a whole envelope, failures included. [envelope.All],
// [envelope.Any] and [envelope.Not] are computed from their operands. The function is
// kept as a decision diagram, in which equal parts are kept once, so that the work
// depends on how many checks the rules share and not on the number of cases. If it
// would exceed a bound, the answer is [ErrTooLarge].
//
// # Which checks are the same
//
// Two uses of a check are one unknown if they are the same func value, such as
// helo.FQDN twice, or one variable that two rules use. Two calls of client.In make
// two checks that have nothing in common, even with equal arguments, because the
// package cannot look into a func. Compare policies that share their checks, or say
// with [Same] or [SameSite] that they are made from the same values. A method value, such as
// NotFail of an spf.Checker, is a new func value each time: keep it in a variable, or use
// one of these facts.
//
// # Facts
//
// Outcomes of different checks depend on each other: helo.resolves is none if the HELO
// name is a literal, and spf.pass fails if spf.notfail does. The package knows these
// facts of the checks of this library, for all checks of one name whatever their
// options; add those of your own checks with [If] and [Only]. A fact is used if the
// policies ask its checks. Without a fact a witness may show outcomes that no mail can have.
// A fact that does not hold can hide a case.
//
// # What it does not do
//
// It knows names and not arguments: whether two networks overlap is your [Fact] to give.
// It does not consider that a check that asks nothing fails, as when Policy.Timeout is
// over, and no Commit that fails. Only [Equivalent] compares marks, and nothing compares
// replies. For what a policy does with certain mail see package verdict/scenario.
package analysis
