package dnsbl_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"unicode/utf8"

	"mxrules.example/envelope"
	"mxrules.example/rdns/dnsbl"
)

// stranger is a Resolver with the same records for every name, as an attacker or the
// new owner of a zone may publish.
type stranger struct {
	envelope.Resolver
	addrs []netip.Addr
	texts []string
}

var errNoRecord = &net.DNSError{Err: "no such record", IsNotFound: true}

func (s stranger) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	if len(s.addrs) == 0 {
		return nil, errNoRecord
	}
	return s.addrs, nil
}

func (s stranger) LookupTXT(context.Context, string) ([]string, error) {
	if len(s.texts) == 0 {
		return nil, errNoRecord
	}
	return s.texts, nil
}

// fields splits the input of a fuzz target into records.
func fields(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, "\x1f")
}

// FuzzAnswers tests that with any answers only accepted codes are a listing, an
// invalid answer is a PermError, and texts are clean.
func FuzzAnswers(f *testing.F) {
	f.Add("\x7f\x00\x00\x02", "a reason")
	f.Add("\x7f\x00\x00\x02\x7f\xff\xff\xfe", "")
	f.Add("\x7f\x00\x00\x0a\x7f\x00\x01\x02", "a\x1fb")
	f.Add("\xcb\x00\x71\x09", "parked")
	f.Add("\x7f\x00\x00\x0b", "evil\r\n250 ok\x1f\xff\xfe\x1f\u202e\x1f \t ")
	f.Add("\x7f\x00\x00\x02", strings.Repeat("long ", 60))
	f.Add("", "")
	f.Fuzz(func(t *testing.T, octets, texts string) {
		dns := stranger{texts: fields(texts)}
		inside, refused, accepted := true, false, false
		for len(octets) >= 4 {
			addr := netip.AddrFrom4([4]byte([]byte(octets[:4])))
			octets = octets[4:]
			dns.addrs = append(dns.addrs, addr)
			four := addr.As4()
			inside = inside && four[0] == 127
			refused = refused || four == [4]byte{127, 0, 1, 255} || four[0] == 127 && four[1] == 255 && four[2] == 255
			accepted = accepted || four[0] == 127 && four[1] == 0 && four[2] == 0 && (four[3] >= 2 && four[3] <= 9 || four[3] == 11)
		}
		want := pass
		switch {
		case !inside || refused:
			want = perm
		case accepted:
			want = fail
		}
		e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), Helo: "mail.example.org"}
		for _, check := range []envelope.Check{
			dnsbl.NotListed(first), dnsbl.ScoreBelow(1, first), dnsbl.HeloNotListed(first),
		} {
			got := check(t.Context(), dns, &e)
			if got.Outcome != want {
				t.Errorf("%s: got %v for %v, want %v", got.Check, got.Outcome, dns.addrs, want)
			}
			if clean := envelope.CleanText(got.Text, true); clean != got.Text || len(got.Text) > 700 {
				t.Errorf("%s: the text %q", got.Check, got.Text)
			}
			result, ok := got.Detail.(*dnsbl.Result)
			if !ok || (got.Outcome == fail) != (len(result.Listed) == 1) {
				t.Fatalf("%s: the detail %+v", got.Check, got.Detail)
			}
			if line, err := json.Marshal(result); err != nil || !utf8.Valid(line) || strings.Contains(string(line), "null") && !strings.Contains(texts, "null") {
				t.Errorf("%s: %s, %v", got.Check, line, err)
			}
			for _, listing := range result.Listed {
				if len(listing.Reason) > 256 || envelope.CleanText(listing.Reason, true) != listing.Reason || len(listing.Codes) == 0 {
					t.Errorf("%s: the listing %+v", got.Check, listing)
				}
			}
		}
		if reports, err := dnsbl.Probe(t.Context(), dns, first); err != nil || reports[0].ForAddresses() == "" || reports[0].ForAddresses() == "serving" {
			t.Errorf("Probe: %v, %v", reports, err) // the entry that must be absent is present
		}
	})
}

