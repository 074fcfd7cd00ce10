package envelope_test

import (
	"context"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

func BenchmarkParseHost(b *testing.B) {
	for name, host := range map[string]string{
		"lower": "mail-out-17.example.org",
		"upper": "Mail-Out-17.EXAMPLE.org.",
		"U":     "mail-out-17.bücher.example",
		"worst": manyCharacters(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				envelope.ParseHost(host)
			}
		})
	}
}

// manyCharacters is the most expensive name for Punycode: many different
// characters as it is asked for in one label, in labels up to the limit.
func manyCharacters() string {
	var b strings.Builder
	for c := range rune(4 * 84) {
		if c > 0 && c%84 == 0 {
			b.WriteByte('.')
		}
		b.WriteRune(0x4e00 + 7*c)
	}
	return b.String()
}

func BenchmarkParseMailbox(b *testing.B) {
	for name, path := range map[string]string{
		"plain":   "first.last+tag@mail.example.org",
		"quoted":  `"first last"@mail.example.org`,
		"escaped": `"first \"last\""@mail.example.org`,
		"literal": "first.last@[IPv6:2001:db8::1]",
		"UTF-8":   "jürgen@bücher.example",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				envelope.ParseMailbox(path, true)
			}
		})
	}
}

func BenchmarkCleanText(b *testing.B) {
	for name, text := range map[string]string{
		"clean": "the name mail.example.org given with HELO has no A, AAAA or MX record",
		"UTF-8": "the name bücher.example given with HELO has no A, AAAA or MX record",
		"64KB":  strings.Repeat("a\r\n\x00ü", 64<<10/6),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				envelope.CleanText(text, true)
			}
		})
	}
}

func BenchmarkFailed(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		envelope.Failed("helo.resolves", envelope.Status{Code: 550, Subject: 7, Detail: 1},
			"the name %s given with HELO has no A, AAAA or MX record", envelope.Host("mail.example.org"))
	}
}

func BenchmarkCombine(b *testing.B) {
	pass, fail := constant(envelope.Passed("pass"), nil), constant(envelope.Finding{Check: "fail", Outcome: envelope.Fail}, nil)
	for name, check := range map[string]envelope.Check{
		"All": envelope.All(pass, pass, pass),
		"Any": envelope.Any(fail, fail, pass),
		"Not": envelope.Not(fail),
	} {
		b.Run(name, func(b *testing.B) {
			e := &envelope.Envelope{}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				check(ctx, nil, e)
			}
		})
	}
}

func BenchmarkHostSet(b *testing.B) {
	set, err := envelope.ParseHostSet("example.org", ".example.net", ".example.com", "mail.example")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		set.Contains("a.b.c.example.org")
	}
}

func BenchmarkOnce(b *testing.B) {
	type key struct{ domain string }
	ctx := envelope.WithJudgement(context.Background())
	b.ReportAllocs()
	for b.Loop() {
		envelope.Once(ctx, key{"example.org"}, func() (int, error) { return 1, nil })
	}
}

func BenchmarkReadMessage(b *testing.B) {
	for name, size := range map[string]int{"10KB": 10 << 10, "5MB": 5 << 20} {
		raw := "Subject: x\r\n\r\n" + strings.Repeat("0123456789abcdef", size/16)
		dir := b.TempDir()
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				m, err := envelope.Spool{Dir: dir}.ReadMessage(strings.NewReader(raw))
				if err != nil {
					b.Fatal(err)
				}
				m.Close()
			}
		})
	}
}
