package play

import (
	"testing"
	"testing/fstest"
)

// What is wrong with the head of a file is said once, and not for each scenario.
func TestHeadsAreCheckedOnce(t *testing.T) {
	const scenes = "scenario a\nscenario b\n"
	_, err := parseAll(fstest.MapFS{
		"a.scenario": &fstest.MapFile{Data: []byte("policy z\n" + scenes)},
		"b.scenario": &fstest.MapFile{Data: []byte("policy p\nmailbox a b c\n" + scenes)},
		"c.scenario": &fstest.MapFile{Data: []byte("policy p\n" + scenes)},
	}, policies)
	const want = `a.scenario:1: there is no policy "z"; the policies are: leaky p q two
b.scenario:2: mailbox entry "a" is followed by "b", which is none of known, unknown, disabled, full, moved`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
