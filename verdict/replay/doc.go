// Package replay judges mail again: later by the answers that were recorded, or by another
// policy over the same answers.
//
// # Two policies
//
// A [Change] is a policy and what will replace it. It judges an envelope by both, asks each
// question to DNS once, and writes nothing, so that it can run on live mail:
//
//	change := replay.Change{Old: policy, New: stricter}
//	pair := change.Judge(ctx, resolver, &e)
//	if pair.Differs() {
//		log.Print(pair)
//	}
//
// # Records
//
// A [Record] is an envelope, the answers of DNS that its judgement saw, and the time, in
// one line of JSON. It judges the envelope again, with the same verdict:
//
//	seen := zone.Record(resolver)
//	v := policy.Judge(ctx, seen, &e)
//	record, err := replay.Judged{
//		Policy: policy, Envelope: e, Answers: seen, Verdicts: []verdict.Verdict{v},
//	}.Record()
//	err = json.NewEncoder(file).Encode(record)
//
// and later, by the same policy or another one:
//
//	err := json.Unmarshal(line, &record)
//	verdicts, err := record.Judge(ctx, policy)
//
// A question that was not asked has no answer: a rule of another policy that asks it finds
// a TempError, and not that there is no such name. A command of package judge
// reads records, and writes them with -record.
//
// # Findings by value
//
// Most checks are functions of the envelope, DNS and the time, so that they find the same
// again. A check that answers from a store or a directory may not. Name it in
// [Judged].ByValue, and its findings are recorded as they are. The checks of this library
// that need it are greylist.known, greylist.trusted, quota.within, reputation.good, and, if
// the directory can change, sender.listed, recipient.listed, sender.ownedbylogin and
// dmarc.authorowned. A recorded finding has no Detail.
//
// # Privacy
//
// A record has addresses, and the message unless [Judged].WithoutMessage is set. With
// [Judged].Secret mailboxes and logins are replaced by keyed hashes.
package replay
