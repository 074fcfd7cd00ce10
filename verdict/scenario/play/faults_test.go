package play

import (
	"testing"
	"testing/fstest"
	"testing/synctest"

	"mxrules.example/envelope/recipient"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

// A fault that fails nothing is a mistake in the scenario, for example in the spelling of
// its question, unless it says so.
func TestFaultsFailSomething(t *testing.T) {
	policies := Policies{}
	for name, check := range map[string]verdict.Rule{
		"dns": verdict.TempFailUnless(rdns.Exists), "local": verdict.RejectUnless(recipient.Ours("example.org")),
	} {
		policies[name] = func(site Site) (verdict.Policy, error) {
			rules := verdict.Rules{check}
			if site.Mailboxes != nil {
				rules = append(rules, verdict.RejectUnless(recipient.Listed(site.Mailboxes)))
			}
			return verdict.Policy{Rules: rules}, nil
		}
	}
	const (
		ptr  = "9.2.0.192.in-addr.arpa. PTR"
		head = "mailbox a@example.org\ngood ip=192.0.2.9 to=a@example.org\n"
		rcpt = "connect 192.0.2.9\nS: ...\nC: HELO a\nS: ...\nC: MAIL FROM:<>\nS: ...\nC: RCPT TO:<a@example.org>\nS: ...\n"
	)
	for _, tc := range []struct{ name, text, want string }{
		{"a question", "policy dns\n" + head + "scenario s\nfault servfail " + ptr + "\n" + rcpt, ""},
		{"another type", "policy dns\n" + head + "scenario s\nfault servfail 9.2.0.192.in-addr.arpa. TXT\n" + rcpt,
			"a.scenario:5: the fault has no effect: 9.2.0.192.in-addr.arpa. TXT is not asked (of an alias, its own name is asked, not its target)"},
		{"a fault after the question", "policy dns\n" + head + "scenario s\n" + rcpt + "fault servfail " + ptr + "\n",
			"a.scenario:13: the fault has no effect: " + ptr + " is not asked (of an alias, its own name is asked, not its target)"},
		{"a fault that heals before the question", "policy dns\n" + head + "scenario s\nfault timeout " + ptr + "\nheal " + ptr + "\n" + rcpt,
			"a.scenario:5: the fault has no effect: " + ptr + " is not asked (of an alias, its own name is asked, not its target)"},
		{"every question", "policy local\n" + head + "scenario s\nfault servfail *.\n" + rcpt, ""},
		{"the directory", "policy local\n" + head + "scenario s\nfault mailboxes\n" + rcpt, ""},
		{"the store", "policy local\n" + head + "scenario s\nfault store\n" + rcpt, "a.scenario:5: the fault has no effect: no rule asks for the store"},
		{"an unasked store", "policy local\n" + head + "scenario s\nfault unasked store\n" + rcpt, ""},
		{"an unasked directory that is asked", "policy local\n" + head + "scenario s\nfault unasked mailboxes\n" + rcpt,
			"a.scenario:5: the fault is not unasked: mailboxes failed"},
		{"a case", "policy dns\n" + head + "case c\n  broken=9.2.0.192.in-addr.arpa.\n  = tempfail forced by rdns.exists\n", ""},
		{"a case of two policies, of which one asks", "policy dns local\n" + head +
			"case c\n  broken=9.2.0.192.in-addr.arpa.\n  dns = tempfail forced by rdns.exists\n  local = accept\n", ""},
		{"a case without effect", "policy local\n" + head + "case c\n  broken=exmaple.net.\n  = accept\n",
			"a.scenario:4: the fault has no effect: exmaple.net. is not asked (of an alias, its own name is asked, not its target)"},
		{"a case with an unasked store", "policy local\n" + head + "case c\n  broken=\"unasked store\"\n  = accept\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fsys := fstest.MapFS{"a.scenario": &fstest.MapFile{Data: []byte(tc.text)}}
			f, err := parseFile(fsys, "a.scenario")
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			each := f.each()
			idle := idleFaults{of: len(each)}
			for _, s := range each {
				synctest.Test(t, func(t *testing.T) {
					found, err := s.play(t.Context(), staging{fsys: fsys, policies: policies, settle: synctest.Wait, idle: func(faults []*fault) {
						for _, text := range idle.add(faults) {
							got += text
						}
					}})
					if err != nil || len(found) > 0 {
						t.Fatalf("%v %v", err, found)
					}
				})
			}
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
