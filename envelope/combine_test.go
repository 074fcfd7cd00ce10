package envelope_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

// outcomes are the outcomes by their words in the table.
var outcomes = map[string]envelope.Outcome{
	"None": envelope.None, "Pass": envelope.Pass, "Fail": envelope.Fail,
	"PermError": envelope.PermError, "Pending": envelope.Pending, "TempError": envelope.TempError,
}

// found returns a check that finds o, with every field of a finding set.
func found(o envelope.Outcome) envelope.Check {
	return constant(envelope.Finding{Check: "a." + o.String(), Outcome: o}, nil)
}

// tableRow is one row of the table in the doc of All; not is "" where a table
// row leaves it out.
type tableRow struct{ a, b, all, any, not string }

// documentedTable reads the truth table from the doc of All, so that the doc
// and the code agree.
func documentedTable(t *testing.T) []tableRow {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "combine.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	doc := ""
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Name.Name == "All" {
			doc = f.Doc.Text()
		}
	}
	var rows []tableRow
	for line := range strings.Lines(doc) {
		fields := strings.Fields(line)
		if !strings.HasPrefix(line, "\t") || len(fields) < 4 || outcomes[fields[0]] == 0 {
			continue
		}
		for _, word := range fields {
			if outcomes[word] == 0 {
				t.Fatalf("the table has the word %q, which is no outcome", word)
			}
		}
		row := tableRow{fields[0], fields[1], fields[2], fields[3], ""}
		if len(fields) == 5 {
			row.not = fields[4]
		}
		rows = append(rows, row)
	}
	return rows
}

func TestCombinationsFollowTheDocumentedTable(t *testing.T) {
	rows := documentedTable(t)
	pairs, nots := map[[2]string]bool{}, map[string]bool{}
	for _, row := range rows {
		pairs[[2]string{row.a, row.b}], pairs[[2]string{row.b, row.a}] = true, true
		for _, order := range [][2]string{{row.a, row.b}, {row.b, row.a}} {
			a, b := found(outcomes[order[0]]), found(outcomes[order[1]])
			if got := ask(t, envelope.All(a, b)).Outcome; got != outcomes[row.all] {
				t.Errorf("All(%s, %s) is %s, documented as %s", order[0], order[1], got, row.all)
			}
			if got := ask(t, envelope.Any(a, b)).Outcome; got != outcomes[row.any] {
				t.Errorf("Any(%s, %s) is %s, documented as %s", order[0], order[1], got, row.any)
			}
		}
		if row.not != "" {
			nots[row.a] = true
			if got := ask(t, envelope.Not(found(outcomes[row.a]))).Outcome; got != outcomes[row.not] {
				t.Errorf("Not(%s) is %s, documented as %s", row.a, got, row.not)
			}
		}
	}
	if n := len(outcomes); len(rows) != n*(n+1)/2 || len(pairs) != n*n || len(nots) != n {
		t.Errorf("the table has %d rows for %d pairs and %d rows of Not, of %d outcomes", len(rows), len(pairs), len(nots), n)
	}
}

// TestCombinationsTryEveryUnknown derives the table again: an unknown outcome is
// replaced by each outcome that it could become.
func TestCombinationsTryEveryUnknown(t *testing.T) {
	for _, a := range outcomes {
		for _, b := range outcomes {
			for _, c := range outcomes {
				operands := []envelope.Outcome{a, b, c}
				checks := []envelope.Check{found(a), found(b), found(c)}
				if got, want := ask(t, envelope.All(checks...)).Outcome, meant(operands, envelope.Fail, envelope.Pass); got != want {
					t.Errorf("All%v is %s, want %s", operands, got, want)
				}
				if got, want := ask(t, envelope.Any(checks...)).Outcome, meant(operands, envelope.Pass, envelope.Fail); got != want {
					t.Errorf("Any%v is %s, want %s", operands, got, want)
				}
			}
		}
	}
}

// meant returns the outcome of a combination: one operand that is settling decides,
// otherwise the outcome is the other one.
func meant(operands []envelope.Outcome, settling, other envelope.Outcome) envelope.Outcome {
	has := func(o envelope.Outcome) bool {
		return slices.ContainsFunc(operands, func(have envelope.Outcome) bool {
			return have == o || have == envelope.PermError && o == envelope.Fail
		})
	}
	for _, o := range []envelope.Outcome{settling, envelope.Pending, envelope.TempError, other} {
		if has(o) {
			return o
		}
	}
	return envelope.None
}

