package zone_test

import (
	"errors"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

func TestFaults(t *testing.T) {
	z := zone.MustParse(world).
		Failing("host1.example. A", zone.SERVFAIL).
		Failing("BÜCHER.example", zone.REFUSED).
		Failing("*.b.c.example. *", zone.Timeout).
		Failing("*.wild.example. A", zone.SERVFAIL).
		Failing("fine.wild.example. A", zone.REFUSED).Healing("Fine.wild.example A").
		Failing("both.example. A", zone.SERVFAIL).
		Answering("spared.b.c.example. A", "").
		Failing("2.0.192.in-addr.arpa. PTR", zone.SERVFAIL).
		Failing("1.2.0.192.in-addr.arpa. PTR", zone.REFUSED).
		Failing("six.example. ANY", zone.SERVFAIL).
		Failing("mx.example. AAAA", zone.SERVFAIL)
	wantAnswers(t, z, []wanted{
		{"A", "host1.example.", "temporary: SERVFAIL"},
		{"A", "Host1.example", "temporary: SERVFAIL"},
		{"AAAA", "host1.example.", "NODATA"},
		{"exists", "host1.example.", "true"},
		{"CNAME", "host1.example.", "host1.example."},
		{"A", "xn--bcher-kva.example.", "failure: REFUSED"},
		{"MX", "xn--bcher-kva.example.", "failure: REFUSED"},
		{"exists", "xn--bcher-kva.example.", "temporary: REFUSED"}, // envelope.Exists flags it
		{"A", "a.b.c.example.", "timeout"},
		{"TXT", "x.y.b.c.example.", "timeout"},
		{"exists", "a.b.c.example.", "timeout"},
		{"A", "spared.b.c.example.", "NODATA"},
		{"MX", "spared.b.c.example.", "timeout"},
		{"A", "b.c.example.", "NODATA"}, // the pattern does not match the name itself
		{"A", "fine.wild.example.", "temporary: SERVFAIL"},
		{"A", "alias2.example.", "temporary: SERVFAIL"}, // at the end of the chain
		{"AAAA", "alias2.example.", "[2001:db8::2]"},
		{"A+AAAA", "alias2.example.", "[2001:db8::2]"},
		{"A+AAAA", "host1.example.", "temporary: SERVFAIL"},
		{"A+AAAA", "mx.example.", "temporary: SERVFAIL"},
		{"CNAME", "alias.example.", "both.example."},
		{"exists", "alias2.example.", "true"},
		{"PTR", "192.0.2.1", "failure: REFUSED"},
		{"PTR", "192.0.2.3", "[both.example.]"},
		{"AAAA", "six.example.", "[2001:db8::6]"},
		{"exists", "six.example.", "temporary: SERVFAIL"},
	})
}

func TestFaultsOfNamesWithUnusualOctets(t *testing.T) {
	for _, tc := range []struct{ question, name string }{
		{"o'brien.example. A", "o'brien.example."},
		{`O\'Brien.example A`, "o'brien.example."},
		{` john\ doe.example.  A `, "john doe.example."},
		{`john\032doe.example.` + "\tA", "john doe.example."},
		{`a\.b.example. A`, `a\.b.example.`},
		{`\000\255.example. A`, "\x00\xff.example."},
	} {
		z := zone.MustParse("*.example. A 192.0.2.1").Failing(tc.question, zone.SERVFAIL)
		if got := asked(t.Context(), z, "A", tc.name); got != "temporary: SERVFAIL" {
			t.Errorf("%s: got %s", tc.question, got)
		}
		if got := asked(t.Context(), z, "A", "other.example."); got != "[192.0.2.1]" {
			t.Errorf("%s: got %s for another name", tc.question, got)
		}
		if logged := z.Asked()[0]; z.Count(logged) != 1 || z.Count(tc.question) != 1 {
			t.Errorf("%s: the question logged as %s is not counted", tc.question, logged)
		}
	}
}

func TestMostSpecificPatternIsUsed(t *testing.T) {
	z := zone.MustParse(world).
		Failing("*.", zone.SERVFAIL).
		Failing("*. MX", zone.REFUSED).
		Failing("*.example.", zone.Timeout).
		Answering("host1.example.", zone.AsWritten).
		Answering("host1.example. TXT", zone.NXDOMAIN)
	wantAnswers(t, z, []wanted{
		{"A", "other.test.", "temporary: SERVFAIL"},
		{"MX", "other.test.", "failure: REFUSED"},
		{"MX", "both.example.", "timeout"},
		{"A", "host1.example.", "[192.0.2.1]"},
		{"MX", "host1.example.", "NODATA"},
		{"TXT", "host1.example.", "NXDOMAIN"},
		{"TXT", ".", "NODATA"}, // "*." does not match the root itself
	})
}

func TestAnsweringInSequence(t *testing.T) {
	z := zone.MustParse(world).
		Answering("host1.example. A", zone.SERVFAIL, "192.0.2.8\n192.0.2.9", zone.NXDOMAIN, zone.AsWritten).
		Answering("new.example. MX", "20 b.example.\n0 a.example.").
		Answering("txt.example. TXT", `"one" "two"`, `"NXDOMAIN"`, "")
	wantAnswers(t, z, []wanted{
		{"A", "host1.example.", "temporary: SERVFAIL"},
		{"AAAA", "host1.example.", "NODATA"},
		{"A", "host1.example.", "[192.0.2.8 192.0.2.9]"},
		{"A", "host1.example.", "NXDOMAIN"},
		{"A", "host1.example.", "[192.0.2.1]"},
		{"A", "host1.example.", "[192.0.2.1]"},
		{"MX", "new.example.", "[0 a.example. 20 b.example.]"},
		{"TXT", "txt.example.", `["onetwo"]`},
		{"TXT", "txt.example.", `["NXDOMAIN"]`},
		{"TXT", "txt.example.", "NODATA"},
	})
}

func TestWordsInAnyLetterCase(t *testing.T) {
	for word, want := range map[string]string{
		"servfail": "temporary: SERVFAIL", "REFUSED": "failure: REFUSED", "Timeout": "timeout",
	} {
		z := zone.MustParse(world)
		if err := z.SetFault("host1.example.", word); err != nil {
			t.Error(err)
		}
		if got := asked(t.Context(), z, "A", "host1.example."); got != want {
			t.Errorf("the fault %s: got %s", word, got)
		}
		z.Answering("host1.example.", "nxdomain", "AS WRITTEN", word)
		wantAnswers(t, z, []wanted{
			{"A", "host1.example.", "NXDOMAIN"}, {"A", "host1.example.", "[192.0.2.1]"}, {"A", "host1.example.", want},
		})
	}
	for _, word := range []string{"", "nxdomain", "as written", "time out"} {
		if err := zone.MustParse(world).SetFault("example.", word); err == nil || !strings.Contains(err.Error(), `"`+word+`"`) {
			t.Errorf("%q: got %v; want an error that names the word", word, err)
		}
	}
}

func TestSetFaultNamesInvalidQuestions(t *testing.T) {
	z := zone.MustParse(world)
	for _, question := range []string{"", "  ", "a b c", "a..example.", "example. NOTYPE", "example. NONE", "*..example. A", "\xff.example.", strings.Repeat("a.", 200)} {
		err := z.SetFault(question, zone.SERVFAIL)
		var syntax *envelope.SyntaxError
		if !errors.As(err, &syntax) || syntax.Value != question {
			t.Errorf("%q: got %v, want an error that names it", question, err)
		}
	}
}

func TestInvalidArgumentsPanic(t *testing.T) {
	z := zone.MustParse(world)
	for name, call := range map[string]func(){
		"Failing":                func() { z.Failing("a b c", zone.SERVFAIL) },
		"Failing with nothing":   func() { z.Failing("a. A", "") },
		"Healing":                func() { z.Healing("") },
		"Delaying":               func() { z.Delaying("a..b", 1) },
		"Count":                  func() { z.Count("a. NOTYPE") },
		"Answering nothing":      func() { z.Answering("a. A") },
		"Answering no type":      func() { z.Answering("a.", "192.0.2.1") },
		"Answering invalid data": func() { z.Answering("a. A", "192.0.2") },
		"Answering no data":      func() { z.Answering("a. A", "\n") },
		"Answering two lines":    func() { z.Answering("a. A", "192.0.2.1\n. A 192.0.2.2") },
		"Answering ANY":          func() { z.Answering("a. ANY", "192.0.2.1") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			call()
		})
	}
}
