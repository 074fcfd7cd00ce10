package dnsbl_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns/dnsbl"
)

func TestScoreBelow(t *testing.T) {
	heavy, light, good := first, second, third
	heavy.Weight, light.Weight, good.Weight = 3, 2, -2
	dns := func() *zone.Zone {
		return world().
			Answering("5.2.0.192.third.example. A", "127.0.0.2").
			Answering("33.2.0.192.third.example. A", "127.0.0.2")
	}
	for _, tc := range []struct {
		threshold int
		client    string
		want      envelope.Outcome
		asked     string
		text      string
	}{
		// Lists that cannot change the outcome are not asked.
		{5, "2", pass, "2-first A", ""},
		{5, "1", pass, "1-first A, 1-second A", ""},
		{5, "4", pass, "4-first A", ""},
		{3, "2", pass, "2-first A", ""},
		{2, "4", fail, "4-first A, 4-second A, 4-third A, 4-second TXT",
			"the client 192.0.2.4 is on the DNS list second.example" + loginHint},
		{1, "1", fail, "1-first A, 1-first TXT",
			`the client 192.0.2.1 is on the DNS list first.example, which says "see https://first.example/q/192.0.2.1"` + loginHint},
		{3, "5", fail, "5-first A, 5-second A, 5-first TXT, 5-second TXT",
			`the client 192.0.2.5 is on the DNS list first.example, which says "first reason", and on the DNS list second.example, which says "second reason"` + loginHint},
		{4, "5", pass, "5-first A, 5-second A, 5-third A", ""},
		{6, "5", pass, "", ""}, // all lists together do not reach it
		// A list that fails matters only if its weight does.
		{4, "30", pass, "30-first A, 30-second A", ""},
		{3, "30", temp, "30-first A, 30-second A, 30-third A", ""},
		{2, "9", perm, "9-first A, 9-second A, 9-third A", ""},
		{4, "13", perm, "13-first A, 13-second A, 13-third A", ""},
		{2, "33", temp, "33-first A, 33-second A, 33-third A", ""},
	} {
		c := envelopetest.Case{
			Name:     fmt.Sprintf("%d of %s", tc.threshold, tc.client),
			Envelope: &envelope.Envelope{ClientIP: address(tc.client)},
			Outcome:  tc.want, Status: blocked, Says: tc.text, Asks: full(tc.asked),
		}
		c.Run(t, dnsbl.ScoreBelow(tc.threshold, heavy, light, good), dns())
	}
}

// saying is how a list answers.
type saying int

const (
	holds saying = iota
	lacks
	refuses
	fails
	sayings
)

// said is a zone in which the lists answer like this for 192.0.2.1.
func said(lists []dnsbl.List, says []saying) *zone.Zone {
	dns := zone.MustParse("")
	for i, l := range lists {
		question := "1.2.0.192." + l.Zone + ". A"
		switch says[i] {
		case holds:
			dns.Answering(question, "127.0.0.2")
		case refuses:
			dns.Answering(question, "127.255.255.254")
		case fails:
			dns.Failing(question, zone.Timeout)
		}
	}
	return dns
}

// expected returns the outcome of ScoreBelow by definition: it tries each answer that
// a list that fails, or refuses, could have given. If all have the same outcome, it
// is that.
func expected(threshold int, lists []dnsbl.List, says []saying) envelope.Outcome {
	if i := slices.Index(says, fails); i >= 0 {
		return settled(threshold, lists, says, i, temp, holds, lacks, refuses)
	}
	if i := slices.Index(says, refuses); i >= 0 {
		return settled(threshold, lists, says, i, perm, holds, lacks)
	}
	sum := 0
	for i, l := range lists {
		if says[i] == holds {
			sum += l.Weight
		}
	}
	if sum >= threshold {
		return fail
	}
	return pass
}

// settled returns the outcome for each of these answers of list i, or open if they
// differ.
func settled(threshold int, lists []dnsbl.List, says []saying, i int, open envelope.Outcome, of ...saying) envelope.Outcome {
	var outcomes []envelope.Outcome
	for _, s := range of {
		instead := slices.Clone(says)
		instead[i] = s
		outcomes = append(outcomes, expected(threshold, lists, instead))
	}
	if len(slices.Compact(outcomes)) > 1 {
		return open
	}
	return outcomes[0]
}

// TestFaultsOnlyDefer tests with random lists and weights that the outcome is the
// expected one, and that a failing list either makes it a TempError or changes nothing.
func TestFaultsOnlyDefer(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const cases = 4000
	seen := map[envelope.Outcome]int{}
	for range cases {
		threshold := 1 + random.IntN(5)
		var lists []dnsbl.List
		var says []saying
		for i := range 1 + random.IntN(5) {
			weight := random.IntN(8) - 3
			if weight == 0 {
				weight = 1
			}
			lists = append(lists, dnsbl.List{Zone: fmt.Sprintf("list%d.example", i), Weight: weight})
			says = append(says, saying(random.IntN(int(sayings))))
		}
		e := envelope.Envelope{ClientIP: address("1")}
		check := dnsbl.ScoreBelow(threshold, lists...)
		found := func(says []saying) envelope.Outcome { return check(t.Context(), said(lists, says), &e).Outcome }
		got := found(says)
		seen[got]++
		if want := expected(threshold, lists, says); got != want {
			t.Fatalf("threshold %d, lists %v, which say %v: got %v, want %v", threshold, lists, says, got, want)
		}
		for i := range says {
			broken := slices.Clone(says)
			broken[i] = fails
			if after := found(broken); after != got && after != temp {
				t.Fatalf("threshold %d, lists %v, which say %v: %v becomes %v when list %d fails", threshold, lists, says, got, after, i)
			}
		}
	}
	for _, outcome := range []envelope.Outcome{pass, fail, temp, perm} {
		if seen[outcome] < cases/100 {
			t.Errorf("only %d of %d cases are %v", seen[outcome], cases, outcome)
		}
	}
}

