// Package postfix reads the restrictions of a Postfix main.cf and makes a policy of
// them.
//
// A site that runs Postfix has its rules already: in smtpd_client_restrictions and the
// other lists, in access tables, and in parameters such as mynetworks, relay_domains
// and the reply codes (postconf(5), access(5)). Read gives
//
//   - a verdict.Policy that judges as the restrictions do,
//   - a Report that says of each restriction what it became, and what differs from
//     Postfix on purpose,
//   - Go source that builds the same policy ([Import.Source]), to go on with.
//
// Read does not guess. A restriction, a table or a parameter that it cannot carry over
// is an error with the line of the main.cf, or, with Options.LeaveOut, a line of the
// report. A value that main.cf does not set is the default of Postfix 3.7; it is an
// error if that depends on the machine, as myhostname does.
//
// # How lists become rules
//
// Postfix tries its lists one after another, and a permit ends one list only. A policy
// is one list, and an accept ends it. So a permit becomes a condition of the later
// rules of its list, and an accept only where nothing follows:
//
//	smtpd_client_restrictions = permit_mynetworks, reject_unknown_client_hostname
//
//	verdict.TempFailUnless(rdns.Confirmed).Unless(client.In(mynetworks))
//
// A restriction class stands for its restrictions. What a table names is tried when the
// table says so ([Access.Says]). warn_if_reject is [verdict.Rule.Shadow],
// soft_bounce is [verdict.Policy].Soft. defer_if_permit and defer_if_reject need
// nothing: they are what the law of package verdict does with an unknown finding
// ([Unknown]).
//
// A rule keeps the reply code of Postfix, with its parameters, and has the enhanced
// status code and the text of this library. HOLD, FILTER and other actions about the
// accepted message become marks with the same text.
//
// # What it does not do
//
// It reads source files of tables, not compiled ones, and no databases. It does not
// read master.cf, whose -o options can replace parameters for one server. It runs no
// program: what a policy server does must be told (Options.Services).
package postfix
