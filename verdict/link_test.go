package verdict_test

import (
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// A link stands after the lines of the rule, in each refusal and nowhere else.
func TestLinkOfARefusal(t *testing.T) {
	calls := 0
	policy := verdict.Policy{
		Rules: verdict.Rules{verdict.RejectUnless(fail("a.check")).See("see {rule}")},
		Link: func(v verdict.Verdict, e *envelope.Envelope) string {
			calls++
			return "https://example.org/" + v.Rule + "?" + e.Helo
		},
	}
	e := envelope.Envelope{Helo: "x\r\n250 ok"}
	want := "550-5.7.25 a.check does not hold\r\n550-5.7.25 see a.check\r\n550 5.7.25 https://example.org/a.check?x 250 ok\r\n"
	if v := policy.Judge(t.Context(), nil, &e); v.Reply().String() != want {
		t.Errorf("got %q", v.Reply())
	}
	session := verdict.NewSession(t.Context(), verdict.Connection{Policy: policy})
	defer session.Close()
	if lines := session.Connect(e).Lines; len(lines) != 3 {
		t.Errorf("a session replies %q", lines)
	}
	policy.Rules = nil
	if v := policy.Judge(t.Context(), nil, &e); v.Action != verdict.Accept || len(v.Help) > 0 || calls != 2 {
		t.Errorf("%s with %q after %d calls", v, v.Help, calls)
	}
}
