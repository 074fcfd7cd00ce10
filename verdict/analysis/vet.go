package analysis

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"mxrules.example/verdict"
)

// Kind is a kind of mistake.
type Kind string

const (
	// NeverDecides: no outcome makes the rule decide, because earlier rules decide
	// first, or because its check and its conditions exclude each other.
	NeverDecides Kind = "never decides"
	// NeverMarks: the mark of the rule can never be set on accepted mail.
	NeverMarks Kind = "never marks"
	// OpenRelay: mail of a client that no check trusts, for a recipient that
	// recipient.ours fails for, is accepted: by the rule, which comes before the rule
	// that closes the relay, or by no rule, because no rule closes it. Trusted are
	// client.authenticated, client.in, and the names of [Trusted].
	OpenRelay Kind = "open relay"
	// AnyoneCanPass: the rule accepts for outcomes that every client can bring about: it
	// chooses the HELO name, the sender and the message, and has a domain and a PTR name of
	// its own for which SPF, DKIM and DMARC pass. A name together with a
	// proof of it, as in All(sender.In, spf.Pass), is no mistake.
	AnyoneCanPass Kind = "anyone can pass"
	// HidesUnknownUser: a rule answers with a tempfail where recipient.listed fails, so
	// that the client tries for days instead of telling the sender.
	HidesUnknownUser Kind = "hides unknown user"
	// OneOpinion: the rule rejects because of one DNS list or of p=reject alone. A wrong
	// entry then loses mail, and RFC 9989, section 7.4 forbids the latter.
	OneOpinion Kind = "one opinion"
	// TooLate: the rule needs the message, no rule after it that decides does, and they
	// can decide differently. So mail that they refuse is sent in vain.
	TooLate Kind = "too late"
	// IgnoredFailure: the rule refuses mail, but not if a lookup fails, which a sender can
	// bring about for names of its own, and which happens to directories. Ignoring
	// failures of DNS lists and of the stores of this library is no mistake.
	IgnoredFailure Kind = "ignored failure"
	// RoleUnreachable: a client that is rejected for what it is, such as its reverse name,
	// cannot write to the postmaster either (RFC 5321, section 4.5.1).
	RoleUnreachable Kind = "role unreachable"
	// Unbounded: a judgement has no time limit, or one of more than five minutes, after
	// which clients give up (RFC 5321, section 4.5.3.2), or can need more questions than
	// Policy.MaxQuestions allows, and then defers the mail.
	Unbounded Kind = "unbounded"
)

// Mistake is something in a policy that is probably not meant.
type Mistake struct {
	Kind Kind
	// Rule is the name of the rule, and Number its place, from 1. They are zero if the
	// mistake is one of the whole policy.
	Rule   string
	Number int
	// Text says what is wrong, in one sentence.
	Text string
	// Witness is a case in which the mistake shows, nil if there is none to show.
	Witness *Witness
}

// String returns the rule, the text and the outcomes of the witness:
//
//	rule 2 (dnsbl.listed) accepts mail of untrusted clients for other domains, if client.in fails, and dnsbl.listed passes
func (m Mistake) String() string {
	text := m.Text
	if m.Number > 0 {
		text = numbered(m.Number, m.Rule) + " " + text
	}
	if m.Witness != nil {
		text += ", " + m.Witness.conditions()
	}
	return text
}

func numbered(number int, name string) string { return fmt.Sprintf("rule %d (%s)", number, name) }

// Vet returns the mistakes in a policy, in the order of the list of [Kind] and of the
// rules. A mistake can be meant: then say in a comment why. An error says that the policy
// is invalid, or that it is too large.
func Vet(p verdict.Policy, facts ...Fact) ([]Mistake, error) {
	p.Soft = false // the mistakes are those of the policy that it is to become
	m, err := newModel(facts, p)
	if err != nil {
		return nil, err
	}
	v := vet{model: m, policy: m.policies[0], decides: map[int]bool{}, trusted: knowledgeOf(facts).trusted}
	for e := range v.ends(v.facts) {
		if !e.forced {
			v.decides[e.place] = true
		}
	}
	for _, look := range []func(){v.neverDecides, v.neverMarks, v.openRelay, v.anyoneCanPass,
		v.hidesUnknownUser, v.oneOpinion, v.tooLate, v.ignoredFailure, v.roleUnreachable} {
		look()
	}
	v.unbounded(p, facts)
	return v.found, m.err()
}

// vet looks for mistakes in one policy.
type vet struct {
	*model
	policy  *policy
	trusted words
	decides map[int]bool // the rules that can decide, by index
	found   []Mistake
}

// ends yields the decisions that the policy can come to where region is 1.
func (v *vet) ends(region node) iter.Seq[end] {
	return func(yield func(end) bool) {
		for _, number := range slices.Sorted(maps.Keys(v.values(v.policy.ends, region))) {
			if !yield(endOf(number)) {
				return
			}
		}
	}
}

// with returns the function that is 1 where the policy decides so.
func (v *vet) with(e end) node {
	return v.where(v.policy.ends, func(n int) bool { return n == e.number() })
}

// every returns the function that is 1 where every check with one of the names has one
// of the outcomes that it can have.
func (v *vet) every(names words, can outcomes) node {
	all := v.constant(1)
	for i, u := range v.unknowns {
		if names.has(u.name) && v.domains[i]&can != 0 {
			all = v.and(all, v.where(v.outcomeOf(int32(i)), func(o int) bool { return can.has(outcome(o)) }))
		}
	}
	return all
}

// asks reports whether the policy asks a check with one of the names.
func (v *vet) asks(names words) bool {
	return slices.ContainsFunc(v.unknowns, func(u unknown) bool { return names.has(u.name) })
}

// checksOf returns the names of the checks that what a rule does depends on.
func (v *vet) checksOf(i int) (names []string) {
	for _, place := range slices.Sorted(maps.Keys(v.tests(v.policy.readings[i]))) {
		names = append(names, v.unknowns[place].name)
	}
	return names
}

// report adds a mistake of the rule at an index.
func (v *vet) report(kind Kind, i int, w *Witness, format string, args ...any) {
	m := Mistake{Kind: kind, Text: fmt.Sprintf(format, args...), Witness: w}
	if i >= 0 && i < len(v.policy.rules) {
		m.Number, m.Rule = i+1, v.policy.rules[i].Name()
	}
	v.found = append(v.found, m)
}

// rulesThat returns the rules whose possible actions are as wanted, without shadow rules.
func (v *vet) rulesThat(does func(actions) bool) (places []int) {
	for i := range v.policy.rules {
		if r := &v.policy.rules[i]; !r.IsShadow() && does(all(r)) {
			places = append(places, i)
		}
	}
	return places
}
