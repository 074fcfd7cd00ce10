// Package quota limits how much mail a client, a login or a sender may send, and how
// much a recipient may get, in a period of time.
//
// A stolen password sends as much spam as the server accepts before someone notices.
// A limit for each login bounds the damage. A limit for each client network bounds
// what a single source can do to the queue and to the filters:
//
//	perLogin := quota.Key{Of: quota.Login, Secret: secret}
//	perNetwork := quota.Key{Of: greylist.Network, Recipients: true, Secret: secret}
//	rules := verdict.Rules{
//		verdict.TempFailUnless(quota.Within(store, perLogin, 500, 24*time.Hour)),
//		verdict.TempFailUnless(quota.Within(store, perNetwork, 1000, time.Hour)),
//	}
//
// # What counts
//
// Only a judgement that accepts counts. Mail that any rule refuses is not counted, and
// shadow rules and conditions count nothing. Mail that the policy accepts and the server
// then refuses has been counted.
//
// A [Key] counts messages or recipients. A message to 50 recipients is one message, or
// 50 recipients. A message counts as soon as the policy accepts one recipient for good:
// at RCPT, or at DATA if a rule needs the message. All recipients of a transaction
// share the count of the message in a [mxrules.example/verdict.Session]. Outside a
// Session they share it if they are judged with the same envelope.Message; otherwise, as
// in a policy service that sees one recipient at a time, each counts as a message.
//
// A rule that marks what is over the limit counts up to the limit, and not beyond it.
// Try a limit with such a rule first, because a shadow rule counts nothing.
//
// Put these rules after those that answer at RCPT, so that the store is asked only about
// mail that they accept, and before those that need the message: a Pending rule that can
// reject delays the tempfail to DATA, after the message has been sent.
//
// # The window
//
// The window slides: a limit of 500 in 24 hours looks at the last 24 hours at any time.
// It is made of two records. Periods as long as the window begin at fixed times, in UTC,
// and each has a counter. Mail of the earlier period is taken as spread evenly between
// its first and its last message, and counts as far as it is within the window.
//
// So these hold, however many servers judge concurrently on one store:
//
//   - In one period never more than n are accepted. With a window of 24 hours, that is
//     a day in UTC.
//   - In any time as long as the window never more than 2n are accepted, because it
//     touches two periods. To reach that, a sender must send a little early in the first
//     period and the rest at its end. Mail that is spread evenly, or sent at once, stays
//     within n.
//   - A key without mail within the window, and two seconds before it, passes.
//
// The check reads, and the Commit of its finding counts, up to the limit: Touch compares
// and writes in one step ([greylist.Sighting]). If others reach the limit between the
// two, the Commit is an error, and the finding becomes a TempError: the message is
// deferred with 451 4.3.0 and is not counted. A rule with Ignoring accepts it instead.
//
// Three things can count too much, and refuse mail early:
//
//   - For recipients, those that the transaction has already are added to the count as
//     if each had the same key. If the key depends on the recipient, a large transaction
//     can be refused early. Judged outside a Session, they may be counted twice.
//   - If two rules write, and the second one fails, what the first has written stays.
//   - A store on Redis may count twice if a connection breaks.
//
// More than the limit is accepted if counts are lost: a [greylist.Memory] is full or the
// program restarts, or a clock steps back by more than the window, so that records
// expire too early. Give quotas a Memory of their own, because their records would
// displace those of known senders.
//
// # Privacy
//
// A store has no addresses, but hashes under a [greylist.Secret]. Servers that share a
// store need the same secret, and then count together.
package quota
