package envelope

import "strings"

// HostSet is a set of host names given by patterns, whose grammar is in the package
// documentation. The zero value is empty.
type HostSet struct {
	exact map[Host]struct{}
	below map[Host]struct{}
}

// ParseHostSet parses patterns of hosts: "mail.example.org" is that one name,
// ".example.org" is every name below example.org, but not example.org itself.
// The error is a *[SyntaxError] that names the pattern.
func ParseHostSet(patterns ...string) (HostSet, error) {
	var set HostSet
	for _, pattern := range patterns {
		name, below := strings.CutPrefix(pattern, ".")
		host, err := ParseHost(name)
		if err != nil {
			return HostSet{}, &SyntaxError{Kind: "host pattern", Value: pattern, Reason: err.(*SyntaxError).Reason}
		}
		if below {
			set.below = add(set.below, host)
		} else {
			set.exact = add(set.exact, host)
		}
	}
	return set, nil
}

func add(m map[Host]struct{}, h Host) map[Host]struct{} {
	if m == nil {
		m = make(map[Host]struct{})
	}
	m[h] = struct{}{}
	return m
}

// Contains reports whether h matches one of the patterns. It takes one map lookup
// for each label of h, however many patterns there are.
func (s HostSet) Contains(h Host) bool {
	if _, ok := s.exact[h]; ok {
		return true
	}
	if len(s.below) == 0 {
		return false
	}
	for i := range len(h) {
		if h[i] != '.' {
			continue
		}
		if _, ok := s.below[h[i+1:]]; ok {
			return true
		}
	}
	return false
}
