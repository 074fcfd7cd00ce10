package verdict_test

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

func TestVerdictString(t *testing.T) {
	rules := func(r ...verdict.Rule) verdict.Policy { return verdict.Policy{Rules: r} }
	soft := rules(verdict.RejectUnless(fail("f")))
	soft.Soft = true
	for _, tc := range []struct {
		policy verdict.Policy
		stage  envelope.Stage
		want   string
	}{
		{rules(), envelope.Whole, "accept 250 2.0.0"},
		{rules(verdict.AcceptIf(pass("p"))), envelope.Whole, "accept 250 2.0.0 by p"},
		{rules(verdict.MarkUnless(fail("f"), "a"), verdict.MarkUnless(fail("f"), "b"), verdict.MarkUnless(temp("t"), "c")), envelope.Whole,
			"accept 250 2.0.0, marked a, b, undecided c"},
		{rules(verdict.RejectUnless(fail("f")).See("https://x.example")), envelope.Whole,
			"reject 550 5.7.25 by f: f does not hold https://x.example"},
		{rules(verdict.TempFailUnless(fail("f"))), envelope.Whole, "tempfail 450 4.7.25 by f: f does not hold"},
		{soft, envelope.Whole, "tempfail 450 4.7.25 by f, softened: f does not hold"},
		{rules(verdict.RejectUnless(temp("t"))), envelope.Whole, "tempfail 451 4.4.3 forced by t: temporary lookup failure, please try again later"},
		{rules(verdict.RejectUnless(pass("p")), verdict.RejectUnless(late("l"))), envelope.Connect, "continue: l waits for data"},
		{rules(verdict.RejectUnless(fail("f")).When(envelope.Any(late("l"), fail("g"))).Named("n")), envelope.Connect, "continue: n waits for data"},
		{rules(verdict.RejectUnless(fail("f")).Named("a\r\nb")), envelope.Whole, "reject 550 5.7.25 by a b: f does not hold"},
	} {
		v := tc.policy.Judge(t.Context(), nil, &envelope.Envelope{Stage: tc.stage})
		if got := v.String(); got != tc.want {
			t.Errorf("got  %s\nwant %s", got, tc.want)
		}
	}
	if got := (verdict.Verdict{}).String(); got != "no verdict" {
		t.Errorf("the zero verdict is %q", got)
	}
}

// story is a Detail that explains itself.
type story struct{ lines []string }

func (s *story) Explain() []string { return s.lines }

// unusual returns a verdict with everything that a trace can have.
func unusual(t *testing.T) verdict.Verdict {
	t.Helper()
	dns := &phoneBook{txt: map[string]string{"a.example.": "yes"}}
	detailed := func(name string, f envelope.Finding, detail any) envelope.Check {
		f.Check = name
		return answers(f.With(detail))
	}
	passed, failed := envelope.Passed(""), envelope.Failed("", reject, "the client is bad")
	failed.Commit = func(context.Context) error { return nil }
	broken := envelope.Unavailable("", errors.New("the directory is\tdown"))
	return verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(published("a.example")),
		verdict.RejectUnless(published("b.example")).Shadow().Named("trial"),
		verdict.RejectUnless(fail("f")).When(published("a.example")).Unless(pass("c")).Named("off"),
		verdict.MarkUnless(envelope.Any(fail("f"), envelope.Not(pass("p"))), "odd"),
		verdict.RejectUnless(detailed("silent", passed, &story{[]string{"one", "two\r\nthree"}})),
		verdict.MarkIf(detailed("speaks", failed, &story{[]string{"is bad", "more"}}), "bad").Unless(fail("c")),
		verdict.MarkUnless(detailed("nothing", passed, (*story)(nil)), "m"),
		verdict.RejectUnless(detailed("site.directory", broken, nil)).Ignoring(envelope.TempError),
		verdict.MarkUnless(temp("t"), "unsure"),
		verdict.RejectUnless(fail("end")),
		verdict.RejectUnless(pass("unneeded")),
	}}.Judge(t.Context(), dns, &envelope.Envelope{Stage: envelope.Connect})
}

