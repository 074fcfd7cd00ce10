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

// checkCases is what TestCheck tests.
var checkCases = []struct {
	name string
	run  func(*checkSuite)
}{
	{"says its name at Start", saysItsName},
	{"waits for its stage", waits},
	{"answers from its stage on", answers},
	{"looks no further than the stage", looksNoFurther},
	{"waits for the body of the message", waitsForTheBody},
	{"an early answer is the late one", earlyIsLate},
	{"knows nothing of a client behind a gateway", knowsNoClient},
	{"finds the same again", findsTheSame},
	{"a lookup that fails only defers", failingOnlyDefers},
	{"a context that ends only defers", endingOnlyDefers},
	{"a check that gives up spoils no other", givingUpSpoilsNothing},
}

func saysItsName(s *checkSuite) {
	for _, e := range s.envelopes {
		counter := &questioned{inner: s.resolver}
		f := s.find(s.Context(), counter, at(e, envelope.Start))
		pending := f.Outcome == envelope.Pending && f.Status.IsZero() && f.Text == ""
		bad := f.Outcome == envelope.TempError && f.Status == misconfigured
		if !pending && !bad || f.Awaits != s.from || f.Awaits <= envelope.Start || f.Awaits > envelope.Data {
			s.Errorf("at Start: got %s, want Pending until one stage, with a name and nothing else, or what envelope.Misconfigured makes", brief(f))
		}
		if n := counter.count(); n > 0 {
			s.Errorf("at Start: the check asks %d questions", n)
		}
	}
	if !isCheckName(s.name) {
		s.Errorf("at Start: the name is %q, want words in lower case with dots between them", s.name)
	}
}

// isCheckName reports whether name is one of words in lower case with dots
// between them, or that of a combination of such: "any(client.in, spf.pass)".
func isCheckName(name string) bool {
	rest, ok := cutCheckName(name)
	return ok && rest == ""
}

// cutCheckName returns what stands behind the name at the beginning of s.
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

// answers looks at the findings of every stage; find says what is wrong.
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
				s.Errorf("%s: got %s with what comes later, and %s without it", label(upTo(e, stage)), brief(got), brief(want))
			}
		}
	}
}

// waitsForTheBody: a header that has come may start lookups, and makes no difference.
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

// announced returns a message without its body, nil if its header does not end.
func announced(s *checkSuite, m *envelope.Message) (header *envelope.Message) {
	if m == nil {
		return nil
	}
	whole, err := envelope.ReadMessage(m.Open(), envelope.Spool{Header: func(m *envelope.Message) { header = m }})
	if err != nil {
		s.Fatal(err)
	}
	whole.Close()
	return header
}

// earlyIsLate: rules are judged as early as they can be, which must not make a
// difference.
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

// knowsNoClient: what a check finds about relayed mail before the message must not
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
				s.Errorf("%s, relayed: got %s, and %s with another gateway", label(relayed), brief(got), brief(want))
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
				s.Errorf("%s: %s got %s, and before that %s", label(whole), how, brief(got), brief(want[i]))
			}
		}
	}
	everything := func() bool {
		again(s.Context(), "the second time")
		// One judgement for different envelopes: whatever envelope.Once computes
		// must have all its inputs in its key.
		again(envelope.WithJudgement(s.Context()), "within a judgement")
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { again(s.Context(), "among many goroutines") })
		}
		group.Wait()
		return true
	}
	bounded(s.TB, s.limit, "the same again", everything)
}

// maxQuestions bounds how many of the questions of one judgement are made to
// fail one by one.
const maxQuestions = 60

// failingOnlyDefers lets lookups fail: each by itself, all of them, and for
// want of a Resolver.
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
			s.onlyDefers(s.Context(), whole, live, "every lookup gets "+fault.Err, &questioned{
				inner: s.resolver, fail: func(int) error { return fault },
			})
			for n := 1; n <= min(counter.count(), maxQuestions); n++ {
				s.onlyDefers(s.Context(), whole, live, "one lookup gets "+fault.Err, &questioned{
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

// endingOnlyDefers lets the context end before the check, and while it waits
// for an answer that never comes.
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

// givingUpSpoilsNothing asks twice in one judgement: with a context that has
// ended, and then with time left.
func givingUpSpoilsNothing(s *checkSuite) {
	for _, e := range s.envelopes {
		whole := at(e, envelope.Whole)
		live := s.find(s.Context(), s.resolver, whole)
		judgement := envelope.WithJudgement(s.Context())
		ended, cancel := context.WithCancel(judgement)
		cancel()
		s.find(ended, s.resolver, whole)
		if f := s.find(judgement, s.resolver, whole); !same(f, live) {
			s.Errorf("%s: got %s after a caller without time, and otherwise %s", label(whole), brief(f), brief(live))
		}
	}
}

// onlyDefers wants the outcome that was found while everything was well, or a
// TempError.
func (s *checkSuite) onlyDefers(ctx context.Context, e *envelope.Envelope, live envelope.Finding, what string, r envelope.Resolver) {
	s.Helper()
	f := s.find(ctx, r, e)
	if f.Outcome != live.Outcome && f.Outcome != envelope.TempError {
		s.Errorf("%s: %s: got %s, want TempError or what it is otherwise, %s", label(e), what, brief(f), brief(live))
	}
}
