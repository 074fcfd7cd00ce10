package judge

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/internal/leaves"
)

// timeout bounds the time that -checks take for one line.
const timeout = 30 * time.Second

// choose returns a policy of shadow rules for a list of names of checks, or "all" for every
// check that lacks nothing. The checks are those of the command, or else of a policy.
func (c *Command) choose(list, policy string) (verdict.Policy, error) {
	chosen := verdict.Policy{Timeout: timeout}
	checks := c.Checks
	if checks == nil {
		from, err := c.policy(policy)
		if err != nil {
			return chosen, err
		}
		checks = checksOf(from)
	}
	var all, free []string
	known := map[string]envelope.Check{}
	for _, check := range checks {
		name, _ := check.Describe()
		known[name] = check
		all = append(all, name)
		if c.lacks(name) == "" {
			free = append(free, name)
		}
	}
	names := free
	if list != "all" {
		names = strings.Split(list, ",")
	}
	for _, name := range names {
		name = strings.TrimSpace(name)
		if known[name] == nil {
			return chosen, fmt.Errorf("unknown check %q; known are:\n%s", envelope.Excerpt(name), inLines(all))
		}
		if missing := c.lacks(name); missing != "" {
			return chosen, fmt.Errorf("the check %s needs %s", name, missing)
		}
		chosen.Rules = append(chosen.Rules, verdict.RejectUnless(known[name]).On(envelope.Fail, verdict.Continue).Shadow())
	}
	return chosen, nil
}

func (c *Command) lacks(check string) string {
	if c.Lacks == nil {
		return ""
	}
	return c.Lacks(check)
}

// checksOf returns the checks of the rules of a policy and of their conditions, the first of
// each name.
func checksOf(p verdict.Policy) (checks []envelope.Check) {
	var seen []string
	add := func(combined envelope.Check) {
		for _, check := range leaves.Of(combined) {
			if name, _ := check.Describe(); !slices.Contains(seen, name) {
				seen, checks = append(seen, name), append(checks, check)
			}
		}
	}
	for i := range p.Rules {
		for _, condition := range p.Rules[i].Conditions() {
			add(condition.Check)
		}
		add(p.Rules[i].Check())
	}
	return checks
}

// inLines returns names of checks in lines. Each package begins a new line.
func inLines(names []string) string {
	const width = 76
	var lines []string
	line, family := "", ""
	for _, name := range names {
		of, _, _ := strings.Cut(name, ".")
		if line != "" && (of != family || len(line)+len(name) > width) {
			lines = append(lines, line)
			line = ""
		}
		line, family = line+" "+name, of
	}
	return " " + strings.Join(append(lines, line), "\n ")
}