// FuzzParseList tests that a list that parses is valid and keeps the text, and that
// an error names the invalid value.
func FuzzParseList(f *testing.F) {
	for _, seed := range []string{
		"list.example=127.0.0.2-127.0.0.9,127.0.0.11", "List.Example.=127.0.0.0/24", "list.example", "=", "list.example=",
		"list.example=127.0.[0..255].[1;3..9]", "list.example=127.255.255.254", "list.example=::1", "list.example=[..].[;].[[.]",
		"a..b=127.0.0.2", "bücher.example=127.0.0.2", "list.example=127.0.0.2/", "list.example=127.0.0.2-", "\xff=\x00",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := dnsbl.ParseList(text)
		check := dnsbl.NotListed(list)
		got := check(t.Context(), stranger{}, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
		if err != nil {
			var syntax *envelope.SyntaxError
			if !errors.As(err, &syntax) || !strings.Contains(text, syntax.Value) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if got.Outcome != pass {
			t.Errorf("%q parses, but is invalid: %v", text, got.Err)
		}
		if again := list.Zone + "=" + strings.Join(list.Codes, ","); again != text {
			t.Errorf("%q comes back as %q", text, again)
		}
		for _, never := range []string{"127.255.255.0", "127.255.255.254", "127.0.1.255", "128.0.0.2", "126.0.0.2"} {
			dns := stranger{addrs: []netip.Addr{netip.MustParseAddr(never)}}
			if got := check(t.Context(), dns, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")}); got.Outcome != perm {
				t.Errorf("%q: %s is %v", text, never, got.Outcome)
			}
		}
	})
}

// FuzzOrigins tests that with any TXT records ASN has an outcome and a clean text, and
// an Origin whose network contains the client.
func FuzzOrigins(f *testing.F) {
	f.Add("64500 | 192.0.2.0/24 | ZZ | registry | 2026-01-02")
	f.Add("64500 64501 | 192.0.2.0/24\x1f64502 | 192.0.2.0/25")
	f.Add("{64500,AS64501}|192.0.2.0/24|")
	f.Add("64500 | ::ffff:192.0.2.0/120")
	f.Add("64500 | 0.0.0.0/0 | x\x1f |\x1f||||\x1f")
	f.Add("no such service")
	f.Add("")
	f.Fuzz(func(t *testing.T, texts string) {
		dns := stranger{texts: fields(texts)}
		for _, client := range []string{"192.0.2.1", "2001:db8::1"} {
			client := netip.MustParseAddr(client)
			got := dnsbl.ASN(origin4, origin6, 64500)(t.Context(), dns, &envelope.Envelope{ClientIP: client})
			if clean := envelope.CleanText(got.Text, true); clean != got.Text || len(got.Text) > 300 {
				t.Errorf("the text %q", got.Text)
			}
			if got.Outcome == perm {
				if got.Err == nil || len(dns.texts) == 0 {
					t.Errorf("%v for %q", got.Err, dns.texts)
				}
				continue
			}
			origin, ok := got.Detail.(*dnsbl.Origin)
			if !ok || got.Outcome != pass && got.Outcome != fail {
				t.Fatalf("got %v %v for %q", got.Outcome, got.Err, dns.texts)
			}
			if (len(origin.ASNs) > 0) != origin.Prefix.Contains(client) {
				t.Errorf("%v has the network %v, from %q", origin.ASNs, origin.Prefix, dns.texts)
			}
			last, wanted := uint32(0), false
			for _, n := range origin.ASNs {
				if n <= last {
					t.Errorf("the numbers %v are not in order, or not each once", origin.ASNs)
				}
				last, wanted = n, wanted || n == 64500
			}
			if wanted != (got.Outcome == pass) {
				t.Errorf("%v is %v", origin.ASNs, got.Outcome)
			}
		}
	})
}
