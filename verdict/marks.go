package verdict

// marks are what a walk knows of the marks of an acceptance.
type marks struct {
	list        []mark
	accept      int  // how many rules were tried when the last one may have accepted
	acceptWaits bool // such an acceptance is Pending
}

// mark is one mark. It stands once, where the first rule that can set it stands.
type mark struct {
	name    string
	set     bool // however the unknowns turn out
	open    bool // some turn of them sets it
	ended   bool // a rule sets it for certain, so that later ones add nothing
	waits   bool // it depends on an acceptance that is Pending
	pending int  // the first Pending rule that it depends on, from 1
}

// take notes what rule i does about a mark that it can set.
func (m *marks) take(i int, name string, next reading) {
	one := m.named(name)
	if one.ended || !next.may.has(Mark) {
		return
	}
	one.open = true
	one.waits = one.waits || m.acceptWaits
	switch {
	case !next.unknown():
		one.ended, one.set = true, m.accept == 0
		if one.pending > m.accept { // the walk would have come here all the same
			one.pending = 0
		}
	case next.waits && one.pending == 0:
		one.pending = i + 1
	}
}

// mayAccept notes that rule i may have accepted, so that what follows may not
// be reached.
func (m *marks) mayAccept(i int, waits bool) {
	m.accept = i + 1
	m.acceptWaits = m.acceptWaits || waits
}

func (m *marks) named(name string) *mark {
	for i := range m.list {
		if m.list[i].name == name {
			return &m.list[i]
		}
	}
	m.list = append(m.list, mark{name: name})
	return &m.list[len(m.list)-1]
}

// pending reports whether a mark depends on what is not known yet.
func (m *marks) pending() bool {
	for _, one := range m.list {
		if !one.set && (one.waits || one.pending > 0) {
			return true
		}
	}
	return false
}

// lists returns the marks that are set, and those that a failure left unknown.
func (m *marks) lists() (set, undecided []string) {
	for _, one := range m.list {
		switch {
		case one.set:
			set = append(set, one.name)
		case one.open:
			undecided = append(undecided, one.name)
		}
	}
	return set, undecided
}
