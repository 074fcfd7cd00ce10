// Package specimen makes mail for a witness of package analysis, so that a case that was
// proven can be seen: judged, explained, and kept as a test.
//
//	w, err := analysis.Implies(after, before)
//	s, err := specimen.Of(ctx, w, specimen.Site{Recipients: []string{"bob@example.org"}})
//	v := s.Judge(ctx, before, s.DNS)
//
// With a record.Recorder of package verdict/scenario/record before the DNS, the judgement
// becomes a scenario file.
//
// # How it works
//
// The package has usual and unusual clients, HELO names, senders and messages, and a zone
// with their records, in which some lookups fail. Of tries them stage by stage and asks the
// checks of the witness themselves, so that what it returns does bring the outcomes about.
// The checks have arguments that only the caller knows, such as the domains of the site:
// [Site] has values for those.
//
// Messages are also signed, by a key that is always the same. For greylisting and quotas Of
// judges the same mail up to ten times before, if Site has the store: a quota of more messages
// is not used up by that.
//
// # What it does not do
//
// A reputation needs replies to other mail, and a spool that fails is no mail. Where a witness
// needs such, or outcomes that no mail has together, Of returns an error that is [ErrNone] and
// names the outcomes that are missing, and the witness stays in words.
package specimen

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

// Specimen is mail with its DNS.
type Specimen struct {
	Envelope envelope.Envelope
	DNS      *zone.Zone
	// Tried says how long before the envelope the same mail must be judged, so that a
	// store knows it, the longest first.
	Tried []time.Duration
}

// Site has values that the checks of a policy are about. They are tried first.
type Site struct {
	// Clients are addresses of clients, such as one in the networks of the site.
	Clients []netip.Addr
	// Helo are HELO names, such as one of the site.
	Helo []string
	// Senders and Recipients are mailboxes, such as those of the site. A policy that
	// rejects foreign recipients needs a recipient here. Senders are authors too.
	Senders, Recipients []string
	// Logins are logins of users, such as one that owns one of the senders.
	Logins []string
	// Signers are domains whose DKIM signatures messages have, such as that of a mailing
	// list.
	Signers []string
	// Messages are whole messages with a header, such as one of a mailing list. They are
	// tried as they are and signed.
	Messages []string
	// Zone has more records, in the format of package zone.
	Zone string
	// Failing are questions that fail, such as "bad.list.example." or "example.org. MX".
	Failing []string

	// Store is the store of the policies of the witness, if they greylist or count mail. Of
	// empties it, so that it must not be one that a server uses, and leaves in it what the
	// mail needs.
	Store greylist.Register
	// Policy is the policy that writes to Store. Of judges earlier tries of a mail by it.
	Policy verdict.Policy
}

// ErrNone says that no mail of this package brings the outcomes of a witness about.
var ErrNone = errors.New("no specimen has these outcomes together")

// Of returns mail for which the checks of a witness find what it says. If there is none, the
// error is [ErrNone] and names the outcomes that the closest mail lacks. Otherwise it is that
// of the zone or the context.
func Of(ctx context.Context, w *analysis.Witness, site Site) (*Specimen, error) {
	signer := newSigner()
	dns, err := site.dns(signer)
	if err != nil {
		return nil, err
	}
	s := search{ctx: ctx, witness: w, site: site, dns: dns, letters: site.letters(signer)}
	e, ok := s.run()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case !ok:
		return nil, fmt.Errorf("%w: where the others hold, no mail has %s", ErrNone, inWords(s.missed))
	}
	dns.Forget()
	return &Specimen{e, dns, s.tried}, nil
}

// dns returns the zone of the specimens of a site.
func (s Site) dns(signer signer) (*zone.Zone, error) {
	text, broken := records+s.Zone+"\n$ORIGIN .\n", slices.Concat(failing, s.Failing)
	for _, domain := range s.signers() {
		text += signer.record(domain)
		broken = append(broken, brokenKey(domain))
	}
	dns, err := zone.Parse(text)
	if err != nil {
		return nil, err
	}
	for _, question := range broken {
		if err := dns.SetFault(question, zone.SERVFAIL); err != nil {
			return nil, err
		}
	}
	return dns, nil
}

// inWords returns outcomes as text, such as "spf.pass=fail and helo.fqdn=none".
func inWords(outcomes analysis.Outcomes) string {
	var words []string
	for _, check := range slices.Sorted(maps.Keys(outcomes)) {
		words = append(words, fmt.Sprintf("%s=%v", check, outcomes[check]))
	}
	return strings.Join(words, " and ")
}
