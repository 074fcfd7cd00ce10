package play

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"mxrules.example/envelope/recipient"
	"mxrules.example/helo"
	"mxrules.example/verdict"
)

// writable is a file system of a test.
type writable struct{ fstest.MapFS }

func (w writable) WriteFile(name string, data []byte, _ fs.FileMode) error {
	w.MapFS[name] = &fstest.MapFile{Data: data}
	return nil
}

// updated returns a file as Run rewrites it.
func updated(t *testing.T, text string, policies Policies) string {
	t.Helper()
	fsys := writable{fstest.MapFS{"a.scenario": &fstest.MapFile{Data: []byte(text)}}}
	f, err := parseFile(fsys, "a.scenario")
	if err != nil {
		t.Fatal(err)
	}
	var found []mismatch
	for _, s := range f.each() {
		synctest.Test(t, func(t *testing.T) {
			more, err := s.play(t.Context(), inBubble(fsys, policies))
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, more...)
		})
	}
	if _, err := f.rewrite(fsys, found); err != nil {
		t.Fatal(err)
	}
	return string(fsys.MapFS["a.scenario"].Data)
}

// A case of several policies is written again with a line for all that agree, and stays
// without questions and replies.
func TestRewritesCasesOfSeveralPolicies(t *testing.T) {
	relay := verdict.RejectUnless(recipient.Ours("example.org"))
	all := Policies{}
	for name, rules := range map[string]verdict.Rules{"a": {relay}, "b": {relay}, "c": {verdict.RejectUnless(helo.FQDN), relay}} {
		all[name] = func(Site) (verdict.Policy, error) { return verdict.Policy{Rules: rules}, nil }
	}
	for _, tc := range []struct{ name, lines, want string }{
		{"brief", "  helo=laptop to=x@example.com\n  = accept\n",
			"  helo=laptop to=x@example.com\n  a b = reject by recipient.ours\n  c = reject by helo.fqdn\n"},
		{"brief, and all agree", "  to=x@example.org\n  a = reject by recipient.ours\n  c b = accept\n",
			"  to=x@example.org\n  = accept\n"},
		{"in full", "  to=x@example.org\n", "  to=x@example.org\n  = accept, asked none\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			const head = "policy a b c\ngood ip=192.0.2.9 helo=a.example\ncase one\n"
			if got := strings.TrimPrefix(updated(t, head+tc.lines, all), head); got != tc.want {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

// A reply of a case may have every form of a line S:, and an update keeps the form.
func TestCasesKeepTheFormOfReplies(t *testing.T) {
	const head = "policy p\ngood ip=192.0.2.9\ncase c\n  to=b@example.org\n"
	for _, tc := range []struct{ was, want string }{
		{"550", "550"},
		{"550 5.7.1", "550 5.7.1"},
		{"550 5.7.1 the recipient...", "550 5.7.1 the recipient..."},
		{"554", "550"},
		{"550 5.1.1", "550 5.7.1"},
		{"550 5.1.1 there...", "550 5.7.1 the..."},
		{"550 no such mailbox", "550 5.7.1 the recipient b@example.org is not in the list of recipients see https://example.org/who"},
	} {
		const verdict = "  = reject by recipient.in, asked none\n"
		text := head + verdict + "  = " + tc.was + "\n"
		if passes := outcomeOf(t, text) == ""; passes != (tc.was == tc.want) {
			t.Errorf("%s passes: %t", tc.was, passes)
		}
		for _, text := range []string{text, head + "  = accept, asked none\n  = " + tc.was + "\n"} {
			if got, want := updated(t, text, policies), head+verdict+"  = "+tc.want+"\n"; got != want {
				t.Errorf("%s: got\n%s\nwant\n%s", tc.was, got, want)
			}
		}
	}
}
