package dmarc

import (
	"context"
	"fmt"
	"slices"

	"mxrules.example/envelope"
)

// Bounds of an evaluation. An attacker controls what is in a message.
const (
	// maxAuthors is how many different domains From may have (RFC 9989, section
	// 11.5 leaves the number to the receiver).
	maxAuthors = 4
	// maxSignatures is how many signatures are looked at: as many as a report
	// should have (RFC 9990, section 3.1.3).
	maxSignatures = 100
	// maxWalks is how many identifiers are walked for one author domain: SPF and
	// ten signatures.
	maxWalks = 11
)

// Evaluate finds the policy for the author domain and says whether the message
// is authenticated as its own (RFC 9989, section 5.3). With several author
// domains each is evaluated, and the message passes if it passes for all of
// them; if it fails, the result is that of the strictest policy (section 11.5).
//
// The result is TempError only if what DNS did not answer could change Outcome or
// Disposition.
//
// DNS: for each author domain, four at most, TXT of it and of the names above
// it, eight at most; then for each domain below its organizational domain that
// passed, up to there, eight at most; and, if the message fails and np differs
// from sp, what [envelope.Exists] asks for the author domain. If a lookup fails,
// it may ask the same of what another answer would lead to.
func (receiver *Receiver) Evaluate(ctx context.Context, r envelope.Resolver, in Input) Result {
	m, fault := prepare(in, nil)
	if fault != "" {
		return *receiver.unevaluated(m, fault).own()
	}
	return *receiver.discover(r).conclude(ctx, m).own()
}

// material is what is known of a message, read once for all rounds.
type material struct {
	Input
	authors []envelope.Host // each once
	held    *envelope.HostSet
	hosts   []envelope.Host // of SPF and then of the signatures; "" is not a name of a host
}

// prepare reads an input. If held is not nil, the author domains in it are held to
// alignment though they publish no policy, and the others are not evaluated. The
// fault says what keeps the message from being evaluated.
func prepare(in Input, held *envelope.HostSet) (m *material, fault string) {
	in.DKIM = in.DKIM[:min(len(in.DKIM), maxSignatures)]
	m = &material{Input: in, held: held, hosts: make([]envelope.Host, 1+len(in.DKIM))}
	m.hosts[0], _ = envelope.ParseHost(in.SPF.Domain)
	for i, signature := range in.DKIM {
		m.hosts[1+i], _ = envelope.ParseHost(signature.Domain)
	}
	m.authors, fault = readAuthors(in.From)
	return m, fault
}

// conclude evaluates a message to the end that is certain.
func (d *discovery) conclude(ctx context.Context, m *material) Result {
	type end struct {
		outcome     envelope.Outcome
		disposition Policy
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
	for _, author := range m.authors {
		if m.held == nil || m.held.Contains(author) {
			used := d.assumed.used
			result := d.evaluateAuthor(ctx, author, m)
			result.assumed.any = d.assumed.used > used
			results = append(results, result)
		}
	}
	if len(results) == 0 {
		result := d.receiver.blank(m.authors[0], m)
		result.Reason = "the author domain is none of those held to alignment"
		return result
	}
	return decisive(results)
}

// evaluateAuthor evaluates one author domain. If it is held to alignment it is
// evaluated also without a policy.
func (d *discovery) evaluateAuthor(ctx context.Context, author envelope.Host, m *material) Result {
	result := d.receiver.blank(author, m)
	identifiers := m.identifiers(&result)
	d.receiver.weigh(identifiers, &result)
	d.certain = m.held != nil && result.genuine
	d.discoverPolicy(ctx, &result)
	if result.Record != nil && !result.published() {
		// RFC 9989, section 4.10.1: no DMARC processing for this message.
		result.Reason = "the DMARC record has no policy that can be read"
	}
	switch {
	case result.published():
	case m.held != nil: // by this site, with the defaults of a record
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

// weigh fills in what the identifiers make certain whatever is published.
func (receiver *Receiver) weigh(identifiers []identifier, result *Result) {
	result.hopeless = true
	for _, i := range identifiers {
		known := receiver.kind(i.host) != ""
		switch {
		case i.host == "" || i.result != pass && i.result != temperror:
		case i.result == pass && i.host == result.Domain:
			result.genuine, result.hopeless = true, false
		case i.result == pass && known:
			result.excused, result.hopeless = true, false
		case known || topLevel(i.host) == topLevel(result.Domain):
			result.hopeless = false
		}
	}
}

func topLevel(name envelope.Host) envelope.Host {
	for name.Labels() > 1 {
		name = parent(name)
	}
	return name
}

// unevaluated is the result for a message whose author cannot be told. It must
// not look like that for a domain without a policy, or leaving out From would
// be the way around every policy.
func (receiver *Receiver) unevaluated(m *material, fault string) Result {
	result := receiver.blank("", m)
	result.Outcome, result.Reason = envelope.PermError, fault
	return result
}

// readAuthors returns the author domains, each once. The fault says what keeps
// them from being evaluated.
func readAuthors(from []string) (authors []envelope.Host, fault string) {
	if len(from) == 0 {
		return nil, "the From header field has no address"
	}
	for _, text := range from {
		author, err := envelope.ParseHost(text)
		if err != nil {
			return authors, "the From header field has an address with a domain that can't be read: the " + err.Error()
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

// decisive returns the result that speaks for all author domains. A failure
// that could not be worse settles it; if none does, what is not known comes
// before what is. Of two that are alike, one that assumes nothing speaks.
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

func rank(result *Result) int {
	switch result.Outcome {
	case envelope.Pass:
		return 0
	case envelope.None:
		return 1
	case envelope.TempError:
		return 10
	case envelope.Fail:
		if result.Disposition == PolicyReject {
			return 11
		}
	}
	return 2 + result.Disposition.strictness()
}

// blank returns a result that holds what went in, and nothing found.
func (receiver *Receiver) blank(author envelope.Host, m *material) Result {
	result := Result{
		Outcome:     envelope.None,
		Domain:      author,
		Authors:     m.authors,
		Disposition: PolicyNone,
		Discovery:   "treewalk",
		SPF:         SPFResult{SPF: m.SPF},
	}
	if receiver.Model == RFC7489 {
		result.Discovery = "psl"
	}
	if len(m.DKIM) > 0 {
		result.DKIM = make([]DKIMResult, len(m.DKIM))
	}
	for i, signature := range m.DKIM {
		result.DKIM[i].DKIM = signature
	}
	return result
}
