package spf_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"reflect"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/spf"
)

// everyCase calls test for every case of testdata/cases.txt.
func everyCase(t *testing.T, test func(t *testing.T, dns envelope.Resolver, in *envelope.Envelope)) {
	for _, p := range readCases(t) {
		dns := p.dns(t)
		for _, c := range p.cases {
			t.Run(fmt.Sprintf("line %d", c.line), func(t *testing.T) {
				in := *c.in
				if c.options["identity"] == "helo" {
					in.MailFrom = "" // for which the HELO name is evaluated
				}
				test(t, dns, &in)
			})
		}
	}
}

// A failed lookup only leads to a temperror. For a failed lookup of reverse names, which
// does not match by the RFC, Shaky is set.
func TestFaultsOnlyDefer(t *testing.T) {
	faults := []*net.DNSError{
		{Err: "SERVFAIL", IsTemporary: true},
		{Err: "REFUSED"},
		{Err: "timeout", IsTimeout: true, IsTemporary: true},
	}
	runs := 0
	everyCase(t, func(t *testing.T, dns envelope.Resolver, in *envelope.Envelope) {
		live := spf.Evaluate(t.Context(), dns, in)
		for number := 1; number <= live.Questions; number++ {
			runs++
			w := &watcher{Resolver: dns, t: t, fault: func(n int) error {
				if n == number {
					return faults[runs%len(faults)]
				}
				return nil
			}}
			got := spf.Evaluate(t.Context(), w, in)
			if got.Word != live.Word && got.Word != "temperror" && got.Shaky == nil {
				t.Errorf("without %s: got %s, and with it %s", w.asked[number-1], got.Word, live.Word)
			}
		}
	})
	t.Logf("%d evaluations with one fault", runs)
}

// A failed lookup leads to no outcome but TempError, without exception.
func TestFaultsOnlyDeferChecks(t *testing.T) {
	everyCase(t, func(t *testing.T, dns envelope.Resolver, in *envelope.Envelope) {
		e := *in
		e.SMTPUTF8 = true
		for _, check := range everyCheck {
			counter := &watcher{Resolver: dns, t: t}
			live := check(t.Context(), counter, &e)
			for number := 1; number <= len(counter.asked); number++ {
				w := &watcher{Resolver: dns, t: t, fault: func(n int) error {
					if n == number {
						return &net.DNSError{Err: "SERVFAIL", IsTemporary: true}
					}
					return nil
				}}
				got := check(t.Context(), w, &e)
				if got.Outcome != live.Outcome && got.Outcome != envelope.TempError {
					t.Errorf("%s without %s: got %s, and with it %s", live.Check, w.asked[number-1], got.Outcome, live.Outcome)
				}
			}
		}
	})
}

func TestTheOrderOfAnswersDoesNotMatter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	everyCase(t, func(t *testing.T, dns envelope.Resolver, in *envelope.Envelope) {
		want := spf.Evaluate(t.Context(), dns, in)
		for range 4 {
			got := spf.Evaluate(t.Context(), &watcher{Resolver: dns, t: t, shuffle: random.Shuffle}, in)
			if got.Word != want.Word || got.Explanation != want.Explanation || !reflect.DeepEqual(got.Matched, want.Matched) {
				t.Errorf("got %s by %v, %q; and before %s by %v, %q", got.Word, got.Matched, got.Explanation, want.Word, want.Matched, want.Explanation)
			}
		}
	})
}

func TestMappedAddressesAreIPv4(t *testing.T) {
	everyCase(t, func(t *testing.T, dns envelope.Resolver, in *envelope.Envelope) {
		mapped := *in
		mapped.ClientIP = netip.AddrFrom16(in.ClientIP.As16())
		if in.ClientIP.Is6() {
			mapped.ClientIP = in.ClientIP.WithZone("eth0")
		}
		want, got := spf.Evaluate(t.Context(), dns, in), spf.Evaluate(t.Context(), dns, &mapped)
		want.Problem, got.Problem = withoutCause(want.Problem), withoutCause(got.Problem)
		want.Shaky, got.Shaky = nil, nil
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got\n%+v, and for %s\n%+v", got, in.ClientIP, want)
		}
	})
}

func withoutCause(p *spf.Problem) *spf.Problem {
	if p == nil {
		return nil
	}
	own := *p
	own.Err = nil
	return &own
}
