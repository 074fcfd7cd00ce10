// Package reputation remembers how the mail of each sending system was answered.
//
// A system that sends to many mailboxes that do not exist, or whose mail is mostly
// refused, is likely to send more of that. Its next mail can be examined more
// closely, before a block list knows the system. The memory is local: it has what this
// site, or the servers that share a store, have seen.
//
// # How it works
//
// Each recipient that was refused for good (a reply from 550 to 559), and each recipient
// of a message that was accepted, counts for the identity of the sending system, which
// is by default its network. [Recorder] writes the counts from the replies that a
// verdict.Session reports:
//
//	record := reputation.Recorder(store, options)
//	connection := verdict.Connection{
//		Policy: policy, Resolver: dns,
//		Report: func(ctx context.Context, event verdict.Event) {
//			err := record(ctx, dns, reputation.Reply{
//				Envelope: event.Envelope, Recipients: len(event.Recipients),
//				Status: event.Reply.Status, Check: event.Verdict.Finding.Check,
//			})
//			...
//		},
//	}
//
// [Good] reads them. It fails if the share of refused recipients is above the
// threshold, and is None if too few are known:
//
//	verdict.TempFailUnless(greylist.Known(store, settings)).Unless(reputation.Good(store, options)),
//	verdict.RejectUnless(dnsbl.NotListed(list)).Unless(reputation.Good(store, options)),
//
// Counts fade: a reply counts for Memory (14 days). Two records hold each count, and
// what the earlier one has is taken as spread evenly over its time, as package quota
// describes. A store has no addresses, only hashes under a
// [mxrules.example/greylist.Secret].
//
// # What it can tell, and what it cannot
//
// A bad reputation says that this site refused most of what an identity sent. It does
// not say why: an error in a rule gives a bad reputation to good senders. A good
// reputation says only that this site accepted the mail, not that anyone wanted it.
//
//   - It never accepts mail by itself. Do not use Good in a rule that accepts:
//     a system with a good reputation can be taken over at any time. A new system has no
//     reputation: the outcome is None, so that a condition Unless does not exempt it.
//   - A network may have many systems. Package greylist/identity tells large senders
//     apart from their neighbours.
//   - Anyone can send mail that is refused, but only in their own name: identities must
//     be ones that others cannot claim, as those of greylist/identity. With the domain
//     of an unverified sender address, anyone could ruin the reputation of a domain.
//   - Mail that is deferred does not count, because a client tries it again. Nor do
//     replies to a command that was out of order or had no login (503, 530), and
//     refusals before MAIL, where a sender is not yet known.
//   - What Good itself refuses does not count. Otherwise a bad reputation would never
//     end. After Memory without other mail, the system is new.
//   - A reputation does not change within a transaction, and a concurrent connection may
//     be judged before the reply of another one is written.
//
// # Harvesting
//
// A client that tries many addresses to find those that exist (directory harvesting)
// spreads them over many connections, so that no server sees many errors in one. A
// second history, with a Name of its own, counts only unknown recipients: see the
// example.
package reputation
