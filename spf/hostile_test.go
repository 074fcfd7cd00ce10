package spf_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

// hostile is an attack on the evaluation. Attacks with the grammar alone are in
// testdata/cases.txt.
type hostile struct {
	name   string
	zone   string
	texts  map[string]string // TXT records that no master file can hold
	ptr    []string
	client string // 192.0.2.1 if it is ""
	from   string // "<>" for the null sender, a@example.com if it is ""
	helo   string
	want   string
	kind   string
	most   int // questions
}

func (h hostile) run(t *testing.T) *spf.Result {
	t.Helper()
	w := &watcher{Resolver: world(h.zone), t: t, texts: func(name string) []string {
		if text, ok := h.texts[name]; ok {
			return []string{text}
		}
		return nil
	}}
	if h.ptr != nil {
		w.ptr = func() []string { return h.ptr }
	}
	in := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: h.helo, MailFrom: "a@example.com"}
	if h.client == "none" {
		in.ClientIP = netip.Addr{}
	} else if h.client != "" {
		in.ClientIP = netip.MustParseAddr(h.client)
	}
	if h.from != "" {
		in.MailFrom = strings.TrimSuffix(strings.TrimPrefix(h.from, "<"), ">")
	}
	got := spf.Evaluate(t.Context(), w, in)
	kind := ""
	if got.Problem != nil {
		kind = got.Problem.Kind
	}
	if got.Word != h.want || kind != h.kind {
		t.Errorf("got %s (%v), want %s", got.Word, got.Problem, h.want)
	}
	if len(w.asked) > h.most || got.Questions != len(w.asked) {
		t.Errorf("%d questions, counted %d, want at most %d:\n%.2000s", len(w.asked), got.Questions, h.most, strings.Join(w.asked, "\n"))
	}
	return got
}

// world returns a zone of lines with any indentation.
func world(text string) *zone.Zone {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return zone.MustParse(strings.Join(lines, "\n"))
}

