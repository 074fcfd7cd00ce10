package dmarc_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// TestTempErrorIfAndOnlyIfAnswersDiffer lets some questions about random messages fail,
// and tries all possible answers to them. A finding must be TempError if two answers
// lead to different findings, and otherwise the finding that all answers lead to.
func TestTempErrorIfAndOnlyIfAnswersDiffer(t *testing.T) {
	random := seeded(t)
	deferred, settled := 0, 0
	for range 100 {
		text, e := randomMail(t, random)
		dns := &partial{Zone: zone.MustParse(text)}
		checks := randomChecker(t, random)
		dns.broken = breakSome(random, e)
		for range 2 {
			want := make(map[string]map[envelope.Outcome]bool)
			for dns.answers = range completions(dns.broken, odd[random.IntN(len(odd))]) {
				for _, f := range inOneJudgement(t, checks, dns, e) {
					if want[f.Check] == nil {
						want[f.Check] = make(map[envelope.Outcome]bool)
					}
					want[f.Check][f.Outcome] = true
				}
			}
			dns.answers = nil
			for _, f := range inOneJudgement(t, checks, dns, e) {
				outcomes := slices.Collect(maps.Keys(want[f.Check]))
				switch {
				case len(outcomes) > 1 && f.Outcome == envelope.TempError:
					deferred++
				case len(outcomes) == 1 && f.Outcome == outcomes[0]:
					settled++
				default:
					t.Errorf("%s is %v, answers lead to %v\nbroken: %v\n%s\n%s %s\n%s",
						f.Check, f.Outcome, outcomes, dns.broken, text, e.Helo, e.MailFrom, e.Message.Header())
				}
			}
			dns.broken = dns.broken[:1]
		}
	}
	t.Logf("%d deferred, %d settled", deferred, settled)
	if deferred < 50 || settled < 100 {
		t.Error("there are too few cases of one kind")
	}
}

// randomChecker returns the checks of a checker with random settings.
func randomChecker(t *testing.T, random *rand.Rand) []envelope.Check {
	t.Helper()
	options := dmarc.Options{Unguarded: random.IntN(4) == 0, RFC7489: random.IntN(4) == 0}
	if random.IntN(2) == 0 {
		options.MailingLists = []string{"b.example"}
	}
	site := checker(t, options)
	return policyChecks(site, "a.example", ".a.example")
}

// inOneJudgement returns the findings of the checks in one judgement.
func inOneJudgement(t *testing.T, checks []envelope.Check, r envelope.Resolver, e *envelope.Envelope) []envelope.Finding {
	ctx := envelope.WithJudgement(t.Context())
	findings := make([]envelope.Finding, len(checks))
	for i, check := range checks {
		findings[i] = check(ctx, r, e)
	}
	return findings
}

// breakSome returns one to three questions that a message may need.
func breakSome(random *rand.Rand, e *envelope.Envelope) []string {
	_, domain, _ := strings.Cut(e.MailFrom, "@")
	records := []string{"_dmarc.a.example.", "_dmarc.x.a.example.", "_dmarc.y.x.a.example.", "_dmarc.b.example.", "_dmarc.w.b.example.", "_dmarc.example."}
	others := []string{domain + ".", "exists x.a.example.", "exists y.x.a.example.", "s._domainkey.a.example.", "s._domainkey.x.a.example.", "s._domainkey.b.example."}
	random.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	random.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	if random.IntN(3) == 0 {
		return records[:2]
	}
	return slices.Concat(records[:1], others[:random.IntN(3)])
}

// odd are unusual records. A test tries one of them at a time.
var odd = []string{
	"p=none; sp=reject; np=quarantine; adkim=s", "p=reject; np=none; t=y", "p=quarantine; aspf=s; t=y",
	"sp=reject", "p=reject; adkim=s", "p=x; rua=mailto:a@b.example",
}

// completions yields all combinations of answers to questions.
func completions(questions []string, odd string) func(yield func(map[string][]string) bool) {
	return func(yield func(map[string][]string) bool) {
		combine(questions, odd, make(map[string][]string), yield)
	}
}

func combine(questions []string, odd string, answers map[string][]string, yield func(map[string][]string) bool) bool {
	if len(questions) == 0 {
		return yield(answers)
	}
	for _, answer := range possible(questions[0], odd) {
		answers[questions[0]] = answer
		if !combine(questions[1:], odd, answers, yield) {
			return false
		}
	}
	return true
}

// possible returns the possible answers to a question. nil means that there is no record.
func possible(question, odd string) [][]string {
	switch {
	case strings.HasPrefix(question, "exists "):
		return [][]string{nil, {"yes"}}
	case strings.HasPrefix(question, "s._domainkey."):
		return [][]string{nil, {strings.Trim(publicKey(), `"`)}}
	case !strings.HasPrefix(question, "_dmarc."):
		return [][]string{nil, {"v=spf1 ip4:192.0.2.1 -all"}, {"v=spf1 -all"}}
	}
	all := [][]string{nil, {"v=DMARC1; p=reject", "v=DMARC1; p=none"}}
	for _, psd := range []string{"u", "y", "n"} {
		for _, policy := range []string{"p=reject; aspf=s; adkim=s", "p=quarantine; aspf=s; adkim=s", "p=none", "p=reject", "p=x", odd} {
			all = append(all, []string{"v=DMARC1; psd=" + psd + "; " + policy})
		}
	}
	return all
}

// partial is a zone in which some questions fail, or have the answers of a test.
type partial struct {
	*zone.Zone
	broken  []string
	answers map[string][]string
}

func (p *partial) LookupTXT(ctx context.Context, name string) ([]string, error) {
	if answer, err, ok := p.answer(name); ok {
		return answer, err
	}
	return p.Zone.LookupTXT(ctx, name)
}

func (p *partial) Exists(ctx context.Context, name string) (bool, error) {
	if answer, err, ok := p.answer("exists " + name); ok {
		return len(answer) > 0, err
	}
	return p.Zone.Exists(ctx, name)
}

func (p *partial) answer(question string) (answer []string, err error, ok bool) {
	if !slices.Contains(p.broken, question) {
		return nil, nil, false
	}
	if p.answers == nil {
		return nil, &net.DNSError{Err: "SERVFAIL", Name: question, IsTemporary: true}, true
	}
	if answer = p.answers[question]; answer == nil {
		err = &net.DNSError{Err: "NXDOMAIN", Name: question, IsNotFound: true}
	}
	return answer, err, true
}
