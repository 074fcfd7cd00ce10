package envelope_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"mxrules.example/envelope"
)

// writer returns a check that finds o. Its Commit writes its
// name into the journal, or fails with err.
func writer(o envelope.Outcome, name string, journal *[]string, err error) envelope.Check {
	return constant(envelope.Finding{Check: name, Outcome: o, Commit: func(context.Context) error {
		*journal = append(*journal, name)
		return err
	}}, nil)
}

func TestCombinationsCommitTheOperandsThatRan(t *testing.T) {
	var journal []string
	pass := func(name string) envelope.Check { return writer(envelope.Pass, name, &journal, nil) }
	fail := func(name string) envelope.Check { return writer(envelope.Fail, name, &journal, nil) }
	for _, tc := range []struct {
		name  string
		check envelope.Check
		want  []string
	}{
		{"All that passes needs all", envelope.All(pass("a"), pass("b"), pass("c")), []string{"a", "b", "c"}},
		{"All that fails needs what was read", envelope.All(pass("a"), fail("b"), pass("c")), []string{"a", "b"}},
		{"Any that passes needs what was read", envelope.Any(fail("a"), pass("b"), pass("c")), []string{"a", "b"}},
		{"Any that fails needs all", envelope.Any(fail("a"), fail("b")), []string{"a", "b"}},
		{"one that writes among others", envelope.All(found(envelope.Pass), pass("b"), found(envelope.None)), []string{"b"}},
		{"nested", envelope.Any(fail("a"), envelope.All(pass("b"), pass("c")), pass("d")), []string{"a", "b", "c"}},
		{"Not drops it", envelope.Not(pass("a")), nil},
		{"Not drops all below it", envelope.All(pass("a"), envelope.Not(envelope.Any(fail("b"), fail("c")))), []string{"a"}},
		{"none writes", envelope.All(found(envelope.Pass), found(envelope.Pass)), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			journal = nil
			f := ask(t, tc.check)
			if len(journal) > 0 {
				t.Fatalf("asking wrote %v", journal)
			}
			if (f.Commit == nil) != (tc.want == nil) {
				t.Fatalf("there is a Commit: %t", f.Commit != nil)
			}
			if f.Commit == nil {
				return
			}
			if err := f.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(journal, tc.want) {
				t.Errorf("it wrote %v, want %v", journal, tc.want)
			}
		})
	}
}

func TestEveryCommitIsCalledAndEveryErrorReturned(t *testing.T) {
	var journal []string
	full, gone := errors.New("the disk is full"), errors.New("the store is gone")
	f := ask(t, envelope.All(
		writer(envelope.Pass, "a", &journal, full),
		writer(envelope.Pass, "b", &journal, nil),
		writer(envelope.Pass, "c", &journal, gone),
	))
	err := f.Commit(t.Context())
	if !errors.Is(err, full) || !errors.Is(err, gone) {
		t.Errorf("error %v, want both", err)
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(journal, want) {
		t.Errorf("it wrote %v, want %v: an error must not keep the others from writing", journal, want)
	}
}

func TestACommitGetsTheContextOfItsCaller(t *testing.T) {
	type key struct{}
	var seen []any
	check := constant(envelope.Finding{Outcome: envelope.Pass, Commit: func(ctx context.Context) error {
		seen = append(seen, ctx.Value(key{}))
		return nil
	}}, nil)
	f := ask(t, envelope.All(check, check))
	if err := f.Commit(context.WithValue(t.Context(), key{}, "later")); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(seen, []any{"later", "later"}) {
		t.Errorf("the Commits saw %v", seen)
	}
}