func terms(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// manyMX returns a record with ten mx terms of ten hosts each.
func manyMX() string {
	text := `example.com. TXT "v=spf1` + terms(" mx:m%d.example.com", 10) + " -all\"\n"
	for i := range 10 {
		for j := range 10 {
			text += fmt.Sprintf("m%d.example.com. MX 10 h%d-%d.example.com.\n", i, i, j)
			text += fmt.Sprintf("h%d-%d.example.com. A 203.0.113.1\n", i, j)
		}
	}
	return text
}

func hostileCases() []hostile {
	label := strings.Repeat("b", 60)
	return []hostile{
		// 1
		{name: "include of itself", zone: `example.com. TXT "v=spf1 include:example.com -all"`, want: "permerror", kind: spf.TooManyLookups, most: 11},
		{name: "redirect to itself", zone: `example.com. TXT "v=spf1 redirect=example.com"`, want: "permerror", kind: spf.TooManyLookups, most: 11},
		{name: "a tree of includes", zone: `example.com. TXT "v=spf1` + strings.Repeat(" include:example.com", 50) + `"`, want: "permerror", kind: spf.TooManyLookups, most: 11},
		{name: "eleven terms", zone: `example.com. TXT "v=spf1` + terms(" a:h%d.example.net", 11) + ` -all"
			` + terms("h%d.example.net. A 203.0.113.1\n", 11), want: "permerror", kind: spf.TooManyLookups, most: 11},
		{name: "three void lookups", zone: `example.com. TXT "v=spf1 a:x.example.net mx:y.example.net exists:z.example.net -all"`, want: "permerror", kind: spf.TooManyVoidLookups, most: 4},
		// 2
		{name: "ten mx of ten hosts", zone: manyMX(), want: "fail", most: 111},
		// 3
		{name: "eleven hosts of one mx", zone: `example.com. TXT "v=spf1 mx -all"
			` + terms("example.com. MX 10 h%d.example.com.\n", 11), want: "permerror", kind: spf.TooManyMX, most: 2},
		// 4
		{name: "5000 reverse names", zone: `example.com. TXT "v=spf1 ptr -all"`, ptr: strings.Fields(terms("h%d.example.com. ", 5000)), want: "fail", most: 12},
		{name: "5000 reverse names and the macro p", zone: `example.com. TXT "v=spf1 exists:%{p}.%{p} exists:%{p}.x.example -all"`, ptr: strings.Fields(terms("h%d.example.com. ", 5000)), want: "fail", most: 14},
		// 6
		{name: "a name of many macros", texts: map[string]string{"example.com.": "v=spf1 exists:" + strings.Repeat("%{l}", 15_000) + " -all"},
			from: strings.Repeat("l", 64) + "@example.com", want: "fail", most: 1},
		{name: "a long name of many labels", texts: map[string]string{"example.com.": "v=spf1 exists:" + strings.Repeat("%{l}.", 12_000) + "%{d} -all"},
			from: strings.Repeat("l", 60) + "@example.com", want: "fail", most: 2},
		{name: "a name that grows with each include", zone: `example.com. TXT "v=spf1 include:a.` + label + `.%{d} -all"
			*.example.com. TXT "v=spf1 include:a.` + label + `.%{d} -all"`, want: "permerror", kind: spf.TooManyLookups, most: 11},
		// 8
		{name: "a record of 64 KB", texts: map[string]string{"example.com.": "v=spf1" + strings.Repeat(" ip4:203.0.113.1", 4095)}, want: "neutral", most: 1},
		{name: "a record of more", texts: map[string]string{"example.com.": "v=spf1" + strings.Repeat(" ip4:203.0.113.1", 4096)}, want: "permerror", kind: spf.RecordTooLong, most: 1},
		{name: "60,000 terms that ask", texts: map[string]string{"example.com.": "v=spf1" + strings.Repeat(" a", 30_000)}, want: "permerror", kind: spf.TooManyVoidLookups, most: 4},
		{name: "octets of every kind", texts: map[string]string{"example.com.": "v=spf1 a:\\\"\x00\xff\x7f.com -all"}, want: "permerror", kind: spf.BadSyntax, most: 1},
		// 12
		{name: "null sender without a greeting", from: "<>", want: "none"},
		{name: "no at", from: "postmaster", want: "none"},
		{name: "nothing but an at", from: "@", want: "none"},
		{name: "a domain of 300 octets", from: "a@" + strings.Repeat("abc.", 75) + "example.com", want: "none"},
		{name: "a megabyte", from: strings.Repeat("a@", 500_000), want: "none"},
		{name: "a line break", from: "a@example.com\r\n", want: "none"},
		{name: "a NUL", from: "a@example.com\x00", want: "none"},
		{name: "eight bits", from: "a@ex\xe4mple.com", want: "none"},
		{name: "a quote that does not end", from: `"a@example.com`, zone: `example.com. TXT "v=spf1 -all"`, want: "fail", most: 1},
		{name: "an at in quotes", from: `"a@evil.example"@example.com`, zone: `example.com. TXT "v=spf1 exists:%{l}.x -all"
			evil.example. TXT "v=spf1 +all"`, want: "fail", most: 2},
		{name: "an at in quotes and a macro", from: `"a@evil.example"@example.com`, zone: `example.com. TXT "v=spf1 include:%{o} -all"
			evil.example. TXT "v=spf1 +all"`, want: "permerror", kind: spf.TooManyLookups, most: 11},
		// 13
		{name: "an IPv6 literal as greeting", from: "<>", helo: "[IPv6:2001:db8::1]", want: "none"},
		{name: "half a literal", from: "<>", helo: "[192.0.2.1", want: "none"},
		{name: "a hyphen", from: "<>", helo: "-", want: "none"},
		{name: "a label of 64 octets", from: "<>", helo: strings.Repeat("a", 64) + ".example.com", want: "none"},
		// 14
		{name: "no client", client: "none", want: "permerror", kind: spf.UnknownClient},
		{name: "a client with a zone", client: "fe80::1%eth0", zone: `example.com. TXT "v=spf1 ip6:fe80::1 -all"`, want: "pass", most: 1},
		// 15
		{name: "aliases in a circle", zone: `example.com. CNAME example.net.
			example.net. CNAME example.com.`, want: "temperror", kind: spf.DNSFailure, most: 1},
		// 17
		{name: "a macro of many delimiters", texts: map[string]string{"example.com.": "v=spf1 exists:%{s1r" + strings.Repeat(".-+,/_=", 5000) + "}.example.com -all"}, want: "fail", most: 2},
		{name: "a macro of many digits", texts: map[string]string{"example.com.": "v=spf1 exists:%{d" + strings.Repeat("9", 60_000) + "} -all"}, want: "permerror", kind: spf.BadSyntax, most: 1},
		{name: "braces that open and do not close", texts: map[string]string{"example.com.": "v=spf1 exists:" + strings.Repeat("%{", 30_000) + " -all"}, want: "permerror", kind: spf.BadSyntax, most: 1},
		{name: "an explanation of 1 MB", texts: map[string]string{"example.com.": "v=spf1 -all exp=why.example.com", "why.example.com.": strings.Repeat("no ", 350_000)}, want: "fail", most: 2},
		{name: "an explanation of many macros", texts: map[string]string{"example.com.": "v=spf1 -all exp=why.example.com", "why.example.com.": strings.Repeat("%{S}", 16_000)}, want: "fail", most: 2},
		// 18
		{name: "reverse names of every kind", zone: `example.com. TXT "v=spf1 ptr ptr:example.net -all"`, want: "fail", most: 2,
			ptr: []string{"", ".", "a\x00.example.com.", "ex\xffample.com.", "192.0.2.1", "..example.com.", "b\u00fccher.example.com.", strings.Repeat("a.", 200) + "example.com.", "*.", "-"}},
	}
}

func TestHostileInputs(t *testing.T) {
	for _, h := range hostileCases() {
		t.Run(h.name, func(t *testing.T) {
			got := h.run(t)
			if len(got.Explanation) > 250 {
				t.Errorf("an explanation of %d octets", len(got.Explanation))
			}
		})
	}
}

// 2: the bound is an option. For a client with IPv4, a record needs at most 111 questions.
func TestBoundOfQuestions(t *testing.T) {
	for _, tc := range []struct {
		most int
		want string
		asks int
	}{{1, "permerror", 1}, {59, "permerror", 59}, {110, "permerror", 110}, {111, "fail", 111}, {1000, "fail", 111}} {
		checker, err := spf.New(spf.Options{MaxQuestions: tc.most})
		if err != nil {
			t.Fatal(err)
		}
		dns := zone.MustParse(manyMX())
		got := checker.Evaluate(t.Context(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"})
		if got.Word != tc.want || len(dns.Asked()) != tc.asks {
			t.Errorf("with a bound of %d: %s after %d questions, want %s after %d", tc.most, got.Word, len(dns.Asked()), tc.want, tc.asks)
		}
	}
}

// The bound also counts lookups of reverse names, and exceeding it is a permerror.
func TestBoundOfQuestionsAtReverseNames(t *testing.T) {
	checker, err := spf.New(spf.Options{MaxQuestions: 4})
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{t: t, Resolver: zone.MustParse(`example.com. TXT "v=spf1 ptr -all"`),
		ptr: func() []string { return strings.Fields(terms("h%d.example.com. ", 10)) }}
	got := checker.Evaluate(t.Context(), w, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"})
	if got.Word != "permerror" || got.Problem.Kind != spf.TooManyQuestions || got.Problem.Term != "ptr" || len(w.asked) != 4 {
		t.Errorf("got %s (%v) after %d questions", got.Word, got.Problem, len(w.asked))
	}
}

// An explanation that needs too many questions is omitted, and the result stays.
func TestBoundOfQuestionsAtTheExplanation(t *testing.T) {
	for most := 1; most <= 5; most++ {
		checker, err := spf.New(spf.Options{MaxQuestions: most})
		if err != nil {
			t.Fatal(err)
		}
		w := &watcher{t: t, Resolver: world(`
			example.com. TXT "v=spf1 -all exp=why.example.com"
			why.example.com. TXT "%{p} may not"
		`), ptr: func() []string { return []string{"a.example.com.", "b.example.com."} }}
		got := checker.Evaluate(t.Context(), w, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"})
		if got.Word != "fail" || got.Problem != nil || got.Shaky != nil || len(w.asked) != most {
			t.Errorf("with a bound of %d: %s (%v) after %d questions", most, got.Word, got.Problem, len(w.asked))
		}
	}
}

// 6: labels are removed from the left of an expanded name that is too long, as few as
// possible.
func TestLongNames(t *testing.T) {
	const tail = ".x.example.com"
	rest := strings.Repeat("."+strings.Repeat("a", 62), 3) + tail // 189 octets and the tail
	for _, tc := range []struct {
		first, asked string
	}{
		{strings.Repeat("b", 253-len(rest)), strings.Repeat("b", 253-len(rest)) + rest},
		{strings.Repeat("b", 254-len(rest)), rest[1:]},
		{"c." + strings.Repeat("b", 252-len(rest)), strings.Repeat("b", 252-len(rest)) + rest},
		{"c." + strings.Repeat("b", 251-len(rest)), "c." + strings.Repeat("b", 251-len(rest)) + rest},
		{"d.c." + strings.Repeat("b", 251-len(rest)), "c." + strings.Repeat("b", 251-len(rest)) + rest},
	} {
		w := &watcher{t: t, Resolver: zone.MustParse(`example.com. TXT "v=spf1 exists:%{h}` + tail + ` -all"`)}
		helo := tc.first + strings.TrimSuffix(rest, tail)
		spf.Evaluate(t.Context(), w, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: helo, MailFrom: "a@example.com"})
		if got, want := w.asked[len(w.asked)-1], "A "+tc.asked+"."; got != want {
			t.Errorf("with %s...: asked\n%s, want\n%s", tc.first, got, want)
		}
	}
	// The label on the left counts even if the rest has the maximum length.
	w := &watcher{t: t, Resolver: zone.MustParse(`example.com. TXT "v=spf1 exists:c%{h}` + tail + `. -all"`)}
	helo := strings.Repeat("b", 253-len(rest)) + strings.TrimSuffix(rest, tail)
	spf.Evaluate(t.Context(), w, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: helo, MailFrom: "a@example.com"})
	if got, want := w.asked[len(w.asked)-1], "A "+rest[1:]+"."; got != want {
		t.Errorf("asked\n%s, want\n%s", got, want)
	}
}

// 6 and 17: the work is bounded for every HELO name and sender, and for every record that
// repeats them.
func TestMacrosCostLittle(t *testing.T) {
	said := strings.Repeat("\xff.", 10_000)
	for name, texts := range map[string]map[string]string{
		"a record":       {"example.com.": "v=spf1" + strings.Repeat(" exists:"+strings.Repeat("%{H}", 1600)+".example.com", 10) + " -all"},
		"an explanation": {"example.com.": "v=spf1 -all exp=why.example.com", "why.example.com.": strings.Repeat("%{S}", 16_000)},
	} {
		w := &watcher{t: t, texts: func(name string) []string {
			if text, ok := texts[name]; ok {
				return []string{text}
			}
			return nil
		}}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := spf.Evaluate(t.Context(), w, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: said, MailFrom: said + "@example.com"})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: %d MB of memory", name, used>>20)
		}
		if got.Word != "fail" || len(got.Sender) > 600 {
			t.Errorf("%s: %s (%v) of a sender of %d octets", name, got.Word, got.Problem, len(got.Sender))
		}
	}
}

// 17: an explanation of more than 64 KB is omitted.
func TestLongExplanations(t *testing.T) {
	for length, want := range map[int]int{64 << 10: 250, 64<<10 + 1: 0} {
		w := &watcher{t: t, texts: func(name string) []string {
			if name == "example.com." {
				return []string{"v=spf1 -all exp=why.example.com"}
			}
			return []string{strings.Repeat("x", length)}
		}}
		got := spf.Evaluate(t.Context(), w, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"})
		if len(got.Explanation) != want {
			t.Errorf("of %d octets: %d, want %d", length, len(got.Explanation), want)
		}
	}
}

// 2 and 5: if the context ends, the result is temperror. The library alone would report no
// match for ptr.
func TestAnEndedContextIsTempError(t *testing.T) {
	for _, record := range []string{"v=spf1 -all", "v=spf1 a -all", "v=spf1 ptr -all", "v=spf1 exists:%{p}.example.com -all", "v=spf1 include:example.com -all"} {
		dns := zone.MustParse(`example.com. TXT "` + record + `"`)
		in := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"}
		live := spf.Evaluate(t.Context(), dns, in)
		for after := range live.Questions + 1 {
			ctx, cancel := context.WithCancel(t.Context())
			w := &watcher{Resolver: dns, t: t, fault: func(n int) error {
				if n == after {
					cancel()
				}
				return nil
			}}
			if after == 0 {
				cancel()
			}
			got := spf.Evaluate(ctx, w, in)
			if got.Word != "temperror" || got.Problem.Kind != spf.DNSFailure || len(w.asked) > after {
				t.Errorf("%s, ended after %d questions: %s after %d", record, after, got.Word, len(w.asked))
			}
			cancel()
		}
	}
}

// 2: an evaluation returns as soon as its context ends.
func TestADeadlineStopsTheEvaluation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dns := zone.MustParse(manyMX()).Delaying("*.example.com.", time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second+time.Millisecond)
		defer cancel()
		began := time.Now()
		got := spf.Evaluate(ctx, dns, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"})
		if took := time.Since(began); got.Word != "temperror" || took != 10*time.Second+time.Millisecond {
			t.Errorf("%s (%v) after %s", got.Word, got.Problem, took)
		}
	})
}

// 18: an answer may have records of other names and types. An evaluation neither hangs
// nor panics for any of them.
func TestAnswersOfTheWrongKind(t *testing.T) {
	dns := &watcher{Resolver: wrongFamily{}, t: t} // which looks at what is asked
	got := spf.Evaluate(t.Context(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "a@example.com"})
	if got.Word != "fail" {
		t.Errorf("got %s (%v)", got.Word, got.Problem)
	}
}

// wrongFamily is a resolver that returns addresses of the other family, and MX hosts
// without a name.
type wrongFamily struct{ envelope.Resolver }

func (wrongFamily) LookupTXT(context.Context, string) ([]string, error) {
	return []string{"v=spf1 a/0 mx/0 a:x.example.com//0 -all"}, nil
}

func (wrongFamily) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{{}, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("fe80::1%x")}, nil
}

func (wrongFamily) LookupMX(context.Context, string) ([]*net.MX, error) {
	return []*net.MX{{Host: ""}, {Host: "."}, {Host: "a\x00.example."}, {Host: strings.Repeat("a+.", 90) + "example."}, {Host: "192.0.2.1"}, {Host: "mail.example.com."}}, nil
}
