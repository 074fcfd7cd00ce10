package resolver_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope"
	"mxrules.example/envelope/resolver"
	"mxrules.example/envelope/zone"
)

const benchWorld = `
	host.example.                 A    192.0.2.1
	                              A    192.0.2.2
	                              AAAA 2001:db8::1
	                              MX   10 host.example.
	                              MX   20 mail.example.
	                              TXT  "v=spf1 ip4:192.0.2.0/24 include:_spf.example.org -all"
	1.2.0.192.in-addr.arpa.       PTR  host.example.
`

// BenchmarkCached measures questions that the cache answers.
func BenchmarkCached(b *testing.B) {
	r := open(b, resolver.Config{Servers: []string{serve(b, zone.MustParse(benchWorld)).Addr()}})
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour) // a judgement has a deadline too
	defer cancel()
	for _, bm := range []struct {
		name string
		ask  func() error
	}{
		{"LookupTXT", func() error { _, err := r.LookupTXT(ctx, "host.example."); return err }},
		{"LookupNetIP", func() error { _, err := r.LookupNetIP(ctx, "ip4", "host.example."); return err }},
		{"LookupMX", func() error { _, err := r.LookupMX(ctx, "host.example."); return err }},
		{"LookupAddr", func() error { _, err := r.LookupAddr(ctx, "192.0.2.1"); return err }},
		{"NXDOMAIN", func() error {
			if _, err := r.LookupTXT(ctx, "missing.example."); !envelope.NotFound(err) {
				return err
			}
			return nil
		}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := bm.ask(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("Parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := r.LookupTXT(ctx, "host.example."); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// BenchmarkUncached compares a question over the network with other clients.
// dns.Client has no retries, does not use TCP, and checks only the ID.
func BenchmarkUncached(b *testing.B) {
	server := &hostile{udp: answering(`"v=spf1 -all"`)}
	ours := server.open(b, resolver.Config{CacheBytes: -1})
	std := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.address)
	}}
	client := new(dns.Client)
	for _, bm := range []struct {
		name string
		ask  func(ctx context.Context) error
	}{
		{"Resolver", func(ctx context.Context) error { _, err := ours.LookupTXT(ctx, name); return err }},
		{"net.Resolver", func(ctx context.Context) error { _, err := std.LookupTXT(ctx, name); return err }},
		{"dns.Client", func(ctx context.Context) error {
			_, _, err := client.ExchangeContext(ctx, new(dns.Msg).SetQuestion(name, dns.TypeTXT), server.address)
			return err
		}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := bm.ask(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkShared measures 1,000 equal questions that are asked concurrently, and
// reports the number of exchanges.
func BenchmarkShared(b *testing.B) {
	server := &hostile{udp: answering("right")}
	r := server.open(b, resolver.Config{})
	b.ReportAllocs()
	round := 0
	for b.Loop() {
		round++
		name := fmt.Sprintf("n%d.example.", round)
		var group sync.WaitGroup
		for range 1000 {
			group.Go(func() {
				if _, err := r.LookupTXT(context.Background(), name); err != nil {
					b.Error(err)
				}
			})
		}
		group.Wait()
	}
	b.ReportMetric(float64(server.overUDP.Load())/float64(round), "exchanges/op")
}

// BenchmarkMemory measures the memory of an answer in a cache of a million answers.
func BenchmarkMemory(b *testing.B) {
	const answers = 1_000_000
	for b.Loop() {
		before := heap()
		r, err := resolver.New(resolver.Config{Servers: []string{"192.0.2.1"}, CacheBytes: 1 << 30})
		if err != nil {
			b.Fatal(err)
		}
		resolver.Fill(r, answers)
		used := heap() - before
		if got := r.Stats(); got.Answers != answers {
			b.Fatalf("%d answers", got.Answers)
		}
		b.ReportMetric(float64(used)/answers, "B/answer")
		b.ReportMetric(float64(r.Stats().CacheBytes)/answers, "counted-B/answer")
		r.Close()
	}
}
