package mxrules_test

import (
	"testing"

	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario"
)

func TestConversations(t *testing.T) {
	scenario.Run(t, scenario.Dir("testdata"), scenario.Policies{
		"inbound": func(scenario.Site) (verdict.Policy, error) { return policy, nil },
	})
}
