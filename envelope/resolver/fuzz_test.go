package resolver

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// FuzzReply decodes any octets as the reply to a question. The result is an answer
// within the limits, a failure, or a longer chain of aliases.
func FuzzReply(f *testing.F) {
	kinds := []uint16{dns.TypeA, dns.TypeAAAA, dns.TypeMX, dns.TypePTR, dns.TypeTXT}
	for i, records := range [][]string{
		{"name.example. A 192.0.2.1", "name.example. A 192.0.2.2"},
		{"name.example. CNAME b.example.", "b.example. AAAA 2001:db8::1"},
		{"name.example. 60 MX 10 b.example.", "name.example. 0 MX 0 ."},
		{`name.example. PTR a\.b\000.example.`},
		{`name.example. TXT "a\"\\\255" ""`, "name.example. 2147483649 TXT b"},
	} {
		m := new(dns.Msg).SetQuestion("name.example.", kinds[i])
		m.Id, m.Response = 0, true
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				f.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		msg, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(msg, byte(i))
		f.Add(msg[:len(msg)-3], byte(i))
	}
	f.Add([]byte("\x00\x00\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00\x04name\x07example\x00\x00\x01\x00\x01"), byte(0))
	f.Fuzz(func(t *testing.T, msg []byte, kind byte) {
		q := &query{question: question{"name.example.", kinds[int(kind)%len(kinds)]}, edns: true}
		if !q.isAnsweredBy(msg) {
			return
		}
		reply, err := unpack(msg)
		if err != nil {
			return
		}
		if flaw(reply, q.question) != "" {
			return
		}
		p := path{question: q.question, ttl: maxTTL}
		a, ttl, done := p.follow(reply)
		if !done {
			if p.aliases == 0 || p.aliases > maxAliases {
				t.Fatalf("continues after %d aliases", p.aliases)
			}
			if _, err := newQuery(question{strings.ToLower(p.name), p.kind}, true); err != nil {
				t.Errorf("continues with %q: %v", p.name, err)
			}
			return
		}
		checkAnswer(t, &a, ttl, q.kind)
	})
}

func checkAnswer(t *testing.T, a *answer, ttl time.Duration, kind uint16) {
	t.Helper()
	if ttl < 0 || ttl > maxTTL || ttl > 0 && ttl < minTTL {
		t.Errorf("is cached for %v", ttl)
	}
	if err := a.err("name.example."); (err == nil) != (a.outcome == found) {
		t.Errorf("outcome %v with the error %v", a.outcome, err)
	}
	if a.outcome != found {
		return
	}
	if a.count == 0 || a.count > maxRecords {
		t.Errorf("%d records", a.count)
	}
	switch kind {
	case dns.TypeA, dns.TypeAAAA:
		for _, addr := range a.addresses() {
			if addr.Is4() != (kind == dns.TypeA) {
				t.Errorf("the address %v for type %d", addr, kind)
			}
		}
	case dns.TypeMX:
		last := uint16(0)
		for _, mx := range a.exchangers() {
			if !strings.HasSuffix(mx.Host, ".") || mx.Pref < last {
				t.Errorf("the host %q with preference %d after %d", mx.Host, mx.Pref, last)
			}
			last = mx.Pref
		}
	case dns.TypePTR:
		if i := slices.IndexFunc(a.texts(), func(name string) bool { return !strings.HasSuffix(name, ".") }); i >= 0 {
			t.Errorf("the name %q", a.texts()[i])
		}
	case dns.TypeTXT:
		if len(strings.Join(a.texts(), "")) > dns.MaxMsgSize {
			t.Error("more text than a message can have")
		}
	}
}

// FuzzTXT encodes octets as the strings of a TXT record. LookupTXT returns them
// unchanged.
func FuzzTXT(f *testing.F) {
	f.Add([]byte("v=spf1 -all"), byte(255))
	f.Add([]byte("\x00\x01\xff\"quoted\" back\\slash \\065 ;"), byte(3))
	f.Add([]byte("\\\\\\"), byte(1))
	f.Add([]byte(""), byte(1))
	f.Fuzz(func(t *testing.T, text []byte, size byte) {
		if len(text) > 60_000 || size == 0 {
			return
		}
		// RFC 1035, section 3.3.14: each string has its length as a prefix.
		data := []byte{}
		for chunk := range slices.Chunk(text, int(size)) {
			data = append(append(data, byte(len(chunk))), chunk...)
		}
		if len(data) == 0 {
			data = []byte{0}
		}
		if len(data) > 65_000 {
			return
		}
		wire := append([]byte{0, 0, 16, 0, 1, 0, 0, 0, 60, byte(len(data) >> 8), byte(len(data))}, data...)
		rr, _, err := dns.UnpackRR(wire, 0)
		if err != nil {
			t.Fatal(err)
		}
		a := answer{count: 2, data: packRecords([]dns.RR{rr, rr})}
		for _, got := range a.texts() {
			if got != string(text) {
				t.Errorf("got %q, want %q", got, text)
			}
		}
	})
}
