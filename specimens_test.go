package mxrules_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/greylist/reputation"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
	"mxrules.example/verdict/analysis"
	"mxrules.example/verdict/analysis/specimen"
	"mxrules.example/verdict/scenario"
	"mxrules.example/verdict/scenario/record"
)

var errDown = errors.New("it does not answer")

// fragile returns a set of one value, which fails for another one.
func fragile[T comparable](member, failing T) envelope.Set[T] {
	return func(_ context.Context, value T) (bool, error) {
		if value == failing {
			return false, errDown
		}
		return value == member, nil
	}
}

// specimenChecks has each check of the library by its name, with arguments for which it has
// every outcome.
func specimenChecks(store greylist.Store) map[string]envelope.Check {
	checks := map[string]envelope.Check{}
	for _, check := range everyCheck() {
		name, _ := check.Describe()
		checks[name] = check
	}
	mailbox := func(text string) envelope.Mailbox {
		m, err := envelope.ParseMailbox(text, false)
		if err != nil {
			panic(err)
		}
		return m
	}
	lookup := directory.Lookup(func(_ context.Context, m envelope.Mailbox) (directory.Answer, error) {
		switch {
		case m.Domain != "other.example":
			return directory.Foreign, nil
		case m.Local == "broken":
			return 0, errDown
		case m.Local == "bob":
			return directory.Known, nil
		}
		return directory.Unknown, nil
	})
	owners := directory.Owners(func(_ context.Context, m envelope.Mailbox) ([]string, error) {
		if m.Local == "broken" {
			return nil, errDown
		}
		return map[string][]string{"bob": {"ann"}}[m.Local], nil
	})
	login := func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) (string, error) {
		if e.Login == "broken" {
			return "", errDown
		}
		return e.Login, nil
	}
	grey := greylist.Options{Identity: login}
	for _, check := range []envelope.Check{
		client.InSet(fragile(netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"))),
		helo.InSet(fragile[envelope.Host]("mail.example.net", "broken.example")),
		rdns.InSet(fragile[envelope.Host]("mail.example.net", "broken.example")),
		sender.InSet(fragile(mailbox("bob@other.example"), mailbox("broken@other.example"))),
		sender.Listed([]string{"other.example"}, lookup), sender.OwnedByLogin(owners), sender.NotOurs("other.example"),
		recipient.InSet(fragile(mailbox("bob@other.example"), mailbox("broken@other.example"))),
		recipient.Listed(lookup),
		dmarc.AuthorOwned(owners),
		greylist.Known(store, grey), greylist.Trusted(store, 1, grey), quota.Within(store, quota.Key{Of: login}, 2, time.Hour),
		reputation.Good(store, reputation.Options{Identity: login}),
	} {
		name, _ := check.Describe()
		checks[name] = check
	}
	return checks
}

// siteOfSpecimens has values that the arguments of specimenChecks are about.
var siteOfSpecimens = specimen.Site{
	Clients:    []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3"), netip.MustParseAddr("192.0.2.4"), netip.MustParseAddr("192.0.2.5"), netip.MustParseAddr("192.0.2.6")},
	Helo:       []string{"mail.example.net", "mail.example.org", "other.example", "listed.example", "invalid.example", "broken.example", "broken-spf.example"},
	Senders:    []string{"bob@other.example", "nobody@other.example", "broken@other.example", "ann@listed.example", "ann@invalid.example", "ann@broken.example", "ann@reject.example"},
	Recipients: []string{"bob@other.example", "nobody@other.example", "broken@other.example"},
	Logins:     []string{"ann", "bob", "broken"},
	Signers:    []string{"reject.example"},
	Messages:   []string{"From: ann@example.net\r\nDate: Thu, 1 Jan 2026 00:00:00 +0000\r\nList-Id: <friends.example.org>\r\n\r\nHello.\r\n"},
	Zone: `
1.2.0.192.list.example.    A 127.0.0.2
2.2.0.192.list.example.    A 192.0.2.99
3.2.0.192.in-addr.arpa.    PTR host.ptr.example.
host.ptr.example.list.example. A 127.0.0.2
4.2.0.192.in-addr.arpa.    PTR bad.ptr.example.
bad.ptr.example.list.example.  A 192.0.2.99
5.2.0.192.in-addr.arpa.    PTR mail.example.org.
mail.example.org.          A 192.0.2.5
listed.example.list.example.  A 127.0.0.2
invalid.example.list.example. A 192.0.2.99
1.2.0.192.origin.example.  TXT "64500 | 192.0.2.0/24 | ZZ"
2.2.0.192.origin.example.  TXT "unreadable"
_dmarc.reject.example.     TXT "v=DMARC1; p=reject"
mail.example.org.          TXT "v=spf1 ip4:192.0.2.5 -all"
`,
	Failing: []string{"6.2.0.192.list.example.", "6.2.0.192.origin.example.", "broken.example.list.example.", "broken-spf.example. TXT"},
}

// withoutSpecimen has the outcomes that no specimen brings about, and why.
var withoutSpecimen = map[string]string{
	"message.linesended is temperror": "a spool that cannot be read is no mail",
	"message.wellformed is temperror": "a spool that cannot be read is no mail",
	"reputation.good is pass":         "it needs replies to other mail: see the conversations of examples/policies",
	"reputation.good is fail":         "it needs replies to other mail: see the conversations of examples/policies",
}

// specimenPolicy rejects mail for which a check has an outcome. It greylists too, for those
// that greylist.trusted trusts.
func specimenPolicy(store greylist.Store, check string, o envelope.Outcome) verdict.Policy {
	checks := specimenChecks(store)
	rule := verdict.RejectIf(checks[check]).On(envelope.Pass, verdict.Continue).On(o, verdict.Reject)
	if check == "greylist.trusted" {
		return verdict.Policy{Rules: verdict.Rules{verdict.MarkUnless(checks["greylist.known"], "grey"), rule}}
	}
	return verdict.Policy{Rules: verdict.Rules{rule}}
}

// Every outcome that package analysis knows of a check has a specimen: mail that brings it
// about, also when it is played as a scenario.
func TestEveryOutcomeHasASpecimen(t *testing.T) {
	files, policies, explained := fstest.MapFS{}, scenario.Policies{}, maps.Clone(withoutSpecimen)
	count := 0
	names := slices.Sorted(maps.Keys(specimenChecks(new(greylist.Memory))))
	for _, name := range names {
		for _, o := range []envelope.Outcome{envelope.Pass, envelope.Fail, envelope.None, envelope.PermError, envelope.TempError} {
			what := fmt.Sprintf("%s is %v", name, o)
			site := siteOfSpecimens
			store := new(greylist.Memory)
			site.Store, site.Policy = store, specimenPolicy(store, name, o)
			witnesses, err := analysis.Find(site.Policy, analysis.Question{Action: verdict.Reject})
			if err != nil {
				t.Fatal(err)
			}
			if len(witnesses) == 0 {
				continue // the check never has this outcome
			}
			count++
			s, err := specimen.Of(t.Context(), witnesses[0], site)
			if why := explained[what]; why != "" || err != nil {
				if delete(explained, what); (why == "") != (err == nil) {
					t.Errorf("%s: %v, explained by %q", what, err, why)
				}
				continue
			}
			files[strings.ReplaceAll(what, " ", "_")+".scenario"] = &fstest.MapFile{Data: recorded(t, what, specimenPolicy(new(greylist.Memory), name, o), s)}
			policies[strings.ReplaceAll(what, " ", "_")] = func(site scenario.Site) (verdict.Policy, error) {
				return specimenPolicy(site.Store, name, o), nil
			}
		}
	}
	for what := range explained {
		t.Errorf("%s is explained, and cannot happen", what)
	}
	t.Logf("%d of %d outcomes of %d checks have a specimen", len(files), count, len(names))
	scenario.Run(t, files, policies)
}

// recorded judges a specimen, and returns the scenario that reproduces the verdict.
func recorded(t *testing.T, what string, policy verdict.Policy, s *specimen.Specimen) []byte {
	t.Helper()
	var recorder record.Recorder
	v := s.Judge(t.Context(), policy, recorder.Resolver(s.DNS))
	if v.Action != verdict.Reject {
		t.Errorf("%s: the verdict is %v", what, v)
	}
	var file bytes.Buffer
	if err := recorder.Write(&file, record.Case{Name: what, Policy: strings.ReplaceAll(what, " ", "_"), Envelope: s.Envelope, Tried: s.Tried, Verdicts: []verdict.Verdict{v}}); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return file.Bytes()
}
