package dmarc

import (
	"context"
	"fmt"
	"slices"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// The results of SPF and DKIM that make a difference.
const (
	pass      = "pass"
	tempError = "temperror"
)

// Bounds of an evaluation. An attacker controls what is in a message.
const (
	// maxAuthors is how many different domains From may have (RFC 9989, section
	// 11.5 leaves the number to the receiver).
	maxAuthors = 4
	// maxWalks is how many identifiers are walked for one author domain: that of SPF
	// and those of ten signatures.
	maxWalks = 11
)

// material is the input of an evaluation, prepared once for all rounds.
type material struct {
	authors     []envelope.Host   // each once
	held        *envelope.HostSet // see prepare
	sender      *spf.Result
	signatures  *dkim.Result
	identifiers []identifier
}

// prepare reads the author domains of a message. If held is not nil, the domains in it
// must be aligned even if they publish no policy, and the others are not evaluated.
// The fault is why the message cannot be evaluated.
func prepare(from []envelope.Host, held *envelope.HostSet) (m *material, fault string) {
	m = &material{held: held}
	m.authors, fault = readAuthors(from)
	return m, fault
}

// add adds the results of SPF and DKIM.
func (m *material) add(sender *spf.Result, signatures *dkim.Result) {
	m.sender, m.signatures = sender, signatures
	m.identifiers = make([]identifier, 0, 1+len(signatures.Signatures))
	m.identifiers = append(m.identifiers, identifier{method: "SPF", host: sender.Domain, word: senderWord(sender)})
	for i, s := range signatures.Signatures {
		m.identifiers = append(m.identifiers, identifier{method: "DKIM", host: s.Domain, word: s.Word, number: 1 + i})
	}
}

// evaluated returns the author domains that are evaluated.
func (m *material) evaluated() []envelope.Host {
	if m.held == nil {
		return m.authors
	}
	return slices.DeleteFunc(slices.Clone(m.authors), func(author envelope.Host) bool { return !m.held.Contains(author) })
}

// senderWord returns the result of SPF. It is temperror if another answer to a failed
// lookup could have changed it.
func senderWord(sender *spf.Result) string {
	if sender.Shaky != nil {
		return tempError
	}
	return sender.Word
}

// conclude evaluates a message in as many rounds as failed lookups require.
func (d *discovery) conclude(ctx context.Context, m *material) Result {
	type end struct {
		outcome     envelope.Outcome
		disposition string
	}
	result, failure := settle(ctx, d, m, func(result Result) end { return end{result.Outcome, result.Disposition} })
	if failure != nil {
		return result.undecided(failure)
	}
	return result.known()
}

// evaluate evaluates a message in one round of assumptions.
func (d *discovery) evaluate(ctx context.Context, m *material) Result {
	d.assumed.begin()
	var results []Result
	for _, author := range m.evaluated() {
		used := d.assumed.used
		result := d.evaluateAuthor(ctx, author, m)
		result.assumed.any = d.assumed.used > used
		results = append(results, result)
	}
	if len(results) == 0 {
		result := d.checker.blank(m.authors[0], m)
		result.Reason = "the author domain is none of those held to alignment"
		return result
	}
	return decisive(results)
}

// evaluateAuthor evaluates one author domain. If material.held is set, it evaluates the
// domain even without a policy.
func (d *discovery) evaluateAuthor(ctx context.Context, author envelope.Host, m *material) Result {
	result := d.checker.blank(author, m)
	identifiers := slices.Clone(m.identifiers)
	d.checker.weigh(identifiers, &result)
	d.certain = m.held != nil && result.genuine
	d.discoverPolicy(ctx, &result)
	if result.Record != nil && !result.published() {
		// RFC 9989, section 4.10.1: no DMARC processing for this message.
		result.Reason = "the DMARC record has no policy that can be read"
	}
	switch {
	case result.published():
	case m.held != nil: // with the defaults of a record
		result.Record, result.PolicyDomain, result.unpublished = nil, "", true
	default:
		return result
	}
	(&alignment{discovery: d, result: &result}).find(ctx, identifiers)
	result.Outcome = envelope.Fail
	if result.SPFAligned || result.DKIMAligned {
		result.Outcome = envelope.Pass
	}
	d.selectPolicy(ctx, &result)
	if result.Outcome == envelope.Fail {
		d.dispose(identifiers, &result)
	}
	return result
}

// weigh fills in what the identifiers determine, whatever is published.
func (c *Checker) weigh(identifiers []identifier, result *Result) {
	result.hopeless = true
	for _, i := range identifiers {
		known := c.kind(i.host) != ""
		mayPass := i.word == pass || i.word == tempError
		result.related = result.related || mayPass && related(i.host, result.Domain)
		switch {
		case i.host == "" || !mayPass:
		case i.word == pass && i.host == result.Domain:
			result.genuine, result.hopeless = true, false
		case i.word == pass && known:
			result.excused, result.hopeless = true, false
		case known || topLevel(i.host) == topLevel(result.Domain):
			result.hopeless = false
		}
	}
}

// related reports whether another domain than the author domain could have the same
// organizational domain, which is above both or one of them.
func related(host, author envelope.Host) bool {
	return host != "" && host != author && topLevel(host) == topLevel(author)
}

func topLevel(name envelope.Host) envelope.Host {
	for name.Labels() > 1 {
		name = parent(name)
	}
	return name
}

// unevaluated is the result for a message whose author cannot be identified. It is
// not that for a domain without a policy: otherwise a message without From would evade
// every policy.
func (c *Checker) unevaluated(m *material, fault string) Result {
	result := c.blank("", m)
	result.Outcome, result.Reason = envelope.PermError, fault
	return result
}

// readAuthors returns the author domains, each once. The fault is why they cannot be
// evaluated.
func readAuthors(from []envelope.Host) (authors []envelope.Host, fault string) {
	if len(from) == 0 {
		return nil, "the From header field has no address"
	}
	for _, text := range from {
		author, err := envelope.ParseHost(string(text))
		if err != nil {
			return authors, "the From header field has an address with an invalid domain: the " + err.Error()
		}
		if slices.Contains(authors, author) {
			continue
		}
		if len(authors) == maxAuthors {
			return authors, fmt.Sprintf("the From header field has more than %d different domains", maxAuthors)
		}
		authors = append(authors, author)
	}
	return authors, ""
}

// decisive returns the result for all author domains: the one with the highest rank,
// and among equal ones one without assumptions.
func decisive(results []Result) Result {
	decisive := results[0]
	for _, result := range results[1:] {
		if more := rank(&result) - rank(&decisive); more > 0 || more == 0 && decisive.assumed.any && !result.assumed.any {
			decisive = result
		}
	}
	if len(results) > 1 {
		decisive.each = results
	}
	return decisive
}

// rank orders results. A failure with the policy reject comes first, then a temperror,
// which could be one.
func rank(result *Result) int {
	switch result.Outcome {
	case envelope.Pass:
		return 0
	case envelope.None:
		return 1
	case envelope.TempError:
		return 10
	case envelope.Fail:
		if result.Disposition == reject {
			return 11
		}
	}
	return 2 + strictness(result.Disposition)
}

// blank returns a result with the fields that the input determines.
func (c *Checker) blank(author envelope.Host, m *material) Result {
	result := Result{
		Outcome:     envelope.None,
		Domain:      author,
		Authors:     m.authors,
		Disposition: none,
		Discovery:   "treewalk",
		SPF:         m.sender,
		DKIM:        m.signatures,
	}
	if c.rfc7489 {
		result.Discovery = "psl"
	}
	return result
}
