package mxrules_test

import (
	"context"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"testing"

	"mxrules.example/dmarc"
	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
)

// warm answers from memory, as the cache of a resolver does.
type warm map[string]any

// Waits says that it never waits.
func (warm) Waits() {}

func found[T any](w warm, question string) ([]T, error) {
	if answer, ok := w[question].([]T); ok {
		return answer, nil
	}
	return nil, notFound
}

var notFound = &net.DNSError{Err: "no such host", IsNotFound: true}

func (w warm) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	return found[netip.Addr](w, network+" "+host)
}
func (w warm) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return found[string](w, addr)
}
func (w warm) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	return found[*net.MX](w, "mx "+name)
}
func (w warm) LookupTXT(_ context.Context, name string) ([]string, error) {
	return found[string](w, name)
}
func (w warm) LookupCNAME(context.Context, string) (string, error) { return "", notFound }

// A decision of fourteen rules whose answers are in memory. The message has no
// signature.
func BenchmarkWarmDecision(b *testing.B) {
	policy, dns, e := warmDecision()
	for name, sequential := range map[string]bool{"concurrently": false, "sequentially": true} {
		b.Run(name, func(b *testing.B) {
			policy.Sequential = sequential
			b.ReportAllocs()
			for b.Loop() {
				if v := policy.Judge(b.Context(), dns, e); v.Action != verdict.Accept {
					b.Fatal(v.Explain())
				}
			}
		})
	}
}

// The race detector allocates more.
func TestAllocationsOfAWarmDecision(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool { return s.Key == "-race" && s.Value == "true" }) {
		t.Skip("the race detector is on")
	}
	policy, dns, e := warmDecision()
	if n := testing.AllocsPerRun(100, func() { policy.Judge(t.Context(), dns, e) }); n > 150 {
		t.Errorf("%v allocations, want at most 150", n)
	}
}

func warmDecision() (verdict.Policy, warm, *envelope.Envelope) {
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(recipient.Syntax),
		verdict.RejectUnless(recipient.Ours("example.org")),
		verdict.RejectUnless(helo.Present),
		verdict.RejectUnless(helo.Syntax),
		verdict.RejectUnless(helo.FQDN),
		verdict.RejectUnless(sender.Syntax),
		verdict.RejectUnless(sender.FQDN),
		verdict.RejectUnless(helo.Resolves),
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(sender.Resolves),
		verdict.RejectUnless(sender.TakesMail),
		verdict.RejectUnless(spf.NotFail),
		verdict.RejectUnless(dmarc.NotReject),
		verdict.MarkUnless(dmarc.NotQuarantine, "junk"),
	}}
	client := netip.MustParseAddr("192.175.48.1")
	dns := warm{
		"192.175.48.1":          []string{"mail.example.net."},
		"ip4 mail.example.net.": []netip.Addr{client},
		"mx example.net.":       []*net.MX{{Host: "mail.example.net.", Pref: 10}},
		"example.net.":          []string{"v=spf1 mx -all"},
		"_dmarc.example.net.":   []string{"v=DMARC1; p=reject"},
	}
	return policy, dns, &envelope.Envelope{
		ClientIP: client, Helo: "mail.example.net", MailFrom: "ann@example.net", RcptTo: "bob@example.org",
		Message: envelope.NewMessage([]byte("From: Ann <ann@example.net>\r\nSubject: Hello\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\n\r\nGood morning!\r\n")),
	}
}
