package analysis_test

import (
	"net/netip"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/sender"
	"mxrules.example/helo"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
)

// Facts turn a case that no mail can have into a proof.
func TestFacts(t *testing.T) {
	w := table{}
	a, b := w.check("site.a", envelope.Connect), w.check("site.b", envelope.Connect)
	networks := func() envelope.Check { return client.In([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}) }
	shared := networks()
	checker, err := spf.New(spf.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rejects := func(checks ...envelope.Check) (p verdict.Policy) {
		for _, check := range checks {
			p.Rules = append(p.Rules, verdict.RejectUnless(check))
		}
		return p
	}
	never := func(check envelope.Check, o envelope.Outcome) verdict.Policy {
		return verdict.Policy{Rules: verdict.Rules{verdict.AcceptIf(check).On(o, verdict.Reject)}}
	}
	for _, tc := range []struct {
		name  string
		a, b  verdict.Policy
		facts []analysis.Fact
		// Without the facts there is a witness, and with them there is none.
		without, with bool
	}{
		{"the same func value", rejects(a), rejects(a), nil, false, false},
		{"a function of a package", rejects(helo.FQDN), rejects(helo.FQDN), nil, false, false},
		{"another check", rejects(a), rejects(b), nil, true, true},
		{"two calls", rejects(networks()), rejects(networks()), []analysis.Fact{analysis.Same("client.in")}, true, false},
		{"two calls of another name", rejects(networks()), rejects(networks()), []analysis.Fact{analysis.Same("client.tls")}, true, true},
		{"all names", rejects(networks()), rejects(networks()), []analysis.Fact{analysis.SameSite()}, true, false},
		{"a method value", rejects(checker.NotFail), rejects(checker.NotFail), []analysis.Fact{analysis.Same("spf.notfail")}, true, false},
		{"method values in one policy", rejects(checker.NotFail), rejects(checker.NotFail, checker.NotFail), []analysis.Fact{analysis.SameSite()}, true, false},
		{"the second check of a name", rejects(networks(), networks()), rejects(networks(), networks()), []analysis.Fact{analysis.SameSite()}, true, false},
		{"one more check of a name", rejects(networks()), rejects(networks(), networks()), []analysis.Fact{analysis.SameSite()}, true, true},
		{"a shared check and another", rejects(shared, networks()), rejects(networks(), shared), []analysis.Fact{analysis.SameSite()}, true, false},
		{"a shared check, and a new one of its name", rejects(shared), rejects(networks(), shared), []analysis.Fact{analysis.SameSite()}, true, true},
		{"if", rejects(a), rejects(b), []analysis.Fact{
			analysis.If("site.b", envelope.Fail, "site.a", envelope.Fail), analysis.If("site.b", envelope.TempError, "site.a", envelope.Fail, envelope.TempError)}, true, false},
		{"if, the other way", rejects(a), rejects(b), []analysis.Fact{analysis.If("site.a", envelope.Fail, "site.b", envelope.Fail)}, true, true},
		{"only", rejects(), never(a, envelope.PermError), []analysis.Fact{analysis.Only("site.a", envelope.Pass, envelope.Fail)}, true, false},
		{"only, of what it can have", rejects(), never(a, envelope.PermError), []analysis.Fact{analysis.Only("site.a", envelope.Pass, envelope.PermError)}, true, true},
		{"built in, by way of a check that is not asked", rejects(), verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(sender.FQDN).When(sender.BounceToOne)}}, nil, false, false},
		{"built in", rejects(spf.NotSoftFail), rejects(spf.NotFail), nil, false, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, ask := range []struct {
				facts []analysis.Fact
				want  bool
			}{{nil, tc.without}, {tc.facts, tc.with}} {
				if w, err := analysis.Implies(tc.a, tc.b, ask.facts...); err != nil || (w != nil) != ask.want {
					t.Errorf("with %d facts: %v, %v", len(ask.facts), w, err)
				}
			}
		})
	}
}

func TestFactsThatContradictAreAnError(t *testing.T) {
	w := table{}
	p := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(w.check("site.a", envelope.Connect)), verdict.RejectUnless(w.check("site.b", envelope.Connect))}}
	facts := []analysis.Fact{analysis.Only("site.a", envelope.Pass), analysis.Only("site.b", envelope.Pass), analysis.If("site.a", envelope.Pass, "site.b", envelope.Fail)}
	if w, err := analysis.Implies(p, verdict.Policy{}, facts...); err == nil {
		t.Errorf("got %v", w)
	}
	if w, err := analysis.Implies(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(nil)}}, p); err == nil {
		t.Errorf("an invalid policy: got %v", w)
	}
}