func TestAFindingWithoutAnOutcomeCountsAsTempError(t *testing.T) {
	cause := errors.New("forgotten")
	for _, o := range []envelope.Outcome{0, 7, 255} {
		broken := constant(envelope.Finding{Check: "site.broken", Outcome: o, Err: cause, Detail: "kept",
			Commit: func(context.Context) error { return nil }}, nil)
		for _, check := range []envelope.Check{
			envelope.All(broken), envelope.Any(broken), envelope.Not(broken),
			envelope.All(found(envelope.Pass), broken), envelope.Any(broken, found(envelope.Fail)),
		} {
			f := ask(t, check)
			if f.Outcome != envelope.TempError || f.Status.String() != "451 4.3.0" || f.Text != mistake ||
				!errors.Is(f.Err, cause) || !strings.HasPrefix(f.Err.Error(), "the finding has no outcome") {
				t.Errorf("outcome %d: %s is %s %s %q %v", o, f.Check, f.Outcome, f.Status, f.Text, f.Err)
			}
			if f.Commit != nil {
				t.Errorf("outcome %d: %s would write for a check that gave no outcome", o, f.Check)
			}
			operands := f.Detail.([]envelope.Finding)
			if !slices.ContainsFunc(operands, func(f envelope.Finding) bool { return f.Check == "site.broken" && f.Detail == "kept" }) {
				t.Errorf("outcome %d: the operands of %s are %v", o, f.Check, operands)
			}
		}
	}
	if f := ask(t, envelope.All(found(envelope.Fail), found(0))); f.Outcome != envelope.Fail {
		t.Errorf("All(Fail, nothing) is %s: an operand that cannot change the answer does not matter", f.Outcome)
	}
}

func TestCombinationsOfNothing(t *testing.T) {
	for _, check := range []envelope.Check{envelope.All(), envelope.Any()} {
		f := ask(t, check)
		if f.Outcome != envelope.None || f.Commit != nil {
			t.Errorf("%s is %s", f.Check, f.Outcome)
		}
	}
}

func TestCombinationsStopAtTheDecidingOperand(t *testing.T) {
	pass, fail := envelope.Pass, envelope.Fail
	for _, tc := range []struct {
		name    string
		combine func(...envelope.Check) envelope.Check
		finds   []envelope.Outcome
		asked   int
	}{
		{"All stops at a Fail", envelope.All, []envelope.Outcome{pass, fail, pass}, 2},
		{"All stops at a PermError", envelope.All, []envelope.Outcome{envelope.PermError, pass}, 1},
		{"All goes on after a Pass", envelope.All, []envelope.Outcome{pass, pass, pass}, 3},
		{"All goes on after an unknown: a Fail may come", envelope.All, []envelope.Outcome{envelope.Pending, envelope.TempError, fail, pass}, 3},
		{"All goes on after None", envelope.All, []envelope.Outcome{envelope.None, fail, pass}, 2},
		{"Any stops at a Pass", envelope.Any, []envelope.Outcome{fail, pass, fail}, 2},
		{"Any goes on after a Fail", envelope.Any, []envelope.Outcome{fail, envelope.PermError, fail}, 3},
		{"Any goes on after an unknown: a Pass may come", envelope.Any, []envelope.Outcome{envelope.TempError, envelope.Pending, pass, fail}, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			asked := 0
			var checks []envelope.Check
			for _, o := range tc.finds {
				checks = append(checks, constant(envelope.Finding{Outcome: o}, &asked))
			}
			check := tc.combine(checks...)
			asked = 0 // making the name asks at Start
			f := ask(t, check)
			if asked != tc.asked {
				t.Errorf("%d checks were asked, want %d", asked, tc.asked)
			}
			if got := len(f.Detail.([]envelope.Finding)); got != tc.asked {
				t.Errorf("the finding has %d operands, want %d", got, tc.asked)
			}
		})
	}
}

