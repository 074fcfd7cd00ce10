package analysis

import (
	"iter"
	"slices"

	"mxrules.example/verdict"
)

func (v *vet) neverDecides() {
	for _, i := range v.rulesThat(func(s actions) bool { return s.deciding() != 0 || s == actions(0).with(verdict.Continue) }) {
		if !v.decides[i] {
			v.report(NeverDecides, i, nil, "can never decide: %s", v.cover(i))
		}
	}
}

// cover says why a rule never decides: the fewest earlier rules that leave nothing
// for it.
func (v *vet) cover(i int) string {
	would := v.and(v.facts, v.where(v.policy.readings[i], func(s int) bool { return actions(s).size() == 1 && actions(s).deciding() != 0 }))
	leaves := func(rules []int) bool { // something for rule i
		left := would
		for _, j := range rules {
			left = v.and(left, v.where(v.policy.readings[j], func(s int) bool { return actions(s).deciding() == 0 }))
		}
		return left != v.constant(0)
	}
	var needed []int
	for j := range i {
		needed = append(needed, j)
	}
	for _, j := range slices.Clone(needed) {
		if without := slices.DeleteFunc(slices.Clone(needed), func(k int) bool { return k == j }); !leaves(without) {
			needed = without
		}
	}
	if len(needed) == 0 {
		return "there are no outcomes for which it would"
	}
	names := make([]string, len(needed))
	for n, place := range needed {
		names[n] = numbered(place+1, v.policy.rules[place].Name())
	}
	if len(names) == 1 {
		return names[0] + " decides first"
	}
	return enumerate(names) + " decide first"
}

func (v *vet) neverMarks() {
	for _, i := range v.rulesThat(func(s actions) bool { return s.has(verdict.Mark) }) {
		sets := v.where(v.policy.readings[i], func(s int) bool { return actions(s) == actions(0).with(verdict.Mark) })
		delivers := func(e end) bool { return e.action == verdict.Accept && e.place > i }
		if !someEnd(v.ends(v.and(v.facts, sets)), delivers) {
			v.report(NeverMarks, i, nil, "can never set its mark %q on mail that is accepted", v.policy.rules[i].Mark())
		}
	}
}

// someEnd reports whether one of the decisions is as wanted.
func someEnd(ends iter.Seq[end], wanted func(end) bool) bool {
	for e := range ends {
		if wanted(e) {
			return true
		}
	}
	return false
}
