package analysis

import (
	"errors"
	"fmt"
	"iter"
	"unsafe"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/internal/leaves"
)

// unknown is a check of which only the facts are known. Its place in the list of the
// model is its place in the order of the diagram.
type unknown struct {
	name  string // of the check
	kind  kind   // zero unless a fact says that it is the same as others
	title string // name, numbered if other checks have the same name
	from  envelope.Stage
	check envelope.Check
}

// model holds policies as functions from the outcomes of their checks to decisions.
type model struct {
	*diagram
	unknowns []unknown
	places   map[unsafe.Pointer]int32 // of unknowns, by identity
	kinds    map[unsafe.Pointer]kind  // of checks that are the same as others by a fact
	facts    node                     // 1 for outcomes that agree with the facts
	policies []*policy
}

// policy is a policy in a model.
type policy struct {
	rules    verdict.Rules
	soft     bool
	mark     string // that ends are about, "" if they are about no mark
	readings []node // of each rule: the set of actions that it may take
	ends     node   // the decision, as a number of end
}

var errContradiction = errors.New("the facts contradict each other")

// newModel returns a model of the policies. The order of their checks decides how large
// the diagram is: checks that are used together must be close to each other. So it is that
// of the rules, place by place, if the policies share most checks, and one policy after the
// other if not.
func newModel(facts []Fact, policies ...verdict.Policy) (*model, error) {
	for i, p := range policies {
		if err := p.Validate(); err != nil {
			return nil, fmt.Errorf("policy %d: %w", i+1, err)
		}
	}
	known := knowledgeOf(facts)
	m := &model{places: map[unsafe.Pointer]int32{}, kinds: known.kinds(policies)}
	alone := 0
	for _, p := range policies {
		one := &model{places: map[unsafe.Pointer]int32{}, kinds: m.kinds}
		one.addChecks(oneByOne([]verdict.Policy{p}))
		alone += len(one.unknowns)
	}
	m.addChecks(oneByOne(policies))
	if shared := alone - len(m.unknowns); shared > alone/4 {
		m.unknowns, m.places = nil, map[unsafe.Pointer]int32{}
		m.addChecks(placeByPlace(policies))
	}
	m.title()
	domains, usual := make([]outcomes, len(m.unknowns)), make([]outcome, len(m.unknowns))
	for i, u := range m.unknowns {
		domains[i] = known.domain(u.name)
		usual[i] = usually(u.name, domains[i])
	}
	m.diagram = newDiagram(domains, usual)
	m.facts = m.together(known.relations)
	if m.facts == m.constant(0) { // everything would follow from them
		return nil, errContradiction
	}
	for _, p := range policies {
		m.policies = append(m.policies, m.build(p))
	}
	return m, m.err()
}

// placeByPlace yields the first rules of all policies, then the second ones, and so on.
func placeByPlace(policies []verdict.Policy) iter.Seq[*verdict.Rule] {
	return func(yield func(*verdict.Rule) bool) {
		for i, more := 0, true; more; i++ {
			more = false
			for _, p := range policies {
				if i < len(p.Rules) {
					more = true
					if !yield(&p.Rules[i]) {
						return
					}
				}
			}
		}
	}
}

// oneByOne yields the rules of one policy after those of another.
func oneByOne(policies []verdict.Policy) iter.Seq[*verdict.Rule] {
	return func(yield func(*verdict.Rule) bool) {
		for _, p := range policies {
			for i := range p.Rules {
				if !yield(&p.Rules[i]) {
					return
				}
			}
		}
	}
}

// addChecks adds the unknowns of rules in their order. Shadow rules have none.
func (m *model) addChecks(rules iter.Seq[*verdict.Rule]) {
	for r := range rules {
		if r.IsShadow() {
			continue
		}
		for _, check := range leavesOf(r) {
			m.addCheck(check)
		}
	}
}

func (m *model) err() error {
	if m.tooLarge() {
		return ErrTooLarge
	}
	return nil
}

