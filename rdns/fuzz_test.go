package rdns_test

import (
	"context"
	"encoding/json"
	"net"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/rdns"
)

// stranger is a Resolver with the PTR records of an attacker, in which every valid
// name resolves to the client.
type stranger struct {
	envelope.Resolver
	t      *testing.T
	names  []string
	client netip.Addr
}

func (s stranger) LookupAddr(context.Context, string) ([]string, error) {
	if len(s.names) == 0 {
		return nil, &net.DNSError{Err: "no such record", IsNotFound: true}
	}
	return s.names, nil
}

func (s stranger) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	name, err := envelope.ParseHost(host)
	if err != nil || string(name)+"." != host || name.Labels() < 2 || name.Within("in-addr.arpa") || name.Within("ip6.arpa") {
		s.t.Errorf("asked for the address of %q", host)
	}
	return []netip.Addr{s.client}, nil
}

// FuzzNames tests that with any PTR records every check answers, at most ten names
// are looked up, all of them valid, and texts are clean.
func FuzzNames(f *testing.F) {
	f.Add("mail.example.org.")
	f.Add("192.0.2.1.\nmail.example.org.")
	f.Add("unknown.\n1.2.0.192.in-addr.arpa.\n*.\n.\n\n-bad.example.\nb\xfccher.example.")
	f.Add("a\r.b\x00.c\u202e.")
	f.Add(strings.Repeat("a.", 120) + "example.")
	f.Add("a.b\nc.d\ne.f\ng.h\ni.j\nk.l\nm.n\no.p\nq.r\ns.t\nu.v\nw.x")
	f.Fuzz(func(t *testing.T, records string) {
		client := netip.MustParseAddr("192.0.2.1")
		e := envelope.Envelope{ClientIP: client, Helo: "mail.example.org"}
		dns := stranger{t: t, client: client}
		if records != "" {
			dns.names = strings.Split(records, "\n")
		}
		for name, check := range everyCheck() {
			got := check(t.Context(), dns, &e)
			if got.Outcome != pass && got.Outcome != fail {
				t.Errorf("%s: %v %v", name, got.Outcome, got.Err)
			}
			if clean := envelope.CleanText(got.Text, true); clean != got.Text || len(got.Text) > 1200 {
				t.Errorf("%s: text %q", name, got.Text)
			}
			result := got.Detail.(*rdns.Result)
			if looked := len(result.Names) + len(result.Unusable); looked > 10 || looked > len(dns.names) {
				t.Errorf("%s: looked at %d names", name, looked)
			}
			if text, err := json.Marshal(result); err != nil || strings.Contains(string(text), "null,") {
				t.Errorf("%s: %s, %v", name, text, err)
			}
		}
		confirmed := rdns.Confirmed(t.Context(), dns, &e)
		if exists := rdns.Exists(t.Context(), dns, &e); exists.Outcome != confirmed.Outcome {
			t.Errorf("exists %v, confirmed %v", exists.Outcome, confirmed.Outcome)
		}
	})
}
