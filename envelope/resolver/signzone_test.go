package resolver_test

import (
	"cmp"
	"crypto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// records parses the records of a zone, and adds longText to zoneText.
func records(t *testing.T, origin, text string) []dns.RR {
	t.Helper()
	if strings.Contains(text, "octets") {
		text += "long 3600 TXT"
		for i := 0; i < len(longText); i += 250 {
			text += ` "` + longText[i:i+250] + `"`
		}
		text += "\n"
	}
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimLeft(line, "\t"))
	}
	parser := dns.NewZoneParser(strings.NewReader(strings.Join(lines, "")), origin, "")
	parser.SetDefaultTTL(3600)
	var rrs []dns.RR
	for rr, ok := parser.Next(); ok; rr, ok = parser.Next() {
		rrs = append(rrs, rr)
	}
	if err := parser.Err(); err != nil {
		t.Fatal(err)
	}
	return rrs
}

// zoneKey returns a key that signs zones.
func zoneKey(t *testing.T) (*dns.DNSKEY, crypto.Signer) {
	t.Helper()
	key := &dns.DNSKEY{
		Hdr:   dns.RR_Header{Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 3600},
		Flags: dns.ZONE | dns.SEP, Protocol: 3, Algorithm: dns.ECDSAP256SHA256,
	}
	private, err := key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	return key, private.(crypto.Signer)
}

// sign signs a zone (RFC 4035, section 2): it adds the key, a NSEC record for each
// name with records, and a signature for each record set.
func sign(t *testing.T, zone string, rrs []dns.RR, key *dns.DNSKEY, signer crypto.Signer) []dns.RR {
	t.Helper()
	key = dns.Copy(key).(*dns.DNSKEY)
	key.Hdr.Name = zone
	rrs = append(rrs, key)

	types := map[string][]uint16{}
	for _, rr := range rrs {
		h := rr.Header()
		if !slices.Contains(types[h.Name], h.Rrtype) {
			types[h.Name] = append(types[h.Name], h.Rrtype)
		}
	}
	var names []string
	for name := range types {
		names = append(names, name)
	}
	slices.SortFunc(names, canonical)
	for i, name := range names {
		bitmap := append(slices.Clone(types[name]), dns.TypeRRSIG, dns.TypeNSEC)
		slices.Sort(bitmap)
		rrs = append(rrs, &dns.NSEC{
			Hdr:        dns.RR_Header{Name: name, Rrtype: dns.TypeNSEC, Class: dns.ClassINET, Ttl: 60},
			NextDomain: names[(i+1)%len(names)], TypeBitMap: bitmap,
		})
		types[name] = append(types[name], dns.TypeNSEC)
	}
	for _, name := range names {
		for _, kind := range types[name] {
			set := slices.DeleteFunc(slices.Clone(rrs), func(rr dns.RR) bool {
				return rr.Header().Name != name || rr.Header().Rrtype != kind
			})
			signature := &dns.RRSIG{
				Hdr:       dns.RR_Header{Ttl: set[0].Header().Ttl},
				Algorithm: key.Algorithm, SignerName: zone, KeyTag: key.KeyTag(),
				Inception: uint32(time.Now().Add(-time.Hour).Unix()), Expiration: uint32(time.Now().Add(time.Hour).Unix()),
			}
			if err := signature.Sign(signer, set); err != nil {
				t.Fatal(err)
			}
			rrs = append(rrs, signature)
		}
	}
	return rrs
}

// canonical compares names label by label from the last one (RFC 4034, section
// 6.1).
func canonical(a, b string) int {
	x, y := dns.SplitDomainName(a), dns.SplitDomainName(b)
	slices.Reverse(x)
	slices.Reverse(y)
	return cmp.Compare(strings.Join(x, "\x00"), strings.Join(y, "\x00"))
}
