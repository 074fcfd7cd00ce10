package zone_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// Parse returns a Zone that answers questions, or an error of one line.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		world,
		"",
		"a A 192.0.2.1\n  AAAA ::1",
		"@ SOA . . ( 1 2 3 4 5 )",
		"$ORIGIN a\n$TTL 1h\nb MX 0 .",
		"$GENERATE 1-65535 a$ A 192.0.2.1",
		"$INCLUDE /dev/stdin",
		"*.a. CNAME b.*.a.\nb.*.a. CNAME c.a.",
		`a\.b\\.c TXT "\"\\\000" \# ;`,
		`a TYPE65280 \# 4 c0000201`,
		"bücher TXT x",
		"((()))\"\n",
		"a SVCB 1 . alpn=h2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		start := time.Now()
		z, err := zone.Parse(text)
		if taken := time.Since(start); taken > 10*time.Second {
			t.Errorf("a text of %d octets took %v", len(text), taken)
		}
		if err != nil {
			var syntax *envelope.SyntaxError
			if !errors.As(err, &syntax) || !strings.HasPrefix(err.Error(), "zone text") ||
				envelope.CleanText(err.Error(), true) != err.Error() || len(err.Error()) > 2000 {
				t.Errorf("got the error %q", err)
			}
			return
		}
		for _, name := range append(strings.Fields(text), "a.", "x.y.a.") {
			for _, kind := range []string{"A", "MX", "TXT", "PTR", "CNAME", "exists"} {
				asked(t.Context(), z, kind, name)
			}
		}
	})
}

// SetFault accepts a question or returns an error with it.
func FuzzSetFault(f *testing.F) {
	for _, seed := range []string{"example. MX", "*.example.", "*.", ". *", "bücher.example A", "a b c", `a\.b.c TXT`, "x TYPE65280", "*x."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, question string) {
		z := zone.MustParse(world)
		if err := z.SetFault(question, zone.SERVFAIL); err != nil {
			var syntax *envelope.SyntaxError
			if !errors.As(err, &syntax) || syntax.Value != question {
				t.Errorf("%q: got %v, want an error that names it", question, err)
			}
			return
		}
		z.Count(question)
		z.Healing(question)
	})
}
