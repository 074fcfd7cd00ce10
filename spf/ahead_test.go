package spf_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

// slow returns a zone in which every answer takes a second.
func slow(text string) *zone.Zone {
	return zone.MustParse(text).Delaying("*", time.Second)
}

// evaluated evaluates in a judgement and returns how many seconds that took.
func evaluated(t *testing.T, dns *zone.Zone, sequential bool) (result *spf.Result, rounds int) {
	t.Helper()
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com", Now: time.Unix(0, 0)}
	synctest.Test(t, func(t *testing.T) {
		ctx := envelope.WithJudgement(t.Context())
		if sequential {
			ctx = envelope.Sequentially(ctx)
		}
		began := time.Now()
		result = spf.Evaluate(ctx, dns, &e)
		rounds = int(time.Since(began) / time.Second)
	})
	return result, rounds
}

func TestRoundsOfReadingAhead(t *testing.T) {
	chain := func(n int) string {
		text := ""
		for i := range n {
			text += fmt.Sprintf("i%d.example.com. TXT \"v=spf1 include:i%d.example.com -all\"\n", i, i+1)
		}
		return text + fmt.Sprintf("i%d.example.com. TXT \"v=spf1 -all\"\n", n)
	}
	for _, tc := range []struct {
		name      string
		zone      string
		ahead     int
		inOrder   int
		questions int
	}{
		{"one record", `example.com. TXT "v=spf1 ip4:192.0.2.1 -all"`, 1, 1, 1},
		{"three levels of include", `
			example.com.   TXT "v=spf1 include:a.example.com include:b.example.com -all"
			a.example.com. TXT "v=spf1 include:c.example.com -all"
			b.example.com. TXT "v=spf1 include:d.example.com -all"
			c.example.com. TXT "v=spf1 ip4:203.0.113.1 -all"
			d.example.com. TXT "v=spf1 ip4:192.0.2.1 -all"`, 3, 5, 5},
		{"ten mx terms of ten hosts", manyMX(), 3, 111, 111},
		{"a chain of ten includes", `example.com. TXT "v=spf1 include:i1.example.com -all"` + "\n" + chain(10), 11, 11, 11},
		{"terms with macros are asked in order", `
			example.com. TXT "v=spf1 exists:%{l}.a.example.com exists:%{l}.b.example.com ip4:192.0.2.1 -all"`, 3, 3, 3},
		{"what stands after the end is not asked", `
			example.com. TXT "v=spf1 a:a.example.com ip4:192.0.2.1 a:b.example.com -all"
			b.example.com. A 192.0.2.1`, 2, 2, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dns := slow(tc.zone)
			want, inOrder := evaluated(t, dns, true)
			got, ahead := evaluated(t, dns, false)
			if ahead != tc.ahead || inOrder != tc.inOrder || got.Questions != tc.questions {
				t.Errorf("%d rounds, %d in order, %d questions; want %d, %d, %d", ahead, inOrder, got.Questions, tc.ahead, tc.inOrder, tc.questions)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%+v, and in order\n%+v", got, want)
			}
		})
	}
}

// randomZone returns a random tree of records with all kinds of terms.
func randomZone(r *rand.Rand) string {
	var text strings.Builder
	const domains = 8
	name := func() string {
		if n := r.IntN(domains + 2); n > 0 {
			return fmt.Sprintf("d%d.example.com", n)
		}
		return "example.com"
	}
	for n := range domains {
		domain := "example.com."
		if n > 0 {
			domain = fmt.Sprintf("d%d.example.com.", n)
		}
		terms := ""
		for range r.IntN(5) {
			qualifier := []string{"", "-", "~", "?"}[r.IntN(4)]
			switch r.IntN(9) {
			case 0, 1, 2:
				terms += " " + qualifier + "include:" + name()
			case 3:
				terms += " " + qualifier + "a:" + name()
			case 4:
				terms += " " + qualifier + "mx:" + name()
			case 5:
				terms += " " + qualifier + "exists:" + name()
			case 6:
				terms += " " + qualifier + "exists:%{l}." + name()
			case 7:
				terms += " " + qualifier + []string{"ip4:192.0.2.1", "ip4:203.0.113.1", "ptr", "broken:"}[r.IntN(4)]
			case 8:
				terms += " redirect=" + name()
			}
		}
		fmt.Fprintf(&text, "%s TXT \"v=spf1%s%s\"\n", domain, terms, []string{"", " -all"}[r.IntN(2)])
		if r.IntN(2) == 0 {
			fmt.Fprintf(&text, "%s A %s\n", domain, []string{"192.0.2.1", "203.0.113.1"}[r.IntN(2)])
		}
		for range r.IntN(3) {
			fmt.Fprintf(&text, "%s MX 10 %s.\n", domain, name())
		}
	}
	return text.String()
}

// TestReadingAheadChangesOnlyTheTime tests that results, counts and problems are the same
// with and without reading ahead, whichever lookups fail.
func TestReadingAheadChangesOnlyTheTime(t *testing.T) {
	faster := 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(3, seed))
		text := randomZone(r)
		dns := slow(text)
		for range r.IntN(3) {
			dns.Failing(fmt.Sprintf("d%d.example.com.", r.IntN(8)), []string{zone.SERVFAIL, zone.REFUSED}[r.IntN(2)])
		}
		want, inOrder := evaluated(t, dns, true)
		got, ahead := evaluated(t, dns, false)
		if problem(got) != problem(want) {
			t.Fatalf("seed %d: the problem is %s, and in order %s\n%s", seed, problem(got), problem(want), text)
		}
		got.Problem, want.Problem, got.Shaky, want.Shaky = nil, nil, nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: got\n%+v, and in order\n%+v\n%s", seed, got, want, text)
		}
		if ahead > inOrder {
			t.Fatalf("seed %d: %d rounds, and in order %d\n%s", seed, ahead, inOrder, text)
		}
		if ahead < inOrder {
			faster++
		}
	}
	if faster < 200 {
		t.Errorf("only %d were faster: the generator tests nothing", faster)
	}
}

func problem(r *spf.Result) string { return fmt.Sprint(r.Problem, r.Shaky) }

// An evaluation outside a judgement repeats no question and does not read ahead.
func TestNothingIsReadAheadOutsideAJudgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := slow(`
			example.com.   TXT "v=spf1 include:a.example.com include:b.example.com -all"
			a.example.com. TXT "v=spf1 ip4:192.0.2.1 -all"`)
		e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"}
		spf.Evaluate(context.Background(), dns, &e)
		if n := len(dns.Asked()); n != 2 {
			t.Errorf("%d questions: %v", n, dns.Asked())
		}
	})
}
