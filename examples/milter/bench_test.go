package main

import (
	"testing"
)

// BenchmarkMessage has a conversation with a message, up to the changes of its header.
func BenchmarkMessage(b *testing.B) {
	p, _ := newTestServer(b).start(b)
	b.ReportAllocs()
	for b.Loop() {
		m := p.connect(b, "192.0.2.9")
		m.begin("ann@example.net", "bob@example.org")
		m.end("", wellFormed, "hello\r\n")
		m.Close()
	}
}
