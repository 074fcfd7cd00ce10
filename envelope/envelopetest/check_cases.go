package envelopetest

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"mxrules.example/envelope"
)

// checkCases are the cases of TestCheck.
var checkCases = []struct {
	name string
	run  func(*checkSuite)
}{
	{"has its name at Start", saysItsName},
	{"waits for its stage", waits},
	{"answers from its stage on", answers},
	{"ignores fields of later stages", looksNoFurther},
	{"waits for the body of the message", waitsForTheBody},
	{"an early answer does not change", earlyIsLate},
	{"does not use the client of relayed mail", knowsNoClient},
	{"finds the same when repeated", findsTheSame},
	{"a failed lookup only defers", failingOnlyDefers},
	{"an ended context only defers", endingOnlyDefers},
	{"an abandoned check does not affect later callers", givingUpSpoilsNothing},
}

func saysItsName(s *checkSuite) {
	for _, e := range s.envelopes {
		counter := &questioned{inner: s.resolver}
		f := s.find(s.Context(), counter, at(e, envelope.Start))
		pending := f.Outcome == envelope.Pending && f.Status.IsZero() && f.Text == ""
		bad := f.Outcome == envelope.TempError && f.Status == misconfigured
		if !pending && !bad || f.Awaits != s.from || f.Awaits <= envelope.Start || f.Awaits > envelope.Data {
			s.Errorf("at Start: got %s, want Pending until one stage, with a name only, or the finding of envelope.Misconfigured; envelope.At makes such a check", brief(f))
			break // it is the same for the others
		}
		if n := counter.count(); n > 0 {
			s.Errorf("at Start: the check asks %d questions", n)
		}
	}
	if !isCheckName(s.name) {
		s.Errorf("at Start: the name is %q, want words in lower case with dots between them", s.name)
	}
}

// isCheckName reports whether name consists of words in lower case with dots between
// them, or is the name of a combination: "any(client.in, spf.pass)".
func isCheckName(name string) bool {
	rest, ok := cutCheckName(name)
	return ok && rest == ""
}

// cutCheckName returns what follows the name at the beginning of s.
func cutCheckName(s string) (rest string, ok bool) {
	rest = strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyz0123456789_-.")
	if slices.Contains(strings.Split(s[:len(s)-len(rest)], "."), "") {
		return "", false
	}
	if rest, ok = strings.CutPrefix(rest, "("); !ok {
		return rest, true
	}
	if nothing, ok := strings.CutPrefix(rest, ")"); ok {
		return nothing, true // All of nothing has a name too
	}
	for {
		if rest, ok = cutCheckName(rest); !ok {
			return "", false
		}
		if rest, ok = strings.CutPrefix(rest, ", "); !ok {
			return strings.CutPrefix(rest, ")")
		}
	}
}

func waits(s *checkSuite) {
	if s.from == envelope.Whole {
		return // the check does not say from which stage it answers, which saysItsName reports
	}
	for _, e := range s.envelopes {
		for _, stage := range stages {
			early := upTo(e, stage)
			if early.Reached(s.from) {
				continue
			}
			counter := &questioned{inner: s.resolver}
			f := s.find(s.Context(), counter, early)
			if f.Outcome != envelope.Pending || f.Awaits != s.from {
				s.Errorf("%s: got %s, want Pending until %s", label(early), brief(f), s.from)
			}
			if n := counter.count(); n > 0 {
				s.Errorf("%s: the check asks %d questions before its stage", label(early), n)
			}
		}
	}
}

// answers calls the check at every stage; find reports what is wrong.
func answers(s *checkSuite) {
	for _, e := range s.envelopes {
		for _, stage := range stages {
			s.find(s.Context(), s.resolver, upTo(e, stage))
		}
	}
}

func looksNoFurther(s *checkSuite) {
	for _, e := range s.envelopes {
		for _, stage := range stages {
			want := s.find(s.Context(), s.resolver, upTo(e, stage))
			if got := s.find(s.Context(), s.resolver, at(e, stage)); !same(got, want) {
				s.Errorf("%s: got %s with the fields of later stages, and %s without them", label(upTo(e, stage)), brief(got), brief(want))
			}
		}
	}
}

// waitsForTheBody tests that the header of a message whose body has not arrived makes
// no difference.
func waitsForTheBody(s *checkSuite) {
	for _, e := range s.envelopes {
		arriving := upTo(e, envelope.Rcpt)
		if arriving.Message = announced(s, e.Message); arriving.Message == nil {
			continue
		}
		want := s.find(s.Context(), s.resolver, upTo(e, envelope.Rcpt))
		if got := s.find(s.Context(), s.resolver, arriving); !same(got, want) {
			s.Errorf("%s: got %s with the header of the message, and %s without it", label(arriving), brief(got), brief(want))
		}
	}
}

// announced returns a message whose body has not arrived, nil if the header of m does
// not end.
func announced(s *checkSuite, m *envelope.Message) (header *envelope.Message) {
	if m == nil {
		return nil
	}
	whole, err := envelope.Spool{Header: func(m *envelope.Message) { header = m }}.ReadMessage(m.Open())
	if err != nil {
		s.Fatal(err)
	}
	whole.Close()
	return header
}

// earlyIsLate tests that an early answer is the answer for the whole envelope, because a
// judge decides as early as it can.
func earlyIsLate(s *checkSuite) {
	for _, e := range s.envelopes {
		late := s.find(s.Context(), s.resolver, upTo(e, envelope.Whole))
		for _, stage := range stages {
			early := s.find(s.Context(), s.resolver, upTo(e, stage))
			if early.Outcome.Known() && late.Outcome.Known() && early.Outcome != late.Outcome {
				s.Errorf("%s: got %s, and for the whole envelope %s", label(upTo(e, stage)), brief(early), brief(late))
			}
		}
	}
}

