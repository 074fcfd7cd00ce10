package specimen_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/directory"
	"mxrules.example/examples/policies"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
	"mxrules.example/verdict/analysis/specimen"
	"mxrules.example/verdict/scenario"
	"mxrules.example/verdict/scenario/record"
)

// values are those that the checks of the site are about.
var values = specimen.Site{
	Clients:    []netip.Addr{netip.MustParseAddr("198.51.100.1")},
	Helo:       []string{"mail.example.net", "mx.example.org"},
	Senders:    []string{"bob@example.org", "nobody@example.org", "broken@example.com"},
	Recipients: []string{"bob@example.org", "postmaster@example.org", "nobody@example.org", "full@example.org", "ann@example.com"},
	Logins:     []string{"bob"},
	Signers:    []string{"example.org", "lists.example"},
	Zone: `
example.org.               MX 10 mail.example.net.
7.48.175.192.bad.example.  A  127.0.0.2
`,
}

// facts are those of the site: its directory has its own mailboxes, whose domain takes mail,
// the set of helo.in has every name, and its own check never fails temporarily.
var facts = []analysis.Fact{
	analysis.SameSite(), analysis.Same("recipient.role", "list.discussion"),
	analysis.If("recipient.listed", envelope.Pass, "recipient.ours", envelope.Pass),
	analysis.If("recipient.listed", envelope.Pass, "recipient.takesmail", envelope.Pass),
	analysis.If("sender.notours", envelope.Fail, "sender.listed", envelope.Pass, envelope.Fail),
	analysis.If("helo.in", envelope.Fail, "helo.literal", envelope.Pass, envelope.Fail),
	analysis.Only("recipient.few", envelope.Pass, envelope.Fail),
}

