package analysis

import (
	"maps"
	"slices"

	"mxrules.example/envelope"
)

// Fact is something that is known about checks. Facts of the checks of this library are
// built in; give those of your own checks, and of arguments, to each function.
type Fact struct {
	same     []string
	sameSite bool
	trusted  []string
	asks     map[string]query
	name     string
	domain   outcomes
	relation []relation
}

// relation says that a check b has an outcome of then if check a has one of when.
type relation struct {
	a    string
	when outcomes
	b    string
	then outcomes
}

// Same says that the checks of each of these names have the same arguments wherever they
// are used, so that they are one check. Otherwise two checks are the same only if they are
// the same func value: two calls of client.In make two checks, even with equal networks.
//
//	analysis.Implies(strict, standard, analysis.Same("recipient.ours", "client.in"))
func Same(names ...string) Fact { return Fact{same: names} }

// SameSite says that the policies are made from the same values, such as two policies for
// one site: the first check of a name in one policy is the first of that name in the other,
// the second is the second, and so on, and all method values of one name are one check. If
// the policies use checks of one name in another order, use [Same].
//
//	analysis.Implies(strict, standard, analysis.SameSite())
func SameSite() Fact { return Fact{sameSite: true} }

// Only says that a check never has other outcomes than these.
//
//	analysis.Only("corp.vpn", envelope.Pass, envelope.Fail)
func Only(check string, can ...envelope.Outcome) Fact {
	return Fact{name: check, domain: setFor(can)}
}

// If says that check b has one of the outcomes then whenever check a has the outcome
// when. It holds for all checks with these names.
//
//	analysis.If("corp.gold", envelope.Pass, "corp.customer", envelope.Pass)
func If(a string, when envelope.Outcome, b string, then ...envelope.Outcome) Fact {
	return Fact{relation: []relation{{a, setFor([]envelope.Outcome{when}), b, setFor(then)}}}
}

// Trusted says that a check passes only for clients that may relay, as
// client.authenticated does. [Vet] uses it.
func Trusted(checks ...string) Fact { return Fact{trusted: checks} }

func setFor(list []envelope.Outcome) (s outcomes) {
	for _, o := range list {
		if o, ok := outcomeFor(o); ok {
			s |= setOf(o)
		}
	}
	return s
}

// knowledge is the knowledge of some facts.
type knowledge struct {
	trusted   words
	asks      map[string]query
	same      []string
	sameSite  bool
	domains   map[string]outcomes
	relations []relation
}

// knowledgeOf returns the built-in facts and those of the caller.
func knowledgeOf(own []Fact) *knowledge {
	built := library()
	k := &knowledge{domains: maps.Clone(built.domains), asks: map[string]query{}, relations: slices.Clip(built.relations), trusted: slices.Clip(built.trusted)}
	for _, f := range own {
		maps.Copy(k.asks, f.asks)
		k.trusted = append(k.trusted, f.trusted...)
		k.same, k.sameSite = append(k.same, f.same...), k.sameSite || f.sameSite
		k.relations = append(k.relations, f.relation...)
		if f.name != "" {
			k.domains[f.name] = k.domain(f.name) & f.domain
		}
	}
	return k
}

// domain returns the outcomes that a check can have.
func (k *knowledge) domain(name string) outcomes {
	if s, ok := k.domains[name]; ok && s != 0 {
		return s
	}
	return anyOutcome
}
