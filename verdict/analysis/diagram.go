package analysis

import "errors"

// ErrTooLarge says that a question about a policy takes more work than the package does.
var ErrTooLarge = errors.New("the policy is too large to analyse: its rules share too many checks")

// Bounds of a question: of its memory, about 200 MB, and of its time, a few seconds.
const (
	maxNodes = 1 << 20
	maxSteps = 1 << 23
)

// node is a function from the outcomes of all checks to a number. It is a place in the
// list of a diagram. Equal functions are equal nodes.
type node int32

// nowhere is the node for outcomes that a check cannot have.
const nowhere node = 0

// branch is a node that tests one check, or a leaf.
type branch struct {
	check int32 // its place in the order of the diagram, or leaf
	kids  [outcomeCount]node
}

// leaf is the place of a node without a check. It is after all checks.
const leaf = 1 << 30

// diagram is a multi-valued decision diagram (Kam, Villa, Brayton and
// Sangiovanni-Vincentelli, 1998): every node tests one check and has a child for each
// of its outcomes. On each way down, the checks come in one order and each at most
// once. Nodes that are the same function are one node, so that two functions are
// compared by their numbers, and work on a node is done once.
type diagram struct {
	domains []outcomes // of each check
	usual   []outcome  // of each check, in its domain
	nodes   []branch
	ids     map[branch]node
	steps   int
}

func newDiagram(domains []outcomes, usual []outcome) *diagram {
	d := &diagram{domains: domains, usual: usual, ids: map[branch]node{}}
	d.add(branch{check: leaf, kids: [outcomeCount]node{-1}}) // nowhere
	return d
}

// tooLarge reports whether the work is over the bound. Nodes that are made from then
// on have no meaning.
func (d *diagram) tooLarge() bool { return d.steps > maxSteps || len(d.nodes) > maxNodes }

// step counts one step of the work.
func (d *diagram) step() bool {
	d.steps++
	return !d.tooLarge()
}

func (d *diagram) add(b branch) node {
	if n, ok := d.ids[b]; ok {
		return n
	}
	n := node(len(d.nodes))
	d.nodes = append(d.nodes, b)
	d.ids[b] = n
	return n
}

// constant returns the function that is always value.
func (d *diagram) constant(value int) node {
	return d.add(branch{check: leaf, kids: [outcomeCount]node{node(value)}})
}

func (d *diagram) isLeaf(n node) bool { return d.nodes[n].check == leaf }

// value returns the number of a leaf.
func (d *diagram) value(n node) int { return int(d.nodes[n].kids[0]) }

// test returns the function that is for each outcome of a check what the kid for it
// is. Kids test only checks that come later.
func (d *diagram) test(check int32, kids [outcomeCount]node) node {
	first, same := nowhere, true
	for o := range kids {
		switch {
		case !d.domains[check].has(outcome(o)):
			kids[o] = nowhere
		case first == nowhere:
			first = kids[o]
		default:
			same = same && kids[o] == first
		}
	}
	if same {
		return first
	}
	return d.add(branch{check, kids})
}

// outcomeOf returns the function whose value is the outcome of a check.
func (d *diagram) outcomeOf(check int32) node {
	var kids [outcomeCount]node
	for o := range kids {
		kids[o] = d.constant(o)
	}
	return d.test(check, kids)
}

// kid returns n for one outcome of a check that no check of n comes before.
func (d *diagram) kid(n node, check int32, o int) node {
	if b := &d.nodes[n]; b.check == check {
		return b.kids[o]
	}
	return n
}

// merge returns the function whose value is that of op for the values of f and g.
func (d *diagram) merge(f, g node, op func(a, b int) int) node {
	done := map[[2]node]node{}
	var visit func(f, g node) node
	visit = func(f, g node) node {
		if f == nowhere || g == nowhere { // the work is over the bound
			return nowhere
		}
		if d.isLeaf(f) && d.isLeaf(g) {
			return d.constant(op(d.value(f), d.value(g)))
		}
		key := [2]node{f, g}
		n, ok := done[key]
		if ok || !d.step() {
			return n
		}
		check := min(d.nodes[f].check, d.nodes[g].check)
		var kids [outcomeCount]node
		for o := range kids {
			if d.domains[check].has(outcome(o)) {
				kids[o] = visit(d.kid(f, check, o), d.kid(g, check, o))
			}
		}
		n = d.test(check, kids)
		done[key] = n
		return n
	}
	return visit(f, g)
}

// convert returns the function whose value is that of op for the value of f.
func (d *diagram) convert(f node, op func(int) int) node {
	done := map[node]node{nowhere: nowhere}
	var visit func(f node) node
	visit = func(f node) node {
		n, ok := done[f]
		switch {
		case ok:
			return n
		case d.isLeaf(f):
			n = d.constant(op(d.value(f)))
		case !d.step():
			return nowhere
		default:
			b := d.nodes[f]
			for o, kid := range b.kids {
				b.kids[o] = visit(kid)
			}
			n = d.test(b.check, b.kids)
		}
		done[f] = n
		return n
	}
	return visit(f)
}

// where returns the function that is 1 where f has a value that want reports, and 0
// elsewhere.
func (d *diagram) where(f node, want func(int) bool) node {
	return d.convert(f, func(a int) int {
		if want(a) {
			return 1
		}
		return 0
	})
}

// and returns the function that is 1 where all of the functions are 1.
func (d *diagram) and(fs ...node) node {
	all := d.constant(1)
	for _, f := range fs {
		all = d.choose(f, all, d.constant(0))
	}
	return all
}

// choose returns the function that is f where cond is 1, and g where it is 0.
func (d *diagram) choose(cond, f, g node) node {
	done := map[[3]node]node{}
	var visit func(cond, f, g node) node
	visit = func(cond, f, g node) node {
		switch {
		case f == g:
			return f
		case d.isLeaf(cond) && d.value(cond) == 1:
			return f
		case d.isLeaf(cond):
			return g
		}
		key := [3]node{cond, f, g}
		n, ok := done[key]
		if ok || !d.step() {
			return n
		}
		check := min(d.nodes[cond].check, d.nodes[f].check, d.nodes[g].check)
		var kids [outcomeCount]node
		for o := range kids {
			if d.domains[check].has(outcome(o)) {
				kids[o] = visit(d.kid(cond, check, o), d.kid(f, check, o), d.kid(g, check, o))
			}
		}
		n = d.test(check, kids)
		done[key] = n
		return n
	}
	return visit(cond, f, g)
}

// values returns the values that f can have, for outcomes for which where is 1.
func (d *diagram) values(f, where node) map[int]bool {
	found := map[int]bool{}
	const no = -2
	d.walk(d.choose(where, f, d.constant(no)), func(b *branch) {
		if b.check == leaf && b.kids[0] != no {
			found[int(b.kids[0])] = true
		}
	})
	return found
}

// tests returns the checks that f depends on.
func (d *diagram) tests(f node) map[int32]bool {
	found := map[int32]bool{}
	d.walk(f, func(b *branch) {
		if b.check != leaf {
			found[b.check] = true
		}
	})
	return found
}

// walk calls visit with f and every node below it, each once.
func (d *diagram) walk(f node, visit func(*branch)) {
	seen := map[node]bool{nowhere: true}
	todo := []node{f}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		b := &d.nodes[n]
		visit(b)
		if b.check != leaf {
			todo = append(todo, b.kids[:]...)
		}
	}
}