// leavesOf returns the checks of the conditions of a rule and its check, and instead of a
// combination its operands.
func leavesOf(r *verdict.Rule) (checks []envelope.Check) {
	for _, c := range r.Conditions() {
		checks = append(checks, leaves.Of(c.Check)...)
	}
	return append(checks, leaves.Of(r.Check())...)
}

// addCheck adds the unknown of a check that is no combination.
func (m *model) addCheck(check envelope.Check) {
	id := identity(check)
	if _, ok := m.places[id]; ok {
		return
	}
	kind, merged := m.kinds[id]
	for i, u := range m.unknowns {
		if merged && u.kind == kind {
			m.places[id] = int32(i)
			return
		}
	}
	name, from := check.Describe()
	m.places[id] = int32(len(m.unknowns))
	m.unknowns = append(m.unknowns, unknown{name: name, kind: kind, from: from, check: check})
}

// title numbers the unknowns that share a name.
func (m *model) title() {
	count := map[string]int{}
	for i := range m.unknowns {
		u := &m.unknowns[i]
		count[u.name]++
		u.title = u.name
		if n := count[u.name]; n > 1 {
			u.title = fmt.Sprintf("%s (%d)", u.name, n)
		}
	}
}

// together returns the function that is 1 for outcomes that agree with all relations.
func (m *model) together(relations []relation) node {
	byName := map[string][]int32{}
	for i, u := range m.unknowns {
		byName[u.name] = append(byName[u.name], int32(i))
	}
	pairs := map[[2]int32][]relation{}
	for _, r := range relations {
		for _, i := range byName[r.a] {
			for _, j := range byName[r.b] {
				if i != j {
					pairs[[2]int32{i, j}] = append(pairs[[2]int32{i, j}], r)
				}
			}
		}
	}
	// The last checks of the order come first, so that each step adds to the top of the
	// function, and the rest of it stays as it is.
	all := m.constant(1)
	for i := int32(len(m.unknowns)) - 1; i >= 0; i-- {
		for j := int32(len(m.unknowns)) - 1; j > i; j-- {
			for _, pair := range [...][2]int32{{i, j}, {j, i}} {
				if list := pairs[pair]; list != nil {
					all = m.and(m.relate(pair[0], pair[1], list), all)
				}
			}
		}
	}
	return all
}

// relate returns the function that is 1 for outcomes of two checks that agree with
// relations.
func (m *model) relate(a, b int32, relations []relation) node {
	return m.merge(m.outcomeOf(a), m.outcomeOf(b), func(x, y int) int {
		for _, r := range relations {
			if r.when.has(outcome(x)) && !r.then.has(outcome(y)) {
				return 0
			}
		}
		return 1
	})
}

// outcome returns the function whose value is the outcome of a check, which may be a
// combination.
func (m *model) outcome(check envelope.Check) node {
	word, operands := check.Operands()
	switch word {
	case "all", "any":
		settling := fail
		if word == "any" {
			settling = pass
		}
		result := m.constant(int(none))
		for _, operand := range operands {
			result = m.merge(result, m.outcome(operand), func(a, b int) int {
				return int(weightier(outcome(a), outcome(b), settling))
			})
		}
		return result
	case "not":
		return m.convert(m.outcome(operands[0]), func(o int) int { return int(opposite(outcome(o))) })
	}
	return m.outcomeOf(m.places[identity(check)])
}

// weightier returns the outcome of All (settling is fail) or Any (settling is pass) of
// two operands.
func weightier(a, b, settling outcome) outcome {
	for _, o := range [...]outcome{settling, tempError, pass, fail} {
		if a.combined() == o || b.combined() == o {
			return o
		}
	}
	return none
}

// combined returns what an outcome is as an operand of All and Any.
func (o outcome) combined() outcome {
	if o == permError {
		return fail
	}
	return o
}

// opposite returns the outcome of Not.
func opposite(o outcome) outcome {
	switch o {
	case pass:
		return fail
	case fail:
		return pass
	}
	return o
}