// knowsNoClient tests that, before the message, an answer for relayed mail does not
// depend on the client, which is a gateway.
func knowsNoClient(s *checkSuite) {
	for _, e := range s.envelopes {
		for _, stage := range stages {
			if stage == envelope.Data || stage == envelope.Whole {
				continue
			}
			relayed := upTo(e, stage)
			relayed.Relayed = true
			got := s.check(s.Context(), s.resolver, relayed)
			other := *relayed
			other.ClientIP, other.SpokeEarly, other.TLS = netip.MustParseAddr("203.0.113.77"), !e.SpokeEarly, &tls.ConnectionState{}
			other.Login, other.Helo = other.Login+"x", "other.example"
			if want := s.check(s.Context(), s.resolver, &other); !same(got, want) {
				s.Errorf("%s, relayed: got %s, and with another gateway %s", label(relayed), brief(got), brief(want))
			}
			if direct := s.check(s.Context(), s.resolver, upTo(e, stage)); got.Outcome != envelope.Pending && !same(got, direct) {
				s.Errorf("%s, relayed: got %s, and not relayed %s", label(relayed), brief(got), brief(direct))
			}
		}
	}
}

func findsTheSame(s *checkSuite) {
	var want []envelope.Finding
	for _, e := range s.envelopes {
		want = append(want, s.find(s.Context(), s.resolver, at(e, envelope.Whole)))
	}
	again := func(ctx context.Context, how string) {
		for i, e := range s.envelopes {
			whole := at(e, envelope.Whole)
			if got := s.check(ctx, s.resolver, whole); !same(got, want[i]) {
				s.Errorf("%s: got %s %s, and before that %s", label(whole), brief(got), how, brief(want[i]))
			}
		}
	}
	everything := func() bool {
		again(s.Context(), "when repeated")
		// One judgement for different envelopes finds keys of envelope.Once that lack
		// an input.
		again(envelope.WithJudgement(s.Context()), "within a judgement")
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { again(s.Context(), "concurrently") })
		}
		group.Wait()
		return true
	}
	bounded(s.TB, s.limit, "repeating the check", everything)
}

// maxQuestions bounds how many questions of one judgement fail one by one.
const maxQuestions = 60

// failingOnlyDefers lets lookups fail: one, all, and all because there is no Resolver.
func failingOnlyDefers(s *checkSuite) {
	faults := []*net.DNSError{
		{Err: "SERVFAIL", IsTemporary: true},
		{Err: "REFUSED"}, // *net.Resolver sets no flag for it
		{Err: "timeout", IsTimeout: true, IsTemporary: true},
	}
	for _, e := range s.envelopes {
		whole := at(e, envelope.Whole)
		counter := &questioned{inner: s.resolver}
		live := s.find(s.Context(), counter, whole)
		for _, fault := range faults {
			s.onlyDefers(s.Context(), whole, live, "every lookup fails with "+fault.Err, &questioned{
				inner: s.resolver, fail: func(int) error { return fault },
			})
			for n := 1; n <= min(counter.count(), maxQuestions); n++ {
				s.onlyDefers(s.Context(), whole, live, "one lookup fails with "+fault.Err, &questioned{
					inner: s.resolver, fail: func(i int) error {
						if i == n {
							return fault
						}
						return nil
					},
				})
			}
		}
		s.onlyDefers(s.Context(), whole, live, "there is no Resolver", nil)
	}
}

// endingOnlyDefers lets the context end before the check is called, and while it waits
// for an answer.
func endingOnlyDefers(s *checkSuite) {
	for _, e := range s.envelopes {
		whole := at(e, envelope.Whole)
		live := s.find(s.Context(), s.resolver, whole)

		cancelled, cancel := context.WithCancel(s.Context())
		cancel()
		s.onlyDefers(cancelled, whole, live, "the context has ended", &questioned{inner: s.resolver})

		late, cancel := context.WithTimeout(s.Context(), short)
		s.onlyDefers(late, whole, live, "no lookup is answered", &questioned{inner: s.resolver, silent: true})
		cancel()
	}
}

// givingUpSpoilsNothing calls the check twice in one judgement: with a context that has
// ended, and then with one that has not.
func givingUpSpoilsNothing(s *checkSuite) {
	for _, e := range s.envelopes {
		whole := at(e, envelope.Whole)
		live := s.find(s.Context(), s.resolver, whole)
		judgement := envelope.WithJudgement(s.Context())
		ended, cancel := context.WithCancel(judgement)
		cancel()
		s.find(ended, s.resolver, whole)
		if f := s.find(judgement, s.resolver, whole); !same(f, live) {
			s.Errorf("%s: got %s after a caller whose context had ended, and otherwise %s", label(whole), brief(f), brief(live))
		}
	}
}

// onlyDefers tests that the outcome is that of live, which is without failures, or
// TempError.
func (s *checkSuite) onlyDefers(ctx context.Context, e *envelope.Envelope, live envelope.Finding, what string, r envelope.Resolver) {
	s.Helper()
	f := s.find(ctx, r, e)
	if f.Outcome != live.Outcome && f.Outcome != envelope.TempError {
		s.Errorf("%s: %s: got %s, want TempError, or as without it %s", label(e), what, brief(f), brief(live))
	}
}
