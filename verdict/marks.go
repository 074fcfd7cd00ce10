package verdict

// marks is what a walk knows of the marks of an acceptance.
type marks struct {
	list        []mark
	accept      int  // the place, from 1, of the last rule that may have accepted
	acceptWaits bool // one of these is Pending
}

// mark is one mark, at the place of the first rule that can set it.
type mark struct {
	name    string
	set     bool // whatever the unknown findings turn out to be
	open    bool // for some of their values
	ended   bool // a rule certainly sets it, so that later ones add nothing
	waits   bool // it depends on a Pending rule that may accept
	pending int  // the first Pending rule that it depends on, from 1
}

// take records what rule i does about a mark that it can set.
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
		if one.pending > m.accept { // the walk comes here whatever that rule does
			one.pending = 0
		}
	case next.waits && one.pending == 0:
		one.pending = i + 1
	}
}

// mayAccept records that rule i may have accepted, so that the rules after it may not
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

// pending reports whether a mark depends on a Pending finding.
func (m *marks) pending() bool {
	for _, one := range m.list {
		if !one.set && (one.waits || one.pending > 0) {
			return true
		}
	}
	return false
}

// lists returns the marks that are set, and those that are unknown because of a
// failure.
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
