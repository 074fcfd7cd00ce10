// Package verdict composes checks into ordered rules and gives one verdict on
// an envelope: accept, tempfail or reject, with the reply to send.
//
// A server that receives mail learns of a transaction step by step (RFC 5321,
// section 3.3), from DNS that may fail, and must answer every step. A [Policy] is a
// list of rules that does not mention the steps. Its rules are tried in order and
// the first that decides, decides; if none does, the verdict is accept.
//
//	policy := verdict.Policy{Rules: verdict.Rules{
//		verdict.AcceptIf(client.In(ours)),
//		verdict.RejectUnless(helo.Syntax),
//		verdict.RejectUnless(rdns.Confirmed),
//	}}
//	v := policy.Judge(ctx, resolver, &env)
//
// A rule acts on one outcome of its check: the Unless rules on Fail, the If rules on
// Pass. On the others, None and PermError too, the next rule is tried. [Rule.On] sets
// an action for one more outcome:
//
//	verdict.RejectUnless(spf.NotFail).On(envelope.PermError, verdict.Reject)
//
// # Unknown findings
//
// Two kinds of finding are unknown. Pending: the envelope has not come far enough.
// TempError: DNS or a store failed. One law covers both:
//
//	A decision is given as soon as it would be the same whatever every
//	unknown finding turned out to be, and not before. If it is not settled
//	and an unknown finding is Pending, the verdict is Continue. If only
//	TempErrors prevent it, the verdict is a tempfail.
//
// For example:
//
//   - A Pending rule that can only reject does not delay a later rejection, but it
//     delays a later tempfail.
//   - If the lookup of an allow list fails, a later rejection becomes a tempfail.
//   - If a lookup fails in a rule that can reject, a later acceptance becomes a
//     tempfail.
//
// [Rule.Ignoring] exempts one rule: its failures do not matter.
//
// Marks are information and never change an action. An acceptance is final only
// with its marks, so that a mark that depends on a Pending finding delays it. A mark
// that is unknown because of a failure does not defer the message:
// [Verdict].Undecided lists it for delivery. For a tempfail instead, give the rule
// the action TempFail for envelope.TempError. A mark that one rule certainly sets is
// set, whatever other rules with the same mark find.
//
// It follows that
//
//   - an early verdict is never different: judging stage by stage gives the verdict
//     of judging the whole envelope at the end;
//   - failures only defer: if lookups fail, the action is the same or tempfail, and
//     a mark is the same or undecided;
//   - shadow rules, and rules after the one that decided, change nothing.
//
// # Concurrent checks
//
// The time of a judgement is mostly the time of its DNS lookups, so rules are not
// asked one after another. A rule starts when every rule before it has finished or
// waits for DNS, a store or a directory. In the same way the check of a rule follows
// its conditions. Findings are used in the order of the rules. The first decision
// cancels the lookups that still run and does not wait for them; the trace shows them
// as not waited for. Rules that decide without waiting prevent all later questions to
// DNS. Each question is put once per judgement, and rules that need the same answer
// share it.
//
// For the author of a check this means that checks run concurrently and may be
// cancelled at any time, so that a check must not write: what must be written is the
// Commit of its finding. Package envelope says how a check announces that it waits.
//
// This costs questions whose answers are not needed, if an earlier rule decides
// after a wait. [Verdict.Cost] counts them. With Sequential in [Policy] each check
// starts only when its finding is needed. The verdict is the same.
//
// # Writing
//
// Only a final verdict writes. It calls the Commit of the finding that decided, and
// on accept those of all rules that were reached, in order, each once. A tempfail
// forced by a failure, conditions and shadow rules write nothing.
//
// A Commit that fails makes its finding a TempError, and the rules are tried again
// with that. If another Commit has succeeded by then, the verdict is final: where the
// rules would wait, it is a tempfail. So no later stage writes the same again.
//
// # Replies
//
// A refusal has the status of its finding, which the documentation of a check has after
// "Status:", converted to the class of its action (5yz for a rejection, 4yz for a
// tempfail). Its text is the Text of the finding, in a
// tempfail followed by its Retry, and then its Advice. A rejection therefore never
// asks to try again. Without a Text, a rejection says "access denied". [Rule.Reply]
// replaces status and text, and [Rule.See] adds lines.
//
// # What it does not do
//
// The package has no checks: they are in packages of their own, and a program can
// add more. It opens no socket, stores nothing between judgements except in a
// [Session], and logs nothing. It reads the clock only for the time of an envelope
// and to measure durations. [Verdict.Explain] prints what led to a verdict, and its
// Trace holds it. Package verdict/explain tells senders what a refusal means and how to
// fix it. Package verdict/waterfall draws its questions to DNS over time, and
// verdict/picture the rules of a policy. Package verdict/replay judges recorded mail again
// and compares policies, verdict/analysis proves what a policy does without mail, and
// verdict/gosmtp applies a policy to a go-smtp backend.
package verdict