func TestACombinationHasTheTextOfTheDecidingOperand(t *testing.T) {
	finding := func(o envelope.Outcome, word string) envelope.Check {
		return constant(envelope.Finding{Check: word, Outcome: o, Text: word, Err: errors.New(word),
			Status: envelope.Status{Code: 550, Subject: 7, Detail: uint16(len(word))}}, nil)
	}
	pass, fail, failed := finding(envelope.Pass, "p"), finding(envelope.Fail, "ff"), finding(envelope.Fail, "fff")
	temp, perm, none := finding(envelope.TempError, "tttt"), finding(envelope.PermError, "mmmmm"), finding(envelope.None, "nnnnnn")
	pending := finding(envelope.Pending, "ggggggg")
	for _, tc := range []struct {
		check envelope.Check
		want  string
	}{
		{envelope.All(pass, fail, failed), "ff"},
		{envelope.All(temp, failed), "fff"},
		{envelope.All(perm, fail), "mmmmm"},
		{envelope.All(pass, temp), "tttt"},
		{envelope.All(none, pass), "p"},
		{envelope.All(temp, pending, pass), "ggggggg"},
		{envelope.Any(fail, failed), "ff"},
		{envelope.Any(perm, fail), "mmmmm"},
		{envelope.Any(none, fail), "ff"},
		{envelope.Any(fail, temp), "tttt"},
		{envelope.Any(fail, temp, pass), "p"},
		{envelope.Not(temp), "tttt"},
		{envelope.Not(perm), "mmmmm"},
	} {
		f := ask(t, tc.check)
		if f.Text != tc.want || fmt.Sprint(f.Err) != tc.want || int(f.Status.Detail) != len(tc.want) {
			t.Errorf("%s speaks for %q with status %s and cause %v, want %q", f.Check, f.Text, f.Status, f.Err, tc.want)
		}
	}
}

func TestNotInvertsTheFinding(t *testing.T) {
	f := ask(t, envelope.Not(constant(envelope.Passed("client.in"), nil)))
	if f.Status.String() != "550 5.7.1" || f.Text != "" {
		t.Errorf("Not(Pass) is %s %q", f.Status, f.Text)
	}
	f = ask(t, envelope.Not(constant(envelope.Passed("client.in").Observed("the client is listed"), nil)))
	if f.Text != "the client is listed" {
		t.Errorf("Not(Pass) has the text %q", f.Text)
	}
	failed := envelope.Failed("client.in", f.Status, "the client is not listed").Advising("leave")
	failed.Deferral, failed.Retry, failed.Err = envelope.Status{Code: 451}, "later", errors.New("private")
	f = ask(t, envelope.Not(constant(failed, nil)))
	if f.Text != "the client is not listed" || f.Advice != "" || f.Retry != "" || !f.Status.IsZero() || !f.Deferral.IsZero() || f.Err != nil {
		t.Errorf("Not(Fail) is %+v", f)
	}
}

func TestCombinationsKeepTheFindingsOfTheirOperands(t *testing.T) {
	inner := constant(envelope.Passed("a.b").With("detail of a.b"), nil)
	f := ask(t, envelope.Not(envelope.All(inner, envelope.Any(inner))))
	all := f.Detail.([]envelope.Finding)[0]
	if all.Outcome != envelope.Pass {
		t.Fatalf("the operand of Not is %s", all.Outcome)
	}
	operands := all.Detail.([]envelope.Finding)
	if operands[0].Detail != "detail of a.b" || operands[0].Check != "a.b" {
		t.Errorf("the first operand of All is %+v", operands[0])
	}
	if got := operands[1].Detail.([]envelope.Finding)[0].Detail; got != "detail of a.b" {
		t.Errorf("the operand of Any has the detail %v", got)
	}
}

func TestAPendingCombinationAwaitsTheEarliestStage(t *testing.T) {
	awaits := func(stage envelope.Stage) envelope.Check { return constant(envelope.NotYet("a", stage), nil) }
	for _, check := range []envelope.Check{
		envelope.All(awaits(envelope.Data), awaits(envelope.Rcpt), awaits(envelope.Data)),
		envelope.Any(awaits(envelope.Rcpt), found(envelope.TempError), awaits(envelope.Data)),
		envelope.Not(envelope.All(awaits(envelope.Data), awaits(envelope.Rcpt))),
	} {
		if f := ask(t, check); f.Outcome != envelope.Pending || f.Awaits != envelope.Rcpt {
			t.Errorf("%s is %s until %s", f.Check, f.Outcome, f.Awaits)
		}
	}
}

func TestACombinationCopiesItsChecks(t *testing.T) {
	checks := []envelope.Check{found(envelope.Pass)}
	check := envelope.All(checks...)
	checks[0] = found(envelope.Fail)
	if f := ask(t, check); f.Outcome != envelope.Pass {
		t.Error("a change of the caller's slice changes the check")
	}
}

// ask runs a check on a whole envelope.
func ask(t *testing.T, check envelope.Check) envelope.Finding {
	t.Helper()
	return check(t.Context(), nil, &envelope.Envelope{})
}
