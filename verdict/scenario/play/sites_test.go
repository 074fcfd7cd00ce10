package play

import (
	"context"
	"slices"
	"testing"
	"testing/fstest"

	"mxrules.example/envelope/client"
	"mxrules.example/envelope/recipient"
	"mxrules.example/helo"
	"mxrules.example/verdict"
)

// optional is a policy whose first rule, and a condition of the second, are settings.
var optional = Policies{"optional": func(site Site) (verdict.Policy, error) {
	var rules verdict.Rules
	if site.Settings["waited"] != nil {
		rules = append(rules, verdict.RejectUnless(client.Waited))
	}
	rule := verdict.RejectUnless(helo.FQDN).Unless(client.Authenticated)
	if site.Settings["tls"] != nil {
		rule = verdict.RejectUnless(helo.FQDN).Unless(client.TLS).Unless(client.Authenticated)
	}
	return verdict.Policy{Rules: append(rules, rule, verdict.RejectUnless(recipient.Ours("example.org")))}, nil
}}

// atSites are cases at a site without the settings and at one with them.
var atSites = fstest.MapFS{
	"bare.scenario": &fstest.MapFile{Data: []byte(`
policy optional
good ip=192.0.2.9 helo=mail.example.net to=bob@example.org
case good mail
  = accept, asked none
case a short name
  helo=laptop
  = reject by helo.fqdn, asked none
  = 504 5.5.4 the HELO name laptop is not fully qualified; users with an account here should log in (port 465 or 587)
case a short name after a login
  helo=laptop login=ann
  = accept, asked none
`)},
	"full.scenario": &fstest.MapFile{Data: []byte(`
policy optional
set waited yes
set tls yes
good ip=192.0.2.9 helo=mail.example.net to=bob@example.org
case an early client
  early=true
  = reject by client.waited, asked none
  = 554 5.5.0 the client spoke before the greeting of the server
case a short name with TLS
  helo=laptop tls=true
  = accept, asked none
`)},
}

// A rule is counted as itself, whatever place it has at a site.
func TestCoverageTellsTheRulesOfSitesApart(t *testing.T) {
	c, err := Measure(t.Context(), atSites, optional)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"rule 1 client.waited: rejects 1, passed by 1",
		"rule 2 helo.fqdn: rejects 1, passed by 1, off 2",
		"rule 3 recipient.ours: passed by 3",
	}
	var got []string
	for _, r := range c.Policies[0].Rules {
		got = append(got, "rule "+string(rune('0'+r.Place))+" "+r.Rule+": "+r.Counts())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := c.missing(), []string{"optional: rule 3 (recipient.ours) never rejects"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Each mutant is played once, and at the sites that have its rule.
func TestMutantsOfSitesThatDiffer(t *testing.T) {
	base := baseline(inTest{t}, atSites, byPolicy(parsed(inTest{t}, atSites, optional))["optional"], optional)
	var survivors []string
	for _, m := range mutants(base) {
		if m.survives(inTest{t}, atSites, "optional", optional, base) {
			survivors = append(survivors, m.name)
		}
	}
	want := []string{"without rule 3 (recipient.ours)", "with a tempfail by rule 3 (recipient.ours)"}
	if !slices.Equal(survivors, want) {
		t.Errorf("got %q, want %q", survivors, want)
	}
}

// The number of a rule does not count in an explanation.
func TestExplanationsDoNotDependOnNumbers(t *testing.T) {
	fsys := fstest.MapFS{"a.scenario": &fstest.MapFile{Data: []byte(
		"unnoticed p: with rule 3 (b) before rule 2 (a): c: they are alike\nunnoticed p: without rule 9 (z): old\nunnoticed p: without rule 3 (x): c: slow\npolicy p\nscenario s\n")}}
	x := explanations(parsed(inTest{t}, fsys, policies), "unnoticed")
	if !x.explains("p: with rule 7 (b) before rule 6 (a): c") || x.explains("p: without rule 6 (a)") {
		t.Errorf("got %v", x)
	}
	x.reached([]string{"p: without rule 4 (x): c"})
	want := []string{
		"a.scenario:2: unnoticed p: without rule 9 (z): there is no mutant",
		"a.scenario:3: unnoticed p: without rule 3 (x): c: this is no longer so, and the line can go",
	}
	if got := x.complaints("there is no mutant"); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A rule that asks the directory has a mutant that ignores its failures, also if no
// scenario has the directory fail.
func TestMutantsIgnoreFailuresOfTheDirectory(t *testing.T) {
	listed := Policies{"listed": func(site Site) (verdict.Policy, error) {
		return verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(recipient.Listed(site.Mailboxes))}}, nil
	}}
	fsys := fstest.MapFS{"a.scenario": &fstest.MapFile{Data: []byte(
		"policy listed\nmailbox a@example.org\ncase c\n  ip=192.0.2.9 to=a@example.org\n  = accept, asked none\n")}}
	base := baseline(inTest{t}, fsys, byPolicy(parsed(inTest{t}, fsys, listed))["listed"], listed)
	if !slices.ContainsFunc(mutants(base), func(m mutant) bool { return m.name == "with failures ignored by rule 1 (recipient.listed)" }) {
		t.Error("there is no such mutant")
	}
}

func TestMeasureEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Measure(ctx, atSites, optional); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

func TestMeasureOfSomePolicies(t *testing.T) {
	c, err := Measure(t.Context(), atSites, optional, "other")
	if err != nil || len(c.Policies) > 0 || len(c.Outcomes) > 0 {
		t.Errorf("got %v, %v", c, err)
	}
}
