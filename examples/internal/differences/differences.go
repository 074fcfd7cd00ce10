// Package differences plays scenarios on a server that replies differently from the
// policy alone, for known reasons: each is an entry of a table, and changes what the
// scenarios expect. A table has no entry that does nothing, so that it stays true.
//
//	differences.Comparison{
//		Files: conversations, Policies: rulebook.WithRules(), Dial: dial,
//		Differences: []differences.Difference{{
//			Why: "A successful reply has the text of Postfix.",
//			Edit: func(x *differences.Exchange) bool { ... },
//		}},
//	}.Play(t)
package differences

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"mxrules.example/verdict/scenario"
)

// Difference is one way in which the server replies differently.
type Difference struct {
	// Why is a sentence of README.md.
	Why string
	// Edit changes an exchange into what the server does, and reports whether it did.
	Edit func(*Exchange) bool
}

// Omission is a kind of scenario that the server cannot play.
type Omission struct {
	// Why is a sentence of README.md.
	Why string
	// Count is how many scenarios are of this kind.
	Count int
	// Has is a regular expression that their text matches.
	Has string
}

// Comparison compares the replies of a server with those that scenarios expect.
type Comparison struct {
	Files    fs.FS
	Policies scenario.Policies
	Dial     scenario.Dial

	Differences []Difference // applied to each exchange in this order
	Omissions   []Omission
	// OnlyReplies leaves out the lines about the verdict that led to a reply.
	OnlyReplies bool
}

// Play plays the scenarios with the expectations of the server. The test fails if the
// replies differ in another way, if a difference occurs nowhere, if the number of
// omissions is another one, and if README.md has not all of the sentences and the number
// of conversations.
func (c Comparison) Play(t *testing.T) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	told, err := c.tell()
	if err != nil {
		t.Fatal(err)
	}
	scenario.RunOn(t, told.files, c.Policies, c.Dial)
	t.Logf("%d scenarios are played", told.played)
	for i, d := range c.Differences {
		t.Logf("%3d  %s", told.differing[i], d.Why)
	}
	for _, problem := range c.problems(told, string(readme)) {
		t.Error(problem)
	}
}

// problems returns what is wrong with the table.
func (c Comparison) problems(told *told, readme string) (problems []string) {
	found := func(format string, values ...any) { problems = append(problems, fmt.Sprintf(format, values...)) }
	plain := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	has := func(why string) {
		if !strings.Contains(plain(readme), plain(why)) {
			found("README.md does not say: %s", why)
		}
	}
	has(fmt.Sprintf("the %d conversations", told.played))
	for i, d := range c.Differences {
		if told.differing[i] == 0 {
			found("no scenario shows the difference: %s", d.Why)
		}
		has(d.Why)
	}
	for i, o := range c.Omissions {
		if told.omitted[i] != o.Count {
			found("%d scenarios are not played, not %d: %s", told.omitted[i], o.Count, o.Why)
		}
		has(o.Why)
	}
	return problems
}

// told are scenarios as the server plays them.
type told struct {
	files     fstest.MapFS
	differing []int // exchanges of each difference
	omitted   []int // scenarios of each omission
	played    int   // scenarios
}

// tell applies the table.
func (c Comparison) tell() (*told, error) {
	names, err := fs.Glob(c.Files, "*")
	if err != nil {
		return nil, err
	}
	told := &told{files: fstest.MapFS{}, differing: make([]int, len(c.Differences)), omitted: make([]int, len(c.Omissions))}
	for _, name := range names {
		if info, err := fs.Stat(c.Files, name); err != nil || info.IsDir() {
			continue
		}
		text, err := fs.ReadFile(c.Files, name)
		if err != nil {
			return nil, err
		}
		if path.Ext(name) == ".scenario" {
			again, err := c.retell(told, strings.TrimSuffix(name, ".scenario"), string(text))
			if err != nil {
				return nil, err
			}
			text = []byte(again)
		}
		told.files[name] = &fstest.MapFile{Data: text}
	}
	return told, nil
}

// retell returns the text of a file as the server plays it.
func (c Comparison) retell(told *told, file, text string) (string, error) {
	again, scenarios := split(text)
	for _, text := range scenarios {
		if i := slices.IndexFunc(c.Omissions, func(o Omission) bool { return regexp.MustCompile(o.Has).MatchString(text) }); i >= 0 {
			told.omitted[i]++
			continue
		}
		parsed, err := parse(file, text)
		if err != nil {
			return "", err
		}
		told.played++
		for _, x := range parsed.exchanges {
			if c.OnlyReplies {
				x.About = slices.DeleteFunc(x.About, func(line string) bool { return !strings.HasPrefix(line, "store") })
			}
			for i, d := range c.Differences {
				if d.Edit(x) {
					told.differing[i]++
				}
			}
		}
		again += parsed.text()
	}
	return again, nil
}

// Instead returns an Edit for replies that begin with a text: the server gives another one
// by itself, without asking the policy.
func Instead(of, reply string) func(*Exchange) bool {
	return func(x *Exchange) bool {
		if !strings.HasPrefix(x.Reply, of) {
			return false
		}
		x.Reply, x.About = reply, nil
		return true
	}
}