// policyOf returns a policy of the examples for a site with these mailboxes.
func policyOf(t *testing.T, name string, store greylist.Store, mailboxes directory.Lookup, owners directory.Owners) verdict.Policy {
	t.Helper()
	make, err := policies.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := make(policies.Site{
		Domains: []string{"example.org"}, Names: []string{"mx.example.org"},
		Networks:  []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Lists:     []dnsbl.List{{Zone: "bad.example"}},
		Mailboxes: mailboxes, Owners: owners,
		MailingLists: []string{"lists.example"},
		Greylist:     greylist.Known(store, greylist.Options{}),
		Quota:        quota.Within(store, quota.Key{Of: quota.Login}, 2, time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// directories returns the mailboxes and owners of the site.
func directories(t *testing.T) (directory.Lookup, directory.Owners) {
	t.Helper()
	lookup, err := directory.List("bob@example.org", "postmaster@example.org", "full@example.org full")
	if err != nil {
		t.Fatal(err)
	}
	list, err := directory.OwnersFrom(map[string][]string{"bob": {"bob@example.org", "ann@example.net"}})
	if err != nil {
		t.Fatal(err)
	}
	return lookup, func(ctx context.Context, m envelope.Mailbox) ([]string, error) {
		if m.Local == "broken" {
			return nil, errors.New("the directory does not answer")
		}
		return list(ctx, m)
	}
}

// names are those of the policies of the examples.
var names = []string{"standard", "strict", "bulk", "submission", "trial"}

// decides reports whether a verdict is the decision of a witness.
func decides(v verdict.Verdict, d analysis.Decision) bool {
	return v.Action == d.Action && v.Rule == d.Rule && v.Forced == d.Forced &&
		slices.Contains(v.Marks, d.Mark) == d.Marked && slices.Contains(v.Undecided, d.Mark) == d.Undecided
}

// Each decision that a policy of the examples can come to has a witness, and each witness a
// specimen. It is judged, recorded, and played as a scenario, and the decision is the same.
func TestWitnessesBecomeScenarios(t *testing.T) {
	lookup, owned := directories(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			site, store := values, new(greylist.Memory)
			p := policyOf(t, name, store, lookup, owned)
			site.Store, site.Policy = store, p
			witnesses, err := analysis.Find(p, analysis.Question{}, facts...)
			if err != nil {
				t.Fatal(err)
			}
			files := fstest.MapFS{}
			for _, w := range witnesses {
				s, err := specimen.Of(t.Context(), w, site)
				if err != nil {
					t.Errorf("%v: %v", w, err)
					continue
				}
				var recorder record.Recorder
				p := policyOf(t, name, new(greylist.Memory), recorder.Mailboxes(lookup), recorder.Owners(owned))
				v := s.Judge(t.Context(), p, recorder.Resolver(s.DNS))
				if !decides(v, w.Decisions[0]) {
					t.Errorf("%v: the verdict is %v", w, v)
				}
				var file bytes.Buffer
				if err := recorder.Write(&file, record.Case{Policy: name, Envelope: s.Envelope, Tried: s.Tried, Verdicts: []verdict.Verdict{v}}); err != nil {
					t.Errorf("%v: %v", w, err)
				}
				files[w.Decisions[0].String()+".scenario"] = &fstest.MapFile{Data: file.Bytes()}
			}
			t.Logf("%d of %d witnesses have a specimen", len(files), len(witnesses))
			scenario.Run(t, files, scenario.Policies{name: func(site scenario.Site) (verdict.Policy, error) {
				return policyOf(t, name, site.Store, site.Mailboxes, site.Owners), nil
			}})
		})
	}
}

// Each difference between two policies of the examples has a specimen, which they decide as
// the witness says.
func TestDifferencesBecomeMail(t *testing.T) {
	lookup, owned := directories(t)
	compare := map[string]func(a, b verdict.Policy, facts ...analysis.Fact) (*analysis.Witness, error){
		"implies": analysis.Implies, "equivalent": analysis.Equivalent, "disjoint": analysis.Disjoint,
	}
	shown := map[string]int{}
	for i, a := range names {
		for j, b := range names {
			for question, ask := range compare {
				if i == j || i > j && question != "implies" {
					continue
				}
				site, store := values, new(greylist.Memory)
				site.Store, site.Policy = store, policyOf(t, a, store, lookup, owned)
				w, err := ask(site.Policy, policyOf(t, b, store, lookup, owned), facts...)
				if err != nil {
					t.Fatal(err)
				}
				if w == nil {
					shown["nothing"]++
					continue
				}
				s, err := specimen.Of(t.Context(), w, site)
				if err != nil {
					t.Errorf("%s %s %s: %v: %v", a, question, b, w, err)
					continue
				}
				shown[question]++
				for i, name := range []string{a, b} {
					p := policyOf(t, name, new(greylist.Memory), lookup, owned)
					if v := s.Judge(t.Context(), p, s.DNS); !decides(v, w.Decisions[i]) {
						t.Errorf("%s %s %s: %v: the verdict of %s is %v", a, question, b, w, name, v)
					}
				}
			}
		}
	}
	t.Log(shown)
}

func TestNoMailHasTheOutcomes(t *testing.T) {
	never := envelope.At("site.never", envelope.Connect, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		return envelope.Passed("")
	})
	witnesses, err := analysis.Find(verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(never)}}, analysis.Question{Action: verdict.Reject})
	if err != nil || len(witnesses) != 1 {
		t.Fatal(witnesses, err)
	}
	s, err := specimen.Of(t.Context(), witnesses[0], values)
	if want := "no specimen has these outcomes together: where the others hold, no mail has site.never=fail"; !errors.Is(err, specimen.ErrNone) || err.Error() != want {
		t.Errorf("got %v, %v", s, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := specimen.Of(ctx, witnesses[0], values); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", s, err)
	}
	if s, err := specimen.Of(t.Context(), witnesses[0], specimen.Site{Zone: "not a zone"}); err == nil {
		t.Errorf("got %v", s)
	}
}
