package play

import (
	"slices"
	"strings"

	"mxrules.example/envelope"
)

// policies returns the names of the policies of a scene.
func (s *scene) policies() []string {
	for _, entries := range [][]entry{s.entries, s.file.head} {
		for _, e := range slices.Backward(entries) {
			if e.word == "policy" {
				return strings.Fields(e.rest)
			}
		}
	}
	return nil
}

// each returns the scene for each of its policies.
func (s *scene) each() []*scene {
	names := s.policies()
	if len(names) == 0 {
		names = []string{""}
	}
	all := make([]*scene, len(names))
	for i, name := range names {
		one := *s
		one.policy, one.full = name, s.rest
		if len(names) > 1 {
			one.full += "/" + name
		}
		all[i] = &one
	}
	return all
}

// expectation returns what a line of a case expects, and the policies that it names, all
// of them if it names none.
func (s *scene) expectation(line string) (names []string, expected string, ok bool) {
	before, expected, ok := strings.Cut(" "+line, " = ")
	if !ok {
		return nil, "", false
	}
	all := s.policies()
	if names = strings.Fields(before); len(names) == 0 {
		names = all
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, "", false
		}
	}
	return names, expected, true
}

// wanted returns the lines that a case expects of a policy, and the lines that describe
// its envelope.
func (s *scene) wanted(policy string) (want, fields []string) {
	for _, line := range s.block {
		names, expected, ok := s.expectation(line)
		switch {
		case !ok:
			fields = append(fields, line)
		case slices.Contains(names, policy):
			want = append(want, expected)
		}
	}
	return want, fields
}

// questions stands before the questions in the line of a verdict.
const questions = ", asked "

// brief reports whether a case expects actions, rules and marks only: none of its lines
// has the questions.
func (s *scene) brief() bool {
	expects := false
	for _, line := range s.block {
		if _, expected, ok := s.expectation(line); ok {
			expects = true
			if strings.Contains(expected, questions) {
				return false
			}
		}
	}
	return expects
}

// isReply reports whether an expected line of a case is that of a reply.
func isReply(line string) bool { return line != "" && '2' <= line[0] && line[0] <= '5' }

// agree reports whether the lines of a case are those expected. A reply may be given in
// every form of a line S:.
func agree(want, seen []string) bool {
	return slices.EqualFunc(want, seen, func(want, seen string) bool {
		return want == seen || isReply(want) && matches([]string{want}, []string{seen})
	})
}

// inForms returns the lines that were seen of a case, replies in the form in which they
// were expected.
func inForms(want, seen []string) []string {
	lines := slices.Clone(seen)
	for i, line := range lines {
		switch {
		case i >= len(want) || !isReply(want[i]) || !isReply(line):
		case agree(want[i:i+1], lines[i:i+1]):
			lines[i] = want[i]
		default:
			lines[i] = inForm(want[i:i+1], lines[i:i+1])[0]
		}
	}
	return lines
}

// repliesCount returns an error if a case expects a reply that is not compared.
func (s *scene) repliesCount(want []string) error {
	for _, line := range want {
		if s.brief() && isReply(line) {
			return s.fault("the reply %q is compared only if the line before has the questions too, as in \"= reject by helo.fqdn, asked none\"", envelope.Excerpt(line))
		}
	}
	return nil
}

// shorten returns the lines of a verdict without its questions and its reply.
func shorten(lines []string) (short []string) {
	for _, line := range lines {
		before, _, found := strings.Cut(line, questions)
		if found || strings.HasPrefix(line, but) {
			short = append(short, before)
		}
	}
	return short
}

// fold returns the lines of a case that expect these lines of its policies.
func (s *scene) fold(expected map[string][]string) (lines []string) {
	names := s.policies()
	for i, name := range names {
		same := func(other string) bool { return slices.Equal(expected[other], expected[name]) }
		if slices.ContainsFunc(names[:i], same) {
			continue
		}
		prefix := ""
		if alike := slices.DeleteFunc(slices.Clone(names), func(other string) bool { return !same(other) }); len(alike) < len(names) {
			prefix = strings.Join(alike, " ") + " "
		}
		for _, line := range expected[name] {
			lines = append(lines, prefix+"= "+line)
		}
	}
	return lines
}

// judgedOnce returns a scene whose case is judged as a whole only. The judgements by stage
// and without answers test the law, which neither a count nor a mutant needs.
func (s *scene) judgedOnce() *scene {
	one := *s
	one.once = true
	return &one
}

// each returns the scenes of the file, for each of their policies.
func (f *file) each() (all []*scene) {
	for _, s := range f.scenes {
		all = append(all, s.each()...)
	}
	return all
}