// NotListed is ScoreBelow with equal weights and a threshold of 1, and Listed is the
// opposite of NotListed.
func TestNotListedScoreBelowAndListedAgree(t *testing.T) {
	lists := []dnsbl.List{{Zone: "a.example", Weight: 7}, {Zone: "b.example", Weight: -7}, {Zone: "c.example"}}
	plain := []dnsbl.List{{Zone: "a.example"}, {Zone: "b.example"}, {Zone: "c.example"}}
	e := envelope.Envelope{ClientIP: address("1")}
	turned := map[envelope.Outcome]envelope.Outcome{pass: fail, fail: pass, temp: temp, perm: perm}
	for n := range sayings * sayings * sayings {
		says := []saying{n % sayings, n / sayings % sayings, n / sayings / sayings}
		outcome := func(check envelope.Check) envelope.Outcome { return check(t.Context(), said(lists, says), &e).Outcome }
		score, not, listed := outcome(dnsbl.ScoreBelow(1, plain...)), outcome(dnsbl.NotListed(lists...)), outcome(dnsbl.Listed(lists...))
		if score != not || turned[not] != listed {
			t.Errorf("%v: score %v, not listed %v, listed %v", says, score, not, listed)
		}
	}
}

// Each question is asked once, and findings do not depend on it.
func TestJudgementAsksEachQuestionOnce(t *testing.T) {
	checks := []envelope.Check{
		dnsbl.NotListed(first, second), dnsbl.Listed(first, second), dnsbl.ScoreBelow(1, second, first),
		dnsbl.NotListed(first), dnsbl.NotListed(first, second),
	}
	for client, want := range map[string]int{"1": 3, "2": 2, "9": 2, "30": 2, "4": 3} {
		ctx := envelope.WithJudgement(t.Context())
		dns := world()
		e := envelope.Envelope{ClientIP: address(client)}
		for _, check := range checks {
			alone, shared := check(t.Context(), world(), &e), check(ctx, dns, &e)
			if alone.Outcome != shared.Outcome || alone.Text != shared.Text || encode(t, alone.Detail) != encode(t, shared.Detail) {
				t.Errorf("%s of %s: %v %q alone, %v %q in a judgement", alone.Check, client, alone.Outcome, alone.Text, shared.Outcome, shared.Text)
			}
		}
		if len(dns.Asked()) != want {
			t.Errorf("%s: asked %v", client, dns.Asked())
		}
	}
}

func TestFindingsShareNoMemory(t *testing.T) {
	ctx := envelope.WithJudgement(t.Context())
	dns := world()
	e := envelope.Envelope{ClientIP: address("7")}
	check := dnsbl.NotListed(first)
	spoilt := check(ctx, dns, &e).Detail.(*dnsbl.Result)
	spoilt.Listed[0].Codes[0] = address("1")
	spoilt.Listed[0].Zone = "evil.example"
	if got := encode(t, check(ctx, dns, &e).Detail); !strings.Contains(got, `"first.example","codes":["127.0.0.2","127.0.0.11"]`) {
		t.Errorf("a change of one finding changes another: %s", got)
	}
}

// All lists are asked together, then all reasons.
func TestListsAreAskedTogether(t *testing.T) {
	var lists []dnsbl.List
	var everywhere, last strings.Builder
	for i := range 10 {
		zone := fmt.Sprintf("list%d.example", i)
		lists = append(lists, dnsbl.List{Zone: zone})
		for _, subject := range []string{"1.2.0.192", "bad.example", "worse.example"} {
			fmt.Fprintf(&everywhere, "%s.%s. A 127.0.0.2\n", subject, zone)
		}
	}
	fmt.Fprintln(&last, "1.2.0.192.list9.example. A 127.0.0.2")
	names := "1.2.0.192.in-addr.arpa. PTR bad.example.\n1.2.0.192.in-addr.arpa. PTR worse.example.\n"
	for _, tc := range []struct {
		name, zone string
		check      envelope.Check
		want       int
	}{
		{"on none", "", dnsbl.NotListed(lists...), 1},
		{"on no list of good senders", "", dnsbl.Listed(lists...), 1},
		{"on the last list of good senders", last.String(), dnsbl.Listed(lists...), 1},
		{"on the last", last.String(), dnsbl.NotListed(lists...), 2},
		{"on all, with ten reasons", everywhere.String(), dnsbl.ScoreBelow(10, lists...), 2},
		{"on too few", last.String(), dnsbl.ScoreBelow(2, lists...), 1},
		{"the HELO name on all", everywhere.String(), dnsbl.HeloNotListed(lists...), 2},
		{"the sender on none", "", dnsbl.SenderNotListed(lists...), 1},
		{"two reverse names on none", names, dnsbl.PTRNotListed(lists...), 2},
		{"two reverse names on all", names + everywhere.String(), dnsbl.PTRNotListed(lists...), 3},
		{"ten lists probed", "", probing(lists), 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := &envelope.Envelope{ClientIP: address("1"), Helo: "bad.example", MailFrom: "ann@bad.example"}
			if got := envelopetest.Rounds(t, tc.check, zone.MustParse(tc.zone), e); got != tc.want {
				t.Errorf("%d rounds, want %d", got, tc.want)
			}
		})
	}
}

// probing returns a check that probes lists.
func probing(lists []dnsbl.List) envelope.Check {
	return func(ctx context.Context, r envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
		_, err := dnsbl.Probe(ctx, r, lists...)
		return envelope.Finding{Err: err}
	}
}
