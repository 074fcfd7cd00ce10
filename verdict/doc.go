// Package verdict composes checks into ordered rules and gives one verdict on
// an envelope: accept, tempfail or reject, with the reply to send.
//
// A server that receives mail learns of a transaction step by step (RFC 5321,
// section 3.3), from DNS that may fail, and must answer every step. A
// [Policy] is a list of rules that does not care about that. Its rules are
// tried in order and the first that decides, decides; if none does, the answer
// is accept.
//
//	policy := verdict.Policy{Rules: verdict.Rules{
//		verdict.AcceptIf(client.In(ours)),
//		verdict.RejectUnless(helo.Syntax),
//		verdict.RejectUnless(rdns.Confirmed),
//	}}
//	v := policy.Judge(ctx, resolver, &env)
//
// # The law
//
// Two kinds of finding are unknown. Pending is not known yet, because the
// envelope has not come far enough. TempError can't be known now, because DNS
// or a store failed. One law covers both, each unknown taken by itself:
//
//	A decision is given as soon as it would be the same whatever every
//	unknown finding turned out to be, and not before. If it is not settled
//	and an unknown is Pending, the judge says Continue and waits. If only
//	TempErrors are in the way, it says tempfail.
//
// So a rule that could only have rejected does not delay a later rejection; an
// allow list that timed out turns a later rejection into a tempfail; and a
// failed lookup before a rule that accepts turns the acceptance into a
// tempfail. [Rule.Ignoring] is how a policy says, for one rule and in sight,
// that its failure does not matter.
//
// Marks are information and never change an action. An acceptance is settled
// only with its marks, so that a mark that depends on what is Pending waits. A
// mark that a failure leaves unknown does not defer the message:
// [Verdict].Undecided lists it, and delivery decides what to do. For a deferral
// instead, give the rule the action TempFail for envelope.TempError. A mark that
// one rule sets for certain is certain, whatever other rules with the same mark
// find.
//
// It follows that
//
//   - early is never different: judging stage by stage comes to the verdict
//     that judging the whole envelope at the end comes to;
//   - faults only defer: with any lookups broken the action is what it was, or
//     tempfail, and a mark is what it was, or undecided;
//   - shadow rules, and rules after the one that decided, change nothing.
//
// # Writing
//
// Only a final verdict writes: the Commit of the finding that decided, and on
// accept those of all rules reached, in order, each once. A tempfail forced by
// a failure writes nothing, conditions never write, shadow rules never write.
//
// A Commit that fails makes its finding a TempError, and the rules are tried
// again with that. If something is written by then, the verdict is final: where
// the rules would wait now, it is a tempfail. So no stage of a transaction
// writes again what an earlier one has written.
//
// # Replies
//
// A refusal answers with the status of its finding, brought into the class that
// the action asks for, and with the Text of its finding: what was seen. The
// Advice of the finding follows, and before it in a tempfail its Retry. So a
// rejection never asks to try again. Where there is no text, a rejection says
// "access denied". [Rule.Reply] replaces all that, and [Rule.See] adds lines.
//
// # What it does not do
//
// The package knows no check: checks live in packages of their own, and anyone
// can write one. It opens no socket, reads no clock but to fix the time of an
// envelope and to measure, keeps nothing between judgements, and logs nothing:
// a [Verdict] has its whole story in its Trace, and [Verdict.Explain] tells it.
// Package verdict/gosmtp puts a policy in front of a go-smtp backend.
package verdict
