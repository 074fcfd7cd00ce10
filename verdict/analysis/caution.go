package analysis

import (
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

func (v *vet) hidesUnknownUser() {
	if !v.asks(listed) {
		return
	}
	unknown := v.and(v.facts, v.every(listed, setOf(fail)))
	for e := range v.ends(unknown) {
		if e.action == verdict.TempFail && !e.forced {
			v.report(HidesUnknownUser, e.place, v.witness(v.and(unknown, v.with(e))), "defers mail for a mailbox that does not exist")
		}
	}
}

func (v *vet) oneOpinion() {
	for _, i := range v.rulesThat(func(s actions) bool { return s.has(verdict.Reject) }) {
		if checks := v.checksOf(i); v.decides[i] && len(checks) == 1 && opinions.has(checks[0]) {
			v.report(OneOpinion, i, nil, "rejects because of %s alone", checks[0])
		}
	}
}

func (v *vet) ignoredFailure() {
	for _, i := range v.rulesThat(func(s actions) bool { return s.has(verdict.Reject) || s.has(verdict.TempFail) }) {
		rule := &v.policy.rules[i]
		own := rule.Action(envelope.TempError)
		if !v.decides[i] || own != verdict.Continue && own != verdict.Accept && !rule.Ignores() {
			continue
		}
		fails := v.checksThatFail(i)
		if len(fails) > 0 && (own == verdict.Accept || !harmless.all(fails)) {
			v.report(IgnoredFailure, i, nil, "lets mail pass if %s fails temporarily", fails[0])
		}
	}
}

// checksThatFail returns the names of the checks of a rule that can be a TempError.
func (v *vet) checksThatFail(i int) (names []string) {
	for place, u := range v.unknowns {
		if v.domains[place].has(tempError) && v.tests(v.policy.readings[i])[int32(place)] {
			names = append(names, u.name)
		}
	}
	return names
}

func (v *vet) roleUnreachable() {
	strange := v.and(v.facts, v.untrusted())
	accepts := v.where(v.policy.ends, func(n int) bool { return endOf(n).action == verdict.Accept })
	if v.and(strange, accepts) == v.constant(0) {
		return // the server is for clients that it knows
	}
	toRole := v.and(strange, v.every(role, setOf(pass)))
	for e := range v.ends(toRole) {
		if e.action == verdict.Reject && manners.all(v.checksOf(e.place)) {
			v.report(RoleUnreachable, e.place, v.witness(v.and(toRole, v.with(e))), "rejects mail for postmaster too")
			return // one rule that accepts recipient.role is the remedy for all
		}
	}
}

func (v *vet) tooLate() {
	deciding := v.rulesThat(func(s actions) bool { return s.deciding() != 0 })
	for n, i := range deciding {
		later := deciding[n+1:]
		delays := len(later) > 0 && v.decides[i] && v.earliest(i) == envelope.Data
		for _, j := range later {
			both := all(&v.policy.rules[i]).deciding() | all(&v.policy.rules[j]).deciding()
			delays = delays && v.latest(j) < envelope.Data && both.size() > 1
		}
		if delays {
			v.report(TooLate, i, nil, "needs the message, and the rules after it must wait, though %s could decide at %v",
				numbered(later[0]+1, v.policy.rules[later[0]].Name()), v.latest(later[0]))
		}
	}
}

// earliest returns the first stage at which a rule may decide.
func (v *vet) earliest(i int) envelope.Stage {
	_, from := v.policy.rules[i].Check().Describe()
	return from
}

// latest returns the stage from which all that a rule depends on is known.
func (v *vet) latest(i int) (stage envelope.Stage) {
	for place := range v.tests(v.policy.readings[i]) {
		stage = max(stage, v.unknowns[place].from)
	}
	return stage
}

// defaultQuestions is the bound of a policy without MaxQuestions.
const defaultQuestions = 500

// unbounded finds a policy that can take longer or ask more than is good.
func (v *vet) unbounded(p verdict.Policy, facts []Fact) {
	switch {
	case p.Timeout == 0:
		v.report(Unbounded, -1, nil, "the policy has no Timeout: a judgement takes as long as DNS and stores do")
	case p.Timeout > 5*time.Minute:
		v.report(Unbounded, -1, nil, "the Timeout of %v is longer than clients wait", p.Timeout)
	}
	most := p.MaxQuestions
	if most == 0 {
		most = defaultQuestions
	}
	if loads, err := Cost(p, facts...); err == nil && loads[len(loads)-1].Most.Questions > most {
		v.report(Unbounded, -1, nil, "a message can need %d questions to DNS, and the policy allows %d", loads[len(loads)-1].Most.Questions, most)
	}
}
