package judge

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

// questions are those of -vet, -cost, -implies and -find, which are answered without mail.
type questions struct {
	vet, cost bool
	implies   string // the name of a policy, or ""
	find      string // see parseFind
}

func (q questions) asked() bool { return q != questions{} }

// answer draws the policy, and answers the questions about it and its scenarios.
func (j *judge) answer(ctx context.Context, o options, w io.Writer) error {
	q, policy, facts, mail := o.questions, j.policy, j.command.Facts, newSpecimens(j)
	if o.picture != "" {
		if err := drawPolicy(o.picture, "Policy "+j.name, policy); err != nil {
			return err
		}
	}
	if o.cover != "" {
		if err := j.printCoverage(ctx, w, o); err != nil {
			return err
		}
	}
	if q.vet {
		if err := printMistakes(w, policy, facts); err != nil {
			return err
		}
	}
	if q.cost {
		if err := printCost(w, policy, facts); err != nil {
			return err
		}
	}
	if q.implies != "" {
		second, err := j.command.policy(q.implies)
		if err != nil {
			return err
		}
		if err := printImplied(w, named{j.name, policy}, named{q.implies, second}, facts, mail); err != nil {
			return err
		}
	}
	if q.find != "" {
		return printFound(w, policy, facts, q.find, mail)
	}
	return nil
}

// named is a policy with its name.
type named struct {
	name   string
	policy verdict.Policy
}

func printMistakes(w io.Writer, policy verdict.Policy, facts []analysis.Fact) error {
	mistakes, err := analysis.Vet(policy, facts...)
	for _, m := range mistakes {
		fmt.Fprintln(w, m)
	}
	if len(mistakes) == 0 && err == nil {
		fmt.Fprintln(w, "no mistakes found")
	}
	return err
}

func printCost(w io.Writer, policy verdict.Policy, facts []analysis.Fact) error {
	loads, err := analysis.Cost(policy, facts...)
	if err == nil {
		fmt.Fprintln(w, "questions to DNS for a message, in rounds of waiting:")
	}
	for _, l := range loads {
		stage := l.Stage.String()
		if l.Stage == envelope.Whole {
			stage = "in all"
		}
		fmt.Fprintf(w, "%-7s  typically %v, at most %v\n", stage, l.Typical, l.Most)
	}
	return err
}

// printImplied prints whether one policy accepts nothing that the other rejects. Both are
// of one site, so that checks with one name are the same.
func printImplied(w io.Writer, one, other named, facts []analysis.Fact, mail *specimens) error {
	facts = append(slices.Clone(facts), analysis.SameSite())
	witness, err := analysis.Implies(one.policy, other.policy, facts...)
	switch {
	case err != nil:
		return err
	case witness == nil:
		fmt.Fprintf(w, "%s accepts all that %s accepts\n", other.name, one.name)
		return nil
	}
	fmt.Fprintf(w, "%s accepts mail that %s does not: %v\n", one.name, other.name, witness)
	return mail.add(w, witness, other.policy)
}

func printFound(w io.Writer, policy verdict.Policy, facts []analysis.Fact, text string, mail *specimens) error {
	question, err := parseFind(text)
	if err != nil {
		return err
	}
	witnesses, err := analysis.Find(policy, question, facts...)
	for _, witness := range witnesses {
		fmt.Fprintln(w, witness)
		if err := mail.add(w, witness); err != nil {
			return err
		}
	}
	if len(witnesses) == 0 && err == nil {
		fmt.Fprintln(w, "there is no such case")
	}
	return err
}

// parseFind parses a question of words: an action, rule=NAME, and CHECK=OUTCOME.
func parseFind(text string) (q analysis.Question, err error) {
	q.When = analysis.Outcomes{}
	for word := range strings.FieldsSeq(text) {
		name, value, isPair := strings.Cut(word, "=")
		switch {
		case isPair && name == "rule":
			q.Rule = value
		case isPair:
			if q.When[name], err = parseOutcome(value); err != nil {
				return q, err
			}
		default:
			if q.Action, err = parseAction(word); err != nil {
				return q, err
			}
		}
	}
	return q, nil
}

func parseAction(word string) (verdict.Action, error) {
	for _, a := range [...]verdict.Action{verdict.Accept, verdict.TempFail, verdict.Reject} {
		if a.String() == word {
			return a, nil
		}
	}
	return 0, &envelope.SyntaxError{Kind: "action", Value: word, Reason: "is not one of accept, tempfail, reject"}
}

func parseOutcome(word string) (envelope.Outcome, error) {
	for _, o := range [...]envelope.Outcome{envelope.Pass, envelope.Fail, envelope.None, envelope.TempError, envelope.PermError} {
		if o.String() == word {
			return o, nil
		}
	}
	return 0, &envelope.SyntaxError{Kind: "outcome", Value: word, Reason: "is not one of pass, fail, none, temperror, permerror"}
}
