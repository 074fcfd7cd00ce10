package play

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"

	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

var policies = Policies{"p": onlyA, "q": onlyA, "leaky": leaky, "two": two}

// two has a rule whose failure is known before the one that stands first.
func two(Site) (verdict.Policy, error) {
	return verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(recipient.Ours("example.org")), verdict.RejectUnless(rdns.Exists)}}, nil
}

// leaky has a check on the client that answers for relayed mail.
func leaky(Site) (verdict.Policy, error) {
	return verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(envelope.WithoutClient(helo.FQDN))}}, nil
}

func onlyA(Site) (verdict.Policy, error) {
	return verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(recipient.In("a@example.org")).See("see https://example.org/who"),
	}}, nil
}

// inBubble is how a scene is played in a bubble of synctest.
func inBubble(fsys fs.FS, policies Policies) staging {
	return staging{fsys: fsys, policies: policies, settle: synctest.Wait}
}

// outcomeOf returns what a file with one scene gives: its mismatches as text, or its error.
func outcomeOf(t *testing.T, text string) (result string) {
	t.Helper()
	fsys := fstest.MapFS{"a.scenario": &fstest.MapFile{Data: []byte(text)}, "b.zone": &fstest.MapFile{Data: []byte("b. A 192.0.2.1\nb. A x\n")}}
	f, err := parseFile(fsys, "a.scenario")
	if err == nil {
		err = f.check(fsys, policies)
	}
	if err != nil {
		return err.Error()
	}
	synctest.Test(t, func(t *testing.T) {
		for _, s := range f.each() {
			found, err := s.play(t.Context(), inBubble(fsys, policies))
			if err != nil {
				result = err.Error()
			}
			for i := range found {
				result += found[i].String()
			}
		}
	})
	return result
}

// A failing scenario shows the line, what was expected and seen, and why.
func TestAFailingScenarioExplainsItself(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"a reply", "policy p\nscenario s\nconnect 192.0.2.9\nS: 220\nC: EHLO a\nC: MAIL FROM:<>\nC: RCPT TO:<b@example.org>\nS: 250\nS: 250\nS: 250\n",
			`a.scenario:10: the reply to "RCPT TO:<b@example.org>" differs
  want  S: 250
  seen  S: 550-5.7.1 the recipient b@example.org is not in the list of recipients
  seen  S: 550 5.7.1 see https://example.org/who
the policy (each rule, the outcome of its check, what the rule did, and why):
  reject 550 5.7.1 by recipient.in: the recipient b@example.org is not in the list of recipients see https://example.org/who
      recipient.ours  pass          the recipient b@example.org is in a domain of this site
      recipient.in    fail  reject  the recipient b@example.org is not in the list of recipients
    questions to DNS: 0
`},
		{"a reply of the server itself", "policy p\nscenario s\nconnect 192.0.2.9\nS: 220\nC: EHLO a\nS: 250\nC: DATA\nS: 354\n",
			`a.scenario:8: the reply to "DATA" differs
  want  S: 354
  seen  S: 503 5.5.1 there is no recipient
no rule was asked for this reply: the server gave it by itself
`},
		{"a rule", "policy p\nscenario s\nconnect 192.0.2.9\nS: 220\nrule recipient.in\n",
			"a.scenario:5: another rule decided on the reply to \"connect 192.0.2.9\"\n  want  rule recipient.in\n  seen  rule none\nthe policy "},
		{"a finding", "policy p\nscenario s\nconnect 192.0.2.9\nS: 220\nfinding recipient.in pass\n",
			"a.scenario:5: what led to the reply to \"connect 192.0.2.9\" differs\n  want  finding recipient.in pass\n  seen  finding recipient.in pending\nthe policy "},
		{"the store", "policy p\nscenario s\nstore 1\n",
			"a.scenario:3: the number of records in the store differs\n  want  store 1\n  seen  store 0\n"},
		{"no reply", "policy p\nscenario s\nconnect 192.0.2.9\nS: 220\nS: 250\n",
			"a.scenario:5: the reply to \"connect 192.0.2.9\" differs\n  want  S: 250\n  seen  S: (no reply within 10m0s)\n" +
				"the server has answered all commands: there is a line S: too many, or a line C: is missing\n"},
		{"a closed connection", "policy p\nscenario s\nconnect 192.0.2.9\nS: 220\nC: QUIT\nS: 221\nC: EHLO a\nS: 250\nS: 250\n",
			"a.scenario:8: the reply to \"EHLO a\" differs\n  want  S: 250\n  seen  S: (the server closed the connection)\n"},
		{"a case", "policy p\ngood ip=192.0.2.9 to=b@example.org\ncase c\n  = accept, asked none\n",
			"a.scenario:3: the verdict differs from what the case expects\n  want  = accept, asked none\n  seen  = reject by recipient.in, asked none\n  seen  = 550 5.7.1 the recipient b@example.org is not in the list of recipients see https://example.org/who\nthe policy "},
		{"relayed", "policy leaky\ngood helo=mail.example.net to=b@example.org\ncase c\n  = accept, asked none\n",
			"a.scenario:3: the verdict differs from what the case expects\n        = accept, asked none\n  seen  = but relayed, at helo: reject by helo.fqdn\nthe policy "},
		{"a policy of several", "policy p q\ngood ip=192.0.2.9 to=b@example.org\ncase c\n  p = accept\n  q = reject by recipient.in\n",
			"a.scenario:3: the verdict differs from what the case expects\n  want  p = accept\n  seen  p = reject by recipient.in\nthe policy "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := outcomeOf(t, tc.text); !strings.HasPrefix(got, tc.want) {
				t.Errorf("got\n%s\nwant\n%s", got, tc.want)
			}
		})
	}
}

