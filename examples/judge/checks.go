package main

import (
	"fmt"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/examples/policies"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

// timeout bounds what the checks of one line may take without a policy.
const timeout = 30 * time.Second

// choosePolicy returns the policy of a name.
func choosePolicy(name string, site policies.Site) (verdict.Policy, error) {
	switch name {
	case "standard":
		return policies.Standard(site)
	}
	return verdict.Policy{}, fmt.Errorf("there is no policy %q; there is: standard", name)
}

// chooseChecks returns a policy that asks the checks of a list of names, "all"
// for every check, and does nothing about what they find: its rules are
// shadows.
func chooseChecks(list string, site policies.Site) (verdict.Policy, error) {
	var names []string
	known := map[string]envelope.Check{}
	for _, check := range everyCheck(site) {
		name, _ := envelope.Describe(check)
		names = append(names, name)
		known[name] = check
	}
	if list != "all" {
		names = strings.Split(list, ",")
	}
	policy := verdict.Policy{Timeout: timeout}
	for _, name := range names {
		check, ok := known[name]
		if !ok {
			return policy, fmt.Errorf("there is no check %q; there are:\n%s", name, checkNames())
		}
		policy.Rules = append(policy.Rules, verdict.RejectUnless(check).Shadow())
	}
	return policy, nil
}

// everyCheck returns every check with the facts of the site. Sets of host names
// are its domains and all names below them. A fact that the site does not give
// is an empty set: nothing is in it.
func everyCheck(site policies.Site) []envelope.Check {
	var ours []string
	for _, domain := range site.Domains {
		ours = append(ours, domain, "."+domain)
	}
	return []envelope.Check{
		client.Authenticated,
		client.In(site.Networks),
		client.TLS,
		client.Waited,

		helo.Present,
		helo.Syntax,
		helo.FQDN,
		helo.Literal,
		helo.Resolves,
		helo.Matches,
		helo.NotOurs(site.Names, site.Networks),
		helo.NotGeneric,
		helo.In(ours...),

		rdns.Exists,
		rdns.Confirmed,
		rdns.NotGeneric,
		rdns.In(ours...),
		rdns.NotIn(ours...),
		rdns.MatchesHelo,
		rdns.BacksHelo(site.Domains...),
	}
}

// checkNames returns the names of all checks in lines, a new one for each
// package.
func checkNames() string {
	const width = 76
	var lines []string
	line, family := "", ""
	for _, check := range everyCheck(policies.Site{}) {
		name, _ := envelope.Describe(check)
		of, _, _ := strings.Cut(name, ".")
		if line != "" && (of != family || len(line)+len(name) > width) {
			lines = append(lines, line)
			line = ""
		}
		line, family = line+" "+name, of
	}
	return " " + strings.Join(append(lines, line), "\n ")
}
