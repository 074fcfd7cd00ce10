package dkim_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"testing"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
)

// signed returns a message with a body of this size and this many signatures.
func signed(size, signatures int, form, body string) string {
	head, _, _ := strings.Cut(mail, "\r\n\r\n")
	raw := head + "\r\n\r\n" + strings.Repeat(body, size/len(body))
	for range signatures {
		raw = sign(with("c", form), raw, rsaKey())
	}
	return raw
}

// spooled returns a message as a server keeps it: a long one in a file.
func spooled(b *testing.B, dir, raw string) *envelope.Message {
	b.Helper()
	m, err := envelope.Spool{Dir: dir}.ReadMessage(strings.NewReader(raw))
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// benchmark verifies the message repeatedly, each time as a new message, because the
// work on one message is shared.
func benchmark(b *testing.B, raw string) {
	dns, dir := world(), b.TempDir()
	ctx := context.Background()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		m := spooled(b, dir, raw)
		b.StartTimer()
		if got := said(dkim.Evaluate(ctx, dns, &envelope.Envelope{Message: m, Now: now})); !strings.HasPrefix(got, "pass") {
			b.Fatal(got)
		}
		dns.Forget()
		m.Close()
	}
}

const text = "A line of text, as it is in most of the mail that there is: 72 octets\r\n"

func BenchmarkVerify(b *testing.B) {
	for _, form := range []string{"simple/simple", "relaxed/relaxed"} {
		for _, size := range []int{1 << 10, 10 << 10, 100 << 10, 1 << 20, 25 << 20} {
			b.Run(fmt.Sprintf("%s/%dKB", form, size>>10), func(b *testing.B) {
				benchmark(b, signed(size, 1, form, text))
			})
		}
	}
}

func BenchmarkSignatures(b *testing.B) {
	for _, n := range []int{1, 2, 5} {
		for _, size := range []int{10 << 10, 25 << 20} {
			b.Run(fmt.Sprintf("%d/%dKB", n, size>>10), func(b *testing.B) {
				benchmark(b, signed(size, n, "relaxed/relaxed", text))
			})
		}
	}
}

// BenchmarkHostile measures the cost of attacks, which should be far below a second.
func BenchmarkHostile(b *testing.B) {
	const size = 25 << 20
	b.Run("25MBOfLineEndsSimple", func(b *testing.B) { benchmark(b, signed(size, 1, "simple/simple", "\r\n")) })
	b.Run("25MBOfLineEndsRelaxed", func(b *testing.B) { benchmark(b, signed(size, 1, "relaxed/relaxed", "\r\n")) })
	b.Run("25MBOfLineEndsInside", func(b *testing.B) {
		benchmark(b, signed(size, 1, "simple/simple", strings.Repeat("\r\n", size/2-2)+"x\r\n"))
	})
	b.Run("25MBOfLF", func(b *testing.B) {
		head, _, _ := strings.Cut(mail, "\r\n\r\n")
		empty := sign(usual, head+"\r\n\r\n", rsaKey()) // which LF at the end leave as it is
		benchmark(b, empty+strings.Repeat("\n", size))
	})
	b.Run("25MBOfBlanks", func(b *testing.B) { benchmark(b, signed(size, 1, "relaxed/relaxed", " ")) })
	for name, raw := range map[string]string{
		"200000ContinuationLines": sign(usual, "X: y\r\n"+strings.Repeat(" a\r\n", 200_000)+mail, rsaKey()),
		"20000Signatures":         strings.Repeat("DKIM-Signature: v=1; a=rsa-sha256; d=a.b\r\n", 20_000) + mail,
		"900SignaturesOf1000Authors": manyAuthors(10, 99) + strings.Repeat(
			"DKIM-Signature: "+with("d", "a.b.c.com.au", "h", strings.Repeat("From:", 10)+"To", "bh", strings.Repeat("A", 43)+"=", "b", "AAAA")+"\r\n", 900) + "\r\n",
		"900Fields1000Names": sign(with("h", "From"+strings.Repeat(":x", 999)), strings.Repeat("x: y\r\n", 900)+mail, rsaKey()),
	} {
		b.Run(name, func(b *testing.B) {
			octets, dns := []byte(raw), world()
			b.ReportAllocs()
			for b.Loop() {
				dkim.Evaluate(context.Background(), dns, &envelope.Envelope{Message: envelope.NewMessage(octets), Now: now})
				dns.Forget()
			}
		})
	}
}

// manyAuthors returns From fields with this many authors each, all of different
// domains.
func manyAuthors(fields, each int) string {
	var b strings.Builder
	for i := range fields {
		b.WriteString("From: ")
		for j := range each {
			fmt.Fprintf(&b, "a@d%d.e%d.f.g.h.co.uk,\r\n ", i, j)
		}
		b.WriteString("a@example.org\r\n")
	}
	return b.String()
}

// BenchmarkFloor measures reading and hashing 25 MB without a verification.
func BenchmarkFloor(b *testing.B) {
	m := spooled(b, b.TempDir(), signed(25<<20, 0, "", text))
	defer m.Close()
	b.SetBytes(m.Size())
	buffer := make([]byte, 256<<10)
	for b.Loop() {
		if _, err := io.CopyBuffer(struct{ io.Writer }{sha256.New()}, struct{ io.Reader }{m.Open()}, buffer); err != nil {
			b.Fatal(err)
		}
	}
}
