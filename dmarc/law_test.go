package dmarc_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// TestResultIsThatOfTheLiteralAlgorithm compares evaluations in random zones with a
// literal implementation of RFC 9989, which makes a full walk for every domain. Then
// it lets some lookups fail: the result must be the same, or TempError.
func TestResultIsThatOfTheLiteralAlgorithm(t *testing.T) {
	const cases = 10_000
	random := seeded(t)
	outcomes := make(map[envelope.Outcome]int)
	for range cases {
		w := randomWorld(random)
		in := w.input(random)
		dns := zone.MustParse(w.text())
		receiver := checker(t, dmarc.Options{Unguarded: true})
		got := receiver.Judge(t.Context(), dns, in)
		want := w.byTheLetter(in)
		if !w.needsOrganization(in) {
			want.org = ""
		}
		if got.Outcome != want.outcome || got.OrgDomain != want.org || got.SPFAligned != want.spf || got.DKIMAligned != want.dkim ||
			got.Disposition != want.disposition || got.PolicyDomain != want.at {
			t.Fatalf("%+v in\n%s\n got %s\nwant %+v", in, w.text(), words(got), want)
		}
		if n := len(dns.Asked()); n > 8+8*2+1 {
			t.Fatalf("%d questions: %v", n, dns.Asked())
		}
		outcomes[got.Outcome]++
		for range 1 + random.IntN(2) {
			dns.Failing(w.somewhere(random)+" TXT", zone.SERVFAIL)
		}
		if faulty := receiver.Judge(t.Context(), dns, in); faulty.Outcome != envelope.TempError &&
			(faulty.Outcome != got.Outcome || faulty.Disposition != got.Disposition) {
			t.Fatalf("%+v in\n%s\n%s became %s", in, w.text(), words(got), words(faulty))
		}
	}
	t.Log(outcomes)
	for _, outcome := range []envelope.Outcome{envelope.None, envelope.Pass, envelope.Fail} {
		if outcomes[outcome] < cases/50 {
			t.Errorf("only %d of %d are %v", outcomes[outcome], cases, outcome)
		}
	}
}

// tree is a random zone: names of one to ten labels below two top-level domains, and
// the records of some of them.
type tree struct {
	names   []string
	records map[string]string
}

func randomWorld(random *rand.Rand) *tree {
	w := &tree{records: make(map[string]string)}
	depth := 2 + random.IntN(4)
	if random.IntN(4) == 0 {
		depth = 7 + random.IntN(4)
	}
	for len(w.names) < 8 {
		name := "t"
		if random.IntN(8) == 0 {
			name = "u"
		}
		for range random.IntN(depth) {
			name = string(rune('a'+random.IntN(2))) + "." + name
			w.names = append(w.names, name)
		}
	}
	for _, name := range w.names {
		if random.IntN(3) == 0 {
			w.records[name] = randomRecord(random)
		}
	}
	if random.IntN(3) == 0 {
		w.records["t"] = randomRecord(random)
	}
	return w
}

func randomRecord(random *rand.Rand) string {
	pick := func(words ...string) string { return words[random.IntN(len(words))] }
	return "v=DMARC1" + pick("; p=none", "; p=quarantine", "; p=reject", "; p=reject", "; p=reject", "") +
		pick("", "", "; sp=none", "; sp=reject") + pick("", "", "", "; psd=n", "; psd=y") +
		pick("", "", "; aspf=s") + pick("", "", "; adkim=s")
}

func (w *tree) text() string {
	var b strings.Builder
	for name, record := range w.records {
		fmt.Fprintf(&b, "_dmarc.%s. TXT %q\n", name, record)
	}
	return b.String()
}

func (w *tree) somewhere(random *rand.Rand) string {
	return "_dmarc." + w.names[random.IntN(len(w.names))] + "."
}

func (w *tree) input(random *rand.Rand) dmarc.Input {
	name := func() string { return w.names[random.IntN(len(w.names))] }
	word := func() string { return []string{"pass", "pass", "fail"}[random.IntN(3)] }
	in := dmarc.Input{From: []string{name()}, SPF: dmarc.SPF{Result: word(), Domain: name()}}
	if random.IntN(2) == 0 {
		in.DKIM = []dmarc.DKIM{{Result: word(), Domain: name()}}
	}
	return in
}

// needsOrganization reports whether the record of the author domain does not suffice:
// there is none, it names the organization, or another domain below the same
// top-level domain passed.
func (w *tree) needsOrganization(in dmarc.Input) bool {
	author := in.From[0]
	record, published := w.records[author]
	if !published || strings.Contains(record, "psd=n") {
		return true
	}
	top := func(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
	other := func(result, name string) bool { return result == "pass" && name != author && top(name) == top(author) }
	for _, s := range in.DKIM {
		if other(s.Result, s.Domain) {
			return true
		}
	}
	return other(in.SPF.Result, in.SPF.Domain)
}

// letter is the result of the literal implementation.
type letter struct {
	outcome     envelope.Outcome
	org, at     envelope.Host
	spf, dkim   bool
	disposition string
}

// byTheLetter follows RFC 9989, from section 4.10 on, step by step.
func (w *tree) byTheLetter(in dmarc.Input) letter {
	author := in.From[0]
	none := letter{outcome: envelope.None, disposition: "none"}
	at, org := w.walked(author), w.organization(author)
	none.org = envelope.Host(org)
	policyDomain := ""
	for _, name := range at {
		psd := strings.Contains(w.records[name], "psd=y")
		switch {
		case name == author, policyDomain == "" && (name == org || psd && name != author):
			policyDomain = name
		case name == org && policyDomain != author:
			policyDomain = name
		}
	}
	none.at = envelope.Host(policyDomain)
	record, err := dmarc.ParseRecord(w.records[policyDomain])
	if policyDomain == "" || err != nil || record.Policy == "" {
		return none
	}
	aligned := func(identifier string, mode string) bool {
		return identifier == author || mode == "r" && w.organization(identifier) == org
	}
	l := letter{outcome: envelope.Fail, org: envelope.Host(org), at: envelope.Host(policyDomain), disposition: record.Policy}
	if policyDomain != author && record.SubdomainPolicy != "" {
		l.disposition = record.SubdomainPolicy
	}
	l.spf = in.SPF.Result == "pass" && aligned(in.SPF.Domain, record.SPFAlignment)
	for _, s := range in.DKIM {
		l.dkim = l.dkim || s.Result == "pass" && aligned(s.Domain, record.DKIMAlignment)
	}
	if l.spf || l.dkim {
		l.outcome, l.disposition = envelope.Pass, "none"
	}
	return l
}

// walked returns the names with records on the walk from start.
func (w *tree) walked(start string) (met []string) {
	labels := strings.Split(start, ".")
	for i := 0; i < len(labels); i++ {
		if i == 1 && len(labels) >= 8 {
			i = len(labels) - 7
		}
		name := strings.Join(labels[i:], ".")
		if record, ok := w.records[name]; ok {
			met = append(met, name)
			if strings.Contains(record, "psd=") {
				break
			}
		}
	}
	return met
}

// organization returns the organizational domain of a name.
func (w *tree) organization(start string) string {
	met := w.walked(start)
	for _, name := range met {
		if strings.Contains(w.records[name], "psd=n") {
			return name
		}
		if strings.Contains(w.records[name], "psd=y") && name != start {
			labels := strings.Split(start, ".")
			return strings.Join(labels[len(labels)-strings.Count(name, ".")-2:], ".")
		}
	}
	if len(met) > 0 {
		return met[len(met)-1]
	}
	return start
}
