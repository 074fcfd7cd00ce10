package message_test

import (
	"context"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/message"
)

func BenchmarkWellFormed(b *testing.B) {
	for _, bm := range []struct{ name, body string }{
		{"10KB", strings.Repeat(strings.Repeat("x", 70)+"\r\n", 10<<10/72)},
		{"25MB", strings.Repeat(strings.Repeat("x", 70)+"\r\n", 25<<20/72)},
		{"25MBOfLineEnds", strings.Repeat("\r\n", 25<<20/2)},
	} {
		b.Run(bm.name, func(b *testing.B) {
			raw := []byte(from + date + "\r\n" + bm.body)
			ctx := context.Background()
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				e := envelope.Envelope{Message: envelope.NewMessage(raw)} // one message is not read twice
				if f := message.WellFormed(ctx, nil, &e); f.Outcome != envelope.Pass {
					b.Fatal(f.Text)
				}
			}
		})
	}
}

func BenchmarkNoLoop(b *testing.B) {
	raw := []byte(strings.Repeat("Received: from a.example by b.example;\r\n date\r\n", 20) + from + date + "\r\n")
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		e := envelope.Envelope{Message: envelope.NewMessage(raw)}
		if f := message.NoLoop(ctx, nil, &e); f.Outcome != envelope.Pass {
			b.Fatal(f.Text)
		}
	}
}
