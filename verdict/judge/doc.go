// Package judge makes a command that explains what the policies of a site do.
//
// A program gives its policies and a resolver, and gets a command for its postmasters:
//
//	func main() {
//		os.Exit(judge.Command{
//			Policies: judge.Policies{"inbound": judge.Fixed(inbound)},
//			Resolver: dns,
//		}.Main())
//	}
//
// The command judges envelopes, of its flags or of lines of JSON, and prints the verdict
// with the finding of each rule, its cause and its questions to DNS, as text or JSON; it
// draws the waterfall of the questions (-trace, -svg) and the rules (-picture); it answers
// questions about a policy without mail (-vet, -cost, -implies, -find); it compares two
// policies on the same mail (-compare); it records mail, to judge it again (-record) or as
// a test (-scenario); and it says what scenario files reach (-cover). -help describes all
// of it.
//
// A policy that asks a directory or a store is made for a [Site], by a function: so -cover
// gives it the site of each scenario, and -scenario notes what its directories answered.
// The same [Policies] serve the tests of package scenario.
//
// # Limits
//
// -implies takes the policies to be made from the same values: checks of one name are the
// same in both, the first and the first, the second and the second.
//
// The command does not speak SMTP and delivers nothing. It judges mail and writes no
// findings, so that its store may be that of the server: greylisting says what it would say
// now, and remembers nothing. A Site without a store gets an empty one.
//
// It is a package besides package explain, which has texts for those whose mail was
// refused, for a server that imports nothing else: this one is for the site itself, and
// needs the packages that analyse, record and play.
package judge
