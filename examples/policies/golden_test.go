package policies_test

import (
	"testing"

	"mxrules.example/examples/internal/rulebook"
	"mxrules.example/verdict/scenario"
)

// scenarios are the files that describe what the policies do.
const scenarios = scenario.Dir("testdata")

func TestScenarios(t *testing.T) { scenario.Run(t, scenarios, rulebook.Policies()) }

func TestScenariosReachEveryRule(t *testing.T) { scenario.Cover(t, scenarios, rulebook.Policies(), 1) }

func TestScenariosNoticeEveryMistake(t *testing.T) {
	scenario.Mutate(t, scenarios, rulebook.Policies())
}
