// Package record writes scenario files from judged mail: a bug report becomes a test.
//
// A [Recorder] stands between a policy and what it asks. After a judgement it knows each
// answer of DNS and of the directories, and writes them with the envelope and the verdict
// as a file of package scenario that reproduces the verdict:
//
//	var recorder record.Recorder
//	policy := inbound(recorder.Mailboxes(mailboxes))
//	v := policy.Judge(ctx, recorder.Resolver(dns), &e)
//	err := recorder.Write(file, record.Case{
//		Policy: "inbound", Envelope: e, Verdicts: []verdict.Verdict{v},
//	})
//
// A command of package judge does so with -scenario.
//
// # What is reproduced
//
// The file expects the action, the rule, the marks and the undecided marks of the verdict.
// The policy is not in the file but a name, a key of scenario.Policies. A file without
// Settings needs a policy that is made without them.
//
// A question that the judgement did not ask fails in the scenario, so that no rule finds
// out more than it knew. A directory that failed for one address fails for all. Stores are not
// recorded: a verdict that depends on greylisting, a quota or a reputation is that of an
// empty store, or of one that earlier tries of the same mail filled (Tried).
//
// # Anonymous files
//
// With Anonymous the file has other addresses and names in place of the real ones,
// everywhere the same: IP addresses of 192.0.2.0/24 and 2001:db8::/32, domains below
// example, and the letters of subject, body and display names are x. The shape remains:
// which names belong to one organization, which labels of a host name are usual words,
// and which address space is not public. An address of a mail host that is public becomes
// one of 192.175.48.0/24, which is nobody's and public. Valid DKIM signatures become
// signatures by keys of the scenario. A network becomes the addresses of the file that it
// contains.
//
// Words that an author put into a structured field, such as a comment, remain, and a rule
// that looks at the text of a name may find something else. A policy that has the domains
// of the site as constants finds another verdict: take them from the Settings. Read the
// file, and run it, before you publish it.
package record