// Two rules that reject may do so at different stages: the law says nothing of the rule.
func TestAnotherRuleMayRejectEarlier(t *testing.T) {
	if got := outcomeOf(t, "policy two\ngood ip=192.0.2.9 to=b@example.com\ncase c\n  = reject by recipient.ours, asked none\n  = 554\n"); got != "" {
		t.Error(got)
	}
}

// Mutate says which expectation fails without a mutation.
func TestUnfitScenesNameTheFirstMismatch(t *testing.T) {
	s := &scene{entry: entry{file: "a.scenario", number: 2}, full: "c"}
	found := []mismatch{{at: entry{file: "a.scenario", number: 3, word: "store"}, want: []string{"1"}, seen: []string{"0"}}, {}}
	const want = "a.scenario:2: c fails without a mutation, as Run shows: a.scenario:3: the number of records in the store differs\n  want  store 1\n  seen  store 0\n"
	if got := s.unfit(found).Error(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// An error in a file names the file and the line.
func TestErrorsNameTheLine(t *testing.T) {
	const head = "policy p\nscenario s\n"
	for _, tc := range []struct{ text, want string }{
		{"  a\n", "a.scenario:1: an indented line begins the file"},
		{"frob\nscenario s\n", `a.scenario:1: the word "frob" is unknown; a line begins with one of: clock delay fault`},
		{"C: EHLO a\n", "a.scenario:1: C: stands before the first scenario"},
		{"policy p\ncase c\npolicy p\n  = accept\n", "a.scenario:3: policy takes no indented lines: those of the case come directly after its line"},
		{"policy p\n  q\n", "a.scenario:1: policy takes no indented lines"},
		{"include a.scenario\n", "a.scenario:1: the files include each other"},
		{"include b\n", "a.scenario:1: open b: file does not exist"},
		{"policy p\nscenario\n", "a.scenario:2: the scenario has no name"},
		{head + "scenario s\n", `a.scenario:3: the name "s" is that of line 2 too`},
		{head + "frob\n", `a.scenario:3: the word "frob" is unknown`},
		{head + "include b\n", "a.scenario:3: include stands after the first scenario"},
		{"policy p\ncase s\nC: EHLO\n", `a.scenario:3: the lines of a case are indented, and "C:" is not`},
		{"policy z\nscenario s\n", `a.scenario:1: there is no policy "z"; the policies are: leaky p q two`},
		{"policy p\nscenario s\npolicy z\n", `a.scenario:2: there is no policy "z"`},
		{"scenario s\n", `a.scenario:1: the scenario has no policy: a line policy with a name is missing`},
		{"policy p\nzone\n  a. A 192.0.2.1\n# a comment\n\n  a. A 1.2.3\nscenario s\n", `a.scenario:6: the line "a. A 1.2.3" of the zone is invalid: bad A`},
		{"policy p\nzone\n  a. A 192.0.2.1\n  # a good host\nscenario s\n", `a.scenario:4: a comment in a zone begins with ";"`},
		{"policy p\nzone b.zone\nzone\n  a. A 192.0.2.1\nscenario s\n", `a.scenario:2: b.zone:2: the line "b. A x" of the zone is invalid: bad A`},
		{"policy p\nfault servfail\nscenario s\n", "a.scenario:2: "},
		{"policy p\nfault frob a.example.\nscenario s\n", "a.scenario:2: "},
		{"policy p\ndelay x a.example.\nscenario s\n", `a.scenario:2: "x" is not a duration`},
		{"policy p\nclock noon\nscenario s\n", `a.scenario:2: the time "noon" is not of the form`},
		{"policy p\nowner bob\nscenario s\n", "a.scenario:2: owner needs a login and its addresses"},
		{"policy p\nmailbox a b c\nscenario s\n", "a.scenario:2: "},
		{head + "C: EHLO a\n", "a.scenario:3: C: needs a connection"},
		{head + "connect\n", "a.scenario:3: connect needs an IP address"},
		{head + "connect 1.2.3\n", `a.scenario:3: connect needs an IP address, and "1.2.3" is not one`},
		{head + "connect 192.0.2.1\nS: 220\nC: EHLO a\nC: NOOP\nS: 250\n", `a.scenario:7: a reply was left unread: after this line a line S: for the reply to "NOOP" is missing`},
		{head + "connect 192.0.2.1\nrule none\nS: 220\n", `a.scenario:3: a reply was left unread`},
		{head + "connect 192.0.2.1\nS: 220\noctets \"NOOP\\r\\nNOOP\\r\\n\"\nS: 250\n", `a.scenario:6: a reply was left unread`},
		{"policy p\ncase s\n  = reject by a\n  = 550 5.7.1\n", `a.scenario:2: the reply "550 5.7.1" is compared only if`},
		{"policy p\nrecorded\n  a.example. A\nscenario s\n", `a.scenario:3: "a.example. A" is not of the form NAME TYPE DATA`},
		{"policy p\nrecorded\n  a.example. A x\nscenario s\n", `a.scenario:3: `},
		{"policy p\nmessage m quoted\n  x\nscenario s\n", `a.scenario:3: "x" is not quoted as in Go`},
		{head + "connect 192.0.2.1 login\n", `a.scenario:3: "login" is not one of`},
		{head + "connect 192.0.2.1 color red\n", `a.scenario:3: "color" is not one of`},
		{head + "connect 192.0.2.1\nclient b\n", `a.scenario:4: there is no connection as "b"`},
		{"policy p\nfor p\nscenario s\n", "a.scenario:2: for needs a policy and fields"},
		{"policy p\nkey a.example s\nmessage m\n  From: a\ncase s\n  message=\"m signed a.example s To\"\n", "a.scenario:5: the message can't be signed"},
		{head + "wait long\n", `a.scenario:3: "long" is not a duration`},
		{head + "wait -5m\n", `a.scenario:3: "-5m" is not a duration`},
		{head + "heal a b c\n", "a.scenario:3: "},
		{head + "connect 192.0.2.1\ndata x\n", `a.scenario:4: there is no message "x"`},
		{head + "connect 192.0.2.1\ndata signed a.example s\n  From: a\n", `a.scenario:4: there is no key "a.example s"`},
		{head + "connect 192.0.2.1\noctets x\n", `a.scenario:4: "x" is not quoted as in Go`},
		{head + "fault stroe\n", `a.scenario:3: "stroe" is not a fault: it is servfail, refused or timeout and a question such as "example.net. TXT", or one of mailboxes, owners, store`},
		{"policy p\ncase s\n  to=a@example.org broken=stroe\n", `a.scenario:2: "stroe" is not a fault`},
		{"policy p\ncase s\nfault store\n", `a.scenario:3: a case has no line fault`},
		{"policy p\ncase s\n  = accept\n", `a.scenario:2: the case has no recipient (to=)`},
		{"policy p\ncase s\n  ip\n", `a.scenario:2: "ip" is not of the form key=value`},
		{"policy p\ncase s\n  frob=1\n", `a.scenario:2: the key "frob" is unknown`},
		{"policy p\ncase s\n  ip=x\n", "a.scenario:2: "},
	} {
		if got := outcomeOf(t, tc.text); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%q: got %s, want %s", tc.text, got, tc.want)
		}
	}
}

// The place of an error has the directory, so that an editor finds the file.
func TestPlacesHaveTheDirectory(t *testing.T) {
	f, err := parseFile(Dir("../testdata"), "basics.scenario")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.head[0].fault("x").Error(), filepath.Join("../testdata", "basics.scenario")+":2: x"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// textsOf returns the files of a directory by their names.
func textsOf(t testing.TB, fsys fs.FS) map[string]string {
	t.Helper()
	names, err := fs.Glob(fsys, "*")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no files: %v", err)
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

// FuzzFile plays hostile files: they give an error, a mismatch or nothing.
func FuzzFile(f *testing.F) {
	f.Add("policy p\nzone\n  9.2.0.192.in-addr.arpa. PTR a.example.\nscenario s\nconnect 192.0.2.9 as x\nS: 220\nC: HELO a\nC: MAIL FROM:<>\nC: RCPT TO:<a@example.org>\nC: DATA\ndata\n  a\nS: 250\n")
	f.Add("policy p\ngood ip=192.0.2.9\ncase c\n  to=\"a b\" tried=2m tried=1m tried=x broken=store message=x\n  = accept\n")
	f.Add("policy p\nkey a.example s\nmessage m\n  From: a\nscenario s\nconnect ::1 lmtp tls early\noctets \"\\x00\"\nclose\nwait 1h\nstore 1\n")
	suite := os.DirFS("../../../examples/policies/testdata/conversations")
	heads := fstest.MapFS{}
	for name, text := range textsOf(f, suite) {
		if strings.HasSuffix(name, extension) {
			f.Add(text)
		} else {
			heads[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	f.Add("policy p q\nfor q login=a\nkey a.example s1\nmessage m\n  From: a@a.example\n\ncase c\n  message=\"m signed a.example s1 From\" octets=\"a\\n\"\n  p = accept\n  q = but\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 100_000 {
			return
		}
		fsys := maps.Clone(heads)
		fsys["a.scenario"] = &fstest.MapFile{Data: []byte(text)}
		file, err := parseFile(fsys, "a.scenario")
		if err != nil {
			return
		}
		all := Policies{}
		for _, s := range file.each() {
			all[s.policy] = policies["p"]
		}
		synctest.Test(t, func(t *testing.T) {
			for _, s := range file.each() {
				s.play(t.Context(), inBubble(fsys, all))
			}
		})
	})
}