func TestExplain(t *testing.T) {
	const want = `reject 554 5.7.25 by end: end does not hold
    published       pass
                                             asked TXT a.example.
    trial           fail       would reject  b.example is not published
                                             check published
                                             asked TXT b.example.: no such record
    off             off
                                             when published: pass
                                             unless c: pass
                                             asked TXT a.example. (known already)
    any(f, not(p))  fail       mark          f does not hold
                                             f: fail, f does not hold
                                             not(p): fail
                                             p: pass
    silent          pass                     one
                                             two three
    speaks          fail       go on         the client is bad
                                             unless c: fail, c does not hold
                                             more
    nothing         pass
    site.directory  temperror                temporary lookup failure
                                             cause: the directory is down
    t               temperror                temporary lookup failure
                                             cause: no answer
    end             fail       reject        end does not hold
  not asked: unneeded
  questions to DNS: 2 in 2 rounds, 1 shared
`
	if got := unusual(t).Explain(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// duration matches a measured duration.
var duration = regexp.MustCompile(`,"(began|seconds)":[^,}]*`)

func TestVerdictMarshalsToJSON(t *testing.T) {
	text, err := json.Marshal(unusual(t))
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		`{"action":"reject","reply":"554 5.7.25 end does not hold","rule":"end","cost":{"questions":2,"shared":1,"in_vain":0,"rounds":2},"trace":[` +
			`{"rule":"published","action":"continue","finding":{"check":"published","outcome":"pass"},"questions":[{"type":"TXT","name":"a.example."}]}`,
		`{"rule":"trial","action":"reject","shadow":true,"finding":{"check":"published","outcome":"fail","status":"550 5.7.25","text":"b.example is not published"},` +
			`"questions":[{"type":"TXT","name":"b.example.","error":"lookup b.example.: no such host"}]}`,
		`{"rule":"off","action":"continue","off":true,"conditions":[{"check":"published","outcome":"pass"},{"check":"c","outcome":"pass"}],` +
			`"questions":[{"type":"TXT","name":"a.example.","reused":true}]}`,
		`{"rule":"any(f, not(p))","action":"mark","finding":{"check":"any(f, not(p))","outcome":"fail","status":"550 5.7.25","text":"f does not hold",` +
			`"detail":[{"check":"f","outcome":"fail","status":"550 5.7.25","text":"f does not hold"},` +
			`{"check":"not(p)","outcome":"fail","status":"550 5.7.1","detail":[{"check":"p","outcome":"pass"}]}]}}`,
		`{"rule":"silent","action":"continue","finding":{"check":"silent","outcome":"pass"}}`,
		`{"rule":"speaks","action":"continue","conditions":[{"check":"c","outcome":"fail","status":"550 5.7.25","text":"c does not hold"}],` +
			`"finding":{"check":"speaks","outcome":"fail","status":"550 5.7.25","text":"the client is bad"}}`,
		`{"rule":"nothing","action":"continue","finding":{"check":"nothing","outcome":"pass"}}`,
		`{"rule":"site.directory","action":"continue","finding":{"check":"site.directory","outcome":"temperror","status":"451 4.3.0","text":"temporary lookup failure",` +
			`"retry":"please try again later","cause":"the directory is down"}}`,
		`{"rule":"t","finding":{"check":"t","outcome":"temperror","status":"451 4.4.3","text":"temporary lookup failure","retry":"please try again later","cause":"no answer"}}`,
		`{"rule":"end","action":"reject","finding":{"check":"end","outcome":"fail","status":"550 5.7.25","text":"end does not hold"}}]}`,
	}, ",")
	if got := duration.ReplaceAllString(string(text), ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestJSONOfAnAcceptanceHasItsMarks(t *testing.T) {
	v := judge(t, atConnect(), verdict.MarkUnless(fail("f"), "a"), verdict.MarkUnless(temp("t"), "b"))
	v.Trace = nil
	text, err := json.Marshal(v)
	got := duration.ReplaceAllString(string(text), "")
	if want := `{"action":"accept","marks":["a"],"undecided":["b"],"cost":{"questions":0,"shared":0,"in_vain":0,"rounds":0},"trace":null}`; err != nil || got != want {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}
