package analysis

import (
	"maps"
	"slices"
)

// possible has, for each outcome of one check, the outcomes that another can have.
type possible [outcomeCount]outcomes

// closure returns all relations that follow from those of k: one for each outcome of a check
// that restricts another check. A model has only the checks that policies ask, and a
// relation between two of them can follow by way of a third that they do not ask.
func (k *knowledge) closure() []relation {
	places := map[string]int{}
	for _, r := range k.relations {
		places[r.a], places[r.b] = 0, 0
	}
	names := slices.Sorted(maps.Keys(places))
	table := make([][]possible, len(names))
	for i, a := range names {
		places[a] = i
		table[i] = make([]possible, len(names))
		for j, b := range names {
			for o := range outcome(outcomeCount) {
				table[i][j][o] = k.domain(b)
				if i == j {
					table[i][j][o] = setOf(o)
				}
			}
		}
	}
	for _, r := range k.relations {
		for o := range outcome(outcomeCount) {
			if r.when.has(o) {
				table[places[r.a]][places[r.b]][o] &= r.then
			}
		}
	}
	for narrow(table, k, names) {
	}
	var all []relation
	for i, a := range names {
		for j, b := range names {
			for o := range outcome(outcomeCount) {
				if then := table[i][j][o]; i != j && k.domain(a).has(o) && then != k.domain(b) {
					all = append(all, relation{a, setOf(o), b, then})
				}
			}
		}
	}
	return all
}

// narrow removes outcomes that a third check excludes, and reports whether there were any.
func narrow(table [][]possible, k *knowledge, names []string) (changed bool) {
	for a := range table {
		for b := range table {
			for c := range table {
				for o := range outcome(outcomeCount) {
					if !k.domain(names[a]).has(o) {
						continue
					}
					var by outcomes // of c, by way of b
					for v := range outcome(outcomeCount) {
						// a excludes v of b also if v excludes the outcome of a
						if table[a][b][o].has(v) && table[b][a][v].has(o) {
							by |= table[b][c][v]
						}
					}
					if less := table[a][c][o] & by; less != table[a][c][o] {
						table[a][c][o], changed = less, true
					}
				}
			}
		}
	}
	return changed
}
