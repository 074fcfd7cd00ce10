package play

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
)

// Run is Run of package scenario.
func Run(t T, fsys fs.FS, policies Policies) {
	t.Helper()
	run(t, fsys, policies, nil)
}

// RunOn is RunOn of package scenario.
func RunOn(t T, fsys fs.FS, policies Policies, dial Dial) {
	t.Helper()
	run(t, fsys, policies, dial)
}

// run plays the files, in memory if on is nil.
func run(t T, fsys fs.FS, policies Policies, on Dial) {
	t.Helper()
	update := updating() && on == nil
	for _, f := range parsed(t, fsys, policies) {
		t.Run(strings.TrimSuffix(f.name, extension), func(t T) {
			t.Helper() // so that the line of the user's test is printed
			var found []mismatch
			for _, s := range f.scenes {
				if s.word == "scenario" || on == nil {
					found = append(found, s.run(t, staging{fsys: fsys, policies: policies, on: on}, update)...)
				}
			}
			switch {
			case len(found) == 0 || on != nil:
			case update:
				n, err := f.rewrite(fsys, found)
				if err != nil {
					t.Fatal(err)
				}
				t.Log(fmt.Sprintf("rewrote %s, new lines: %d", place(fsys, f.name), n))
			default:
				t.Log(f.hint(fsys, t.Name()))
			}
		})
	}
}

// run plays a scene for each of its policies, and returns what differs. What an update
// writes fails no test.
func (s *scene) run(t T, how staging, update bool) (all []mismatch) {
	t.Helper()
	each := s.each()
	idle := idleFaults{of: len(each)}
	for _, s := range each {
		t.Run(s.full, func(t T) {
			t.Helper()
			var unmet []string
			how.idle = func(faults []*fault) { unmet = idle.add(faults) }
			found := s.found(t, how)
			all = append(all, found...)
			if update {
				found = slices.DeleteFunc(found, func(m mismatch) bool { return !m.missing })
			}
			for _, text := range append(report(found), unmet...) {
				t.Error(text)
			}
		})
	}
	return all
}

// found plays a scene and returns what differs: in memory in a bubble of synctest, so that
// no time passes, and otherwise outside of one.
func (s *scene) found(t T, how staging) (found []mismatch) {
	t.Helper()
	play := func(t T) {
		t.Helper()
		var err error
		if found, err = s.play(t.Context(), how); err != nil {
			t.Fatal(err)
		}
	}
	if how.on != nil {
		play(t)
		return found
	}
	t.Bubble(func(t T) {
		how.settle = t.Settle
		play(t)
	})
	return found
}

const extension = ".scenario"

// parsed returns the files, and fails the test if they are invalid.
func parsed(t T, fsys fs.FS, policies Policies) []*file {
	t.Helper()
	files, err := parseAll(fsys, policies)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// parseAll parses the files. Their heads are valid.
func parseAll(fsys fs.FS, policies Policies) ([]*file, error) {
	names, err := fs.Glob(fsys, "*"+extension)
	switch {
	case err != nil:
		return nil, err
	case len(names) == 0:
		return nil, fmt.Errorf("there are no files %s", place(fsys, "*"+extension))
	}
	var files []*file
	var invalid []error
	for _, name := range names {
		f, err := parseFile(fsys, name)
		if err == nil {
			err = f.check(fsys, policies)
		}
		files, invalid = append(files, f), append(invalid, err)
	}
	return files, errors.Join(invalid...)
}

// check returns an error of the head, which would be that of each scenario.
func (f *file) check(fsys fs.FS, policies Policies) error {
	for i := range f.head {
		e := &f.head[i]
		for _, name := range strings.Fields(e.rest) {
			if e.word == "policy" && policies[name] == nil {
				return e.fault("there is no policy %q; the policies are: %s", envelope.Excerpt(name), strings.Join(slices.Sorted(maps.Keys(policies)), " "))
			}
		}
	}
	for _, s := range f.scenes {
		if len(s.policies()) == 0 {
			return s.fault("the %s has no policy: a line policy with a name is missing", s.word)
		}
	}
	_, err := newWorld(fsys, f.head)
	return err
}

// staging is how a scene is played.
type staging struct {
	fsys     fs.FS
	policies Policies
	on       Dial           // nil is in memory
	settle   func()         // of a bubble of synctest, nil outside of one
	watch    watcher        // may be nil
	idle     func([]*fault) // may be nil; see world.idle
	down     bool           // mailboxes, owners and the store are broken
}

// play plays a scene, and returns what differs.
func (s *scene) play(ctx context.Context, how staging) ([]mismatch, error) {
	w, err := newWorld(how.fsys, slices.Concat(s.file.head, s.headEntries()))
	if err != nil {
		return nil, err
	}
	policy, ok := how.policies[s.policy]
	if !ok {
		return nil, s.fault("there is no policy %q", s.policy)
	}
	for _, lookup := range lookups {
		if how.down {
			w.outages.set(lookup, true)
		}
	}
	var found []mismatch
	p := &player{
		world: w, scene: s, ctx: ctx, dial: inMemory, make: policy, began: time.Now(),
		servers: map[string]*server{}, found: &found, watch: how.watch,
	}
	if how.on != nil {
		p.dial = how.on
	}
	p.untilIdle, p.real = how.settle, how.settle == nil
	if s.word == "case" {
		err = p.judgeCase(s)
	} else {
		err = p.play(s.entries)
	}
	if how.idle != nil && err == nil && len(found) == 0 {
		how.idle(w.idle())
	}
	return found, err
}

// headEntries returns the lines of a scene that describe its world. A fault in a scenario
// begins where it stands.
func (s *scene) headEntries() []entry {
	var head []entry
	for _, e := range s.entries {
		if _, ok := headWords[e.word]; ok && e.word != "fault" {
			head = append(head, e)
		}
	}
	return head
}
