package dkim

import (
	"cmp"
	"slices"

	"golang.org/x/net/publicsuffix"
	"mxrules.example/envelope"
)

// maxReported is how many signatures a Result has.
const maxReported = 20

// byAlignment sorts signatures that could be aligned with an author domain first (RFC
// 9989, section 4.4.1). So the one that counts is verified, however many signatures
// an attacker adds.
func byAlignment(signatures []*signature) {
	slices.SortStableFunc(signatures, func(a, b *signature) int { return cmp.Compare(b.nearness, a.nearness) })
}

// weigh computes how near each signature is to the authors. It runs once, before
// sorting, because there may be a thousand of both.
func weigh(signatures []*signature, authors []envelope.Host) {
	if len(authors) == 0 {
		return
	}
	organizations := make(map[string]bool, len(authors))
	for _, author := range authors {
		organizations[registered(author)] = true
	}
	for _, s := range signatures {
		if !s.settled {
			s.nearness = closest(s.Domain, authors, organizations)
		}
	}
}

// closest returns how near a signing domain is to the nearest author: 3 if they are
// the same, 2 if one is below the other, 1 if both have the same registered domain by
// the public suffix list, and 0 otherwise. A public suffix is not near the names below
// it. The organizations are the registered domains of the authors.
func closest(domain envelope.Host, authors []envelope.Host, organizations map[string]bool) int {
	nearest := 0
	for _, author := range authors {
		switch {
		case domain == author:
			return 3
		case domain.Below(author) || author.Below(domain) && !isPublicSuffix(domain):
			nearest = 2
		}
	}
	if nearest == 0 && organizations[registered(domain)] {
		nearest = 1
	}
	return nearest
}

// isPublicSuffix reports whether names below domain are registered by others.
func isPublicSuffix(domain envelope.Host) bool {
	suffix, icann := publicsuffix.PublicSuffix(string(domain))
	return suffix == string(domain) && (icann || domain.Labels() == 1)
}

// registered returns the registered domain of a name by the public suffix list, or the
// name itself if the list has none.
func registered(domain envelope.Host) string {
	name, err := publicsuffix.EffectiveTLDPlusOne(string(domain))
	if err != nil {
		return string(domain)
	}
	return name
}

// result returns the result with at most maxReported signatures: those in chosen,
// nearest to the authors first, then the others from the top of the header.
func (v *verification) result(chosen []*signature) *Result {
	reported := make(map[*signature]bool, maxReported)
	for _, s := range slices.Concat(chosen, v.signatures) {
		if len(reported) == maxReported {
			break
		}
		reported[s] = true
	}
	distinguish(reported)
	result := &Result{
		Signatures: make([]Signature, 0, len(reported)),
		Omitted:    v.unread + len(v.signatures) - len(reported),
	}
	for _, s := range v.signatures {
		if reported[s] {
			result.Signatures = append(result.Signatures, s.Signature)
		}
	}
	return result
}

// distinguish gives each signature a prefix of its data that no other has, unless
// their data is the same (RFC 6008, section 4).
func distinguish(reported map[*signature]bool) {
	for s := range reported {
		length := prefixLength
		for other := range reported {
			if other.text != s.text {
				length = max(length, common(s.text, other.text)+1)
			}
		}
		s.Prefix = s.text[:min(length, len(s.text))]
	}
}

// common returns the length of the common prefix of two texts.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
