package spf_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	library "blitiri.com.ar/go/spf"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/spf"
)

// memory is a Resolver that takes almost no time: maps. The library uses it through bare,
// which answers for both address families, as the library requires.
type memory struct {
	envelope.Resolver
	txt   map[string][]string
	addrs map[string][]netip.Addr
	mx    map[string][]*net.MX
	asked int
}

func find[T any](m *memory, answers map[string][]T, name string) ([]T, error) {
	m.asked++
	if values := answers[name]; len(values) > 0 {
		return values, nil
	}
	return nil, nothing
}

func (m *memory) LookupTXT(_ context.Context, name string) ([]string, error) {
	return find(m, m.txt, name)
}

func (m *memory) LookupNetIP(_ context.Context, network, name string) ([]netip.Addr, error) {
	if network == "ip6" {
		return find[netip.Addr](m, nil, name)
	}
	return find(m, m.addrs, name)
}

func (m *memory) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return find(m, m.mx, name)
}

// bare is a memory with the interface of the library.
type bare struct{ *memory }

func (b bare) LookupTXT(ctx context.Context, name string) ([]string, error) {
	return b.memory.LookupTXT(ctx, strings.TrimSuffix(name, ".")+".")
}

func (b bare) LookupMX(ctx context.Context, name string) ([]*net.MX, error) {
	return b.memory.LookupMX(ctx, strings.TrimSuffix(name, ".")+".")
}

func (b bare) LookupIPAddr(ctx context.Context, name string) ([]net.IPAddr, error) {
	name = strings.TrimSuffix(name, ".") + "."
	four, err4 := b.LookupNetIP(ctx, "ip4", name)
	six, _ := b.LookupNetIP(ctx, "ip6", name)
	all := make([]net.IPAddr, 0, len(four)+len(six))
	for _, addr := range append(four, six...) {
		all = append(all, net.IPAddr{IP: addr.AsSlice()})
	}
	if len(all) == 0 {
		return nil, err4
	}
	return all, nil
}

// big has the records of a large sender: three includes, many networks.
func big() *memory {
	m := &memory{txt: map[string][]string{
		"plain.example.": {"v=spf1 ip4:198.51.100.1 ip4:192.0.2.0/24 -all"},
		"big.example.":   {"v=spf1 include:_spf.big.example mx ~all"},
		"_spf.big.example.": {"v=spf1 include:_netblocks1.big.example include:_netblocks2.big.example " +
			"include:_netblocks3.big.example ~all"},
		"ten.example.": {"v=spf1" + terms(" a:h%d.ten.example", 10) + " -all"},
	}, addrs: map[string][]netip.Addr{"mail.big.example.": {netip.MustParseAddr("192.0.2.77")}}, mx: map[string][]*net.MX{
		"big.example.": {{Host: "mail.big.example.", Pref: 10}},
	}}
	m.txt["big.example."] = []string{"v=spf1 include:_netblocks1.big.example include:_netblocks2.big.example include:_netblocks3.big.example mx ~all"}
	for i := 1; i <= 3; i++ {
		var b strings.Builder
		for j := range 6 {
			fmt.Fprintf(&b, " ip4:203.0.%d.0/24", i*8+j)
		}
		m.txt[fmt.Sprintf("_netblocks%d.big.example.", i)] = []string{"v=spf1" + b.String() + " ~all"}
	}
	for i := range 10 {
		m.addrs[fmt.Sprintf("h%d.ten.example.", i)] = []netip.Addr{netip.MustParseAddr("203.0.113.1")}
	}
	return m
}

// BenchmarkEvaluate compares an evaluation with that of the library alone, and counts the
// questions of both.
func BenchmarkEvaluate(b *testing.B) {
	for _, bm := range []struct {
		name, domain string
		want         string
	}{
		{"ip4", "plain.example", "pass"},
		{"three includes", "big.example", "pass"},
		{"ten lookups", "ten.example", "fail"},
	} {
		b.Run(bm.name+"/ours", func(b *testing.B) {
			m, ctx := big(), context.Background()
			in := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.77"), Helo: "mail.example.com", MailFrom: "user@" + bm.domain}
			b.ReportAllocs()
			for b.Loop() {
				if got := spf.Evaluate(ctx, m, in); got.Word != bm.want {
					b.Fatal(got.Word, got.Problem)
				}
			}
			b.ReportMetric(float64(m.asked)/float64(b.N), "questions/op")
		})
		b.Run(bm.name+"/library", func(b *testing.B) {
			m, ip := big(), net.ParseIP("192.0.2.77")
			b.ReportAllocs()
			for b.Loop() {
				if got, err := library.CheckHostWithSender(ip, "mail.example.com", "user@"+bm.domain, library.WithResolver(bare{m})); string(got) != string(bm.want) {
					b.Fatal(got, err)
				}
			}
			b.ReportMetric(float64(m.asked)/float64(b.N), "questions/op")
		})
	}
}

// BenchmarkChecks measures all checks in one judgement.
func BenchmarkChecks(b *testing.B) {
	dns := zone.MustParse(`
		example.org.      TXT "v=spf1 mx -all"
		example.org.      MX 10 mail.example.org.
		mail.example.org. A 192.0.2.1
	`)
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "user@example.org", Helo: "mail.example.org"}
	b.ReportAllocs()
	for b.Loop() {
		ctx := envelope.WithJudgement(context.Background())
		for _, check := range everyCheck {
			check(ctx, dns, &e)
		}
		dns.Forget()
	}
}
