package replay_test

import (
	"context"
	"net/netip"
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
	"mxrules.example/verdict/replay"
)

func rules(rules ...verdict.Rule) verdict.Policy { return verdict.Policy{Rules: rules} }

func TestDiffers(t *testing.T) {
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.10"), Helo: "mail.example.net"}
	confirmed := verdict.RejectUnless(rdns.Confirmed)
	for _, tc := range []struct {
		name     string
		old, new verdict.Policy
		want     bool
	}{
		{"the same", rules(confirmed), rules(confirmed), false},
		{"another action", rules(confirmed), rules(), true},
		{"another rule with the same reply", rules(confirmed), rules(confirmed.Named("other")), false},
		{"another text", rules(confirmed), rules(confirmed.See("https://example.org/help")), true},
		{"another status", rules(confirmed), rules(verdict.RejectUnless(rdns.Exists), verdict.TempFailUnless(rdns.Confirmed)), true},
		{"another mark", rules(verdict.MarkUnless(rdns.Confirmed, "a")), rules(verdict.MarkUnless(rdns.Confirmed, "b")), true},
		{"a shadow rule", rules(), rules(confirmed.Shadow()), false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			change := replay.Change{Old: tc.old, New: tc.new}
			pair := change.Judge(t.Context(), zone.MustParse(world), &e)
			if pair.Differs() != tc.want {
				t.Errorf("%v", pair)
			}
			if each := change.JudgeEach(t.Context(), zone.MustParse(world), &e, "", ""); each[1].Differs() != tc.want {
				t.Errorf("each: %v", each)
			}
		})
	}
}

// Both policies get the same answers, even if a server gives others the second time.
func TestAChangeAsksEachQuestionOnce(t *testing.T) {
	dns := zone.MustParse(world).Answering("9.2.0.192.in-addr.arpa. PTR", zone.AsWritten, zone.NXDOMAIN)
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.9"), Helo: "mail.example.net"}
	change := replay.Change{
		Old: rules(verdict.RejectUnless(rdns.Exists)),
		New: rules(verdict.RejectUnless(rdns.Confirmed), verdict.RejectUnless(helo.Matches)),
	}
	if pair := change.Judge(t.Context(), dns, &e); pair.Differs() {
		t.Errorf("%v", pair)
	}
	asked := dns.Asked()
	slices.Sort(asked)
	if n := len(asked); n == 0 || len(slices.Compact(asked)) != n {
		t.Errorf("asked %v", dns.Asked())
	}
}

// Judging again must not write, neither for a change nor for a record.
func TestNothingIsWritten(t *testing.T) {
	writes := envelope.At("site.writes", envelope.Connect, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding {
		f := envelope.Passed("")
		f.Commit = func(context.Context) error {
			t.Error("written")
			return nil
		}
		return f
	})
	p := rules(verdict.MarkIf(envelope.All(writes, writes), "a"), verdict.AcceptIf(writes).When(writes))
	e := envelope.Envelope{}
	pair := replay.Change{Old: p, New: p}.Judge(t.Context(), nil, &e)
	if pair.Old.Action != verdict.Accept || pair.Differs() {
		t.Errorf("%v", pair)
	}
	var record replay.Record
	if got, err := record.Judge(t.Context(), p); err != nil || got[0].Action != verdict.Accept {
		t.Errorf("%v, %v", got, err)
	}
}

func TestChangeOfNoEnvelope(t *testing.T) {
	if pair := (replay.Change{}).Judge(t.Context(), nil, nil); pair.Differs() || pair.Old.Err() == nil {
		t.Errorf("%v", pair)
	}
}
