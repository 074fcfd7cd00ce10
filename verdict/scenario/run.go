package scenario

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/verdict"
)

// Run plays every scenario and judges every case of the files *.scenario in fsys, each
// as a subtest that is named after the file and the scenario.
func Run(t *testing.T, fsys fs.FS, policies Policies) {
	t.Helper()
	for _, f := range parseAll(t, fsys) {
		t.Run(strings.TrimSuffix(f.name, extension), func(t *testing.T) {
			var all []mismatch
			for _, s := range f.scenes {
				t.Run(s.rest, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						found, err := s.play(t.Context(), fsys, policies, nil)
						if err != nil {
							t.Fatal(err)
						}
						all = append(all, found...)
						for i := range found {
							if !updating() {
								t.Error(found[i].String())
							}
						}
					})
				})
			}
			if updating() && len(all) > 0 {
				if err := f.rewrite(fsys, all); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

const extension = ".scenario"

// parseAll parses the files.
func parseAll(t testing.TB, fsys fs.FS) []*file {
	t.Helper()
	names, err := fs.Glob(fsys, "*"+extension)
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no files *%s: %v", extension, err)
	}
	var files []*file
	for _, name := range names {
		f, err := parseFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// play plays a scene. It runs in a synctest bubble, so that no time passes.
func (s *scene) play(ctx context.Context, fsys fs.FS, policies Policies, watch watcher) ([]mismatch, error) {
	w, err := newWorld(fsys, slices.Concat(s.file.head, s.headEntries()))
	if err != nil {
		return nil, err
	}
	policy, ok := policies[w.policy]
	if !ok {
		return nil, s.fault("there is no policy %q", w.policy)
	}
	var found []mismatch
	p := &player{
		world: w, ctx: ctx, dial: inMemory, make: policy, began: time.Now(),
		servers: map[string]verdict.Policy{}, found: &found, watch: watch,
	}
	if s.word == "case" {
		err = p.judgeCase(s)
	} else {
		err = p.play(s.entries)
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
