package dmarc

import (
	"context"
	"fmt"
	"slices"

	"mxrules.example/envelope"
)

// Bounds of an evaluation. What is in a message a stranger wrote.
const (
	// maxAuthors is how many different domains From may have (RFC 9989, section
	// 11.5 leaves the number to the receiver).
	maxAuthors = 4
	// maxSignatures is how many signatures are looked at.
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
// The result is TempError only if what DNS did not answer could have made a
// difference: a message with an aligned identifier passes whatever else failed,
// and a signature of a domain that is not aligned can't hold up a rejection by
// failing to be looked up.
//
// DNS: for each author domain, four at most, TXT of it and of the names above
// it, eight at most; then for each domain below its organizational domain that
// passed, up to there, eight at most; and, if the message fails and np differs
// from sp, what [envelope.Exists] asks for the author domain.
func (receiver *Receiver) Evaluate(ctx context.Context, r envelope.Resolver, in Input) Result {
	return *receiver.evaluate(ctx, r, in, nil).own()
}

// evaluate is Evaluate with domains that are held to alignment though they
// publish no policy.
func (receiver *Receiver) evaluate(ctx context.Context, r envelope.Resolver, in Input, held *envelope.HostSet) Result {
	authors, fault := readAuthors(in.From)
	if fault != "" {
		return receiver.unevaluated(in, authors, fault)
	}
	d := receiver.discover(r)
	var results []Result
	for _, author := range authors {
		if held != nil && !held.Contains(author) {
			continue
		}
		result := d.evaluate(ctx, author, in, held != nil)
		result.Authors = authors
		results = append(results, result)
	}
	if len(results) == 0 {
		result := receiver.blank(authors[0], in)
		result.Reason, result.Authors = "the author domain is none of those held to alignment", authors
		return result
	}
	return decisive(results)
}

// unevaluated is the result for a message whose author nobody can tell. It must
// not look like that for a domain without a policy, or leaving out From would
// be the way around every policy.
func (receiver *Receiver) unevaluated(in Input, authors []envelope.Host, fault string) Result {
	result := receiver.blank("", in)
	result.Outcome, result.Reason, result.Authors = envelope.PermError, fault, authors
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
// before what is.
func decisive(results []Result) Result {
	decisive, worst := results[0], PolicyNone
	for _, result := range results {
		if rank(&result) > rank(&decisive) {
			decisive = result
		}
		if result.worst.strictness() > worst.strictness() {
			worst = result.worst
		}
	}
	decisive.worst = worst
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
func (receiver *Receiver) blank(author envelope.Host, in Input) Result {
	result := Result{
		Outcome:     envelope.None,
		Domain:      author,
		Disposition: PolicyNone,
		Discovery:   "treewalk",
		SPF:         SPFResult{SPF: in.SPF},
	}
	if receiver.Model == RFC7489 {
		result.Discovery = "psl"
	}
	for _, signature := range in.DKIM[:min(len(in.DKIM), maxSignatures)] {
		result.DKIM = append(result.DKIM, DKIMResult{DKIM: signature})
	}
	return result
}

// evaluate evaluates one author domain. If it is held to alignment it is
// evaluated also without a policy.
func (d *discovery) evaluate(ctx context.Context, author envelope.Host, in Input, held bool) Result {
	result := d.receiver.blank(author, in)
	unsure := d.discoverPolicy(ctx, &result)
	if result.Record != nil && !result.published() {
		// RFC 9989, section 4.10.1: no DMARC processing for this message.
		result.Reason = "the DMARC record has no policy that can be read"
	}
	switch {
	case result.published():
	case held: // by this site, with the defaults of a record
		result.Record, result.PolicyDomain, result.unpublished = nil, "", true
	case result.Record == nil && unsure != nil:
		return temporary(result, unsure)
	default:
		return result
	}
	a := alignment{discovery: d, result: &result, unsure: unsure}
	waits := a.find(ctx)
	switch {
	case result.SPFAligned || result.DKIMAligned:
		result.Outcome = envelope.Pass
	case waits != nil:
		result.Outcome = envelope.TempError
	default:
		result.Outcome = envelope.Fail
	}
	if err := d.selectPolicy(ctx, &result); err != nil && waits == nil {
		waits = err
	}
	if waits == nil && result.Outcome == envelope.Fail {
		waits = d.receiver.dispose(&result)
	}
	if waits != nil && result.Outcome != envelope.Pass {
		return temporary(result, waits)
	}
	result.worst = result.Disposition
	return result
}

// temporary makes a result one that waits for DNS. No policy is applied.
func temporary(result Result, err error) Result {
	result.Outcome, result.Err = envelope.TempError, err
	result.Reason = "a lookup failed"
	result.Disposition, result.Overrides = PolicyNone, nil
	if result.worst == "" {
		result.worst = PolicyReject
	}
	return result
}
