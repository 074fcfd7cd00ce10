package dkim_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// with changes tags of the usual signature; the value "-" removes the tag.
func with(changes ...string) string {
	tags := usual
	for i := 0; i < len(changes); i += 2 {
		name, value := changes[i], changes[i+1]
		switch found := tagPattern(name).MatchString(tags); {
		case value == "-":
			tags = tagPattern(name).ReplaceAllString(tags, "")
		case found:
			tags = fillTag(tags, name, value)
		default:
			tags = name + "=" + value + "; " + tags
		}
	}
	return strings.TrimPrefix(tags, ";")
}

// TestSignaturesRefusedWithoutALookup has signatures with exactly one fault: each is made
// over the fault. None needs a key.
func TestSignaturesRefusedWithoutALookup(t *testing.T) {
	for _, tc := range []struct{ name, tags, want string }{
		{"v=2", with("v", "2"), "permerror: the signature is not of version 1 (v=)"},
		{"v=01", with("v", "01"), "permerror: the signature is not of version 1 (v=)"},
		{"no v", with("v", "-"), "permerror: the signature is not of version 1 (v=)"},
		{"no a", with("a", "-"), "permerror: the signature has no tag a="},
		{"no d", with("d", "-"), "permerror: the signature has no tag d="},
		{"no h", with("h", "-"), "permerror: the signature has no tag h="},
		{"no s", with("s", "-"), "permerror: the signature has no tag s="},
		{"empty d", with("d", ""), "permerror: the signature has no tag d="},
		{"empty s", with("s", ""), "permerror: the signature has no tag s="},
		{"no list of tags", usual + "; junk", "permerror: the signature is not a list of tags (RFC 6376, section 3.2)"},
		{"a name with a digit first", usual + "; 1a=b", "permerror: the signature is not a list of tags (RFC 6376, section 3.2)"},
		{"a tag without a name", usual + "; =b", "permerror: the signature is not a list of tags (RFC 6376, section 3.2)"},
		{"d twice", usual + "; d=example.org", "permerror: the signature repeats a tag"},
		{"an unknown tag twice", usual + "; y=1; y=2", "permerror: the signature repeats a tag"},
		{"101 tags", usual + manyTags(95), "permerror: the signature has more than 100 tags"},

		{"rsa-sha1", with("a", "rsa-sha1"), "permerror: the algorithm of the signature, rsa-sha1, is too weak"},
		{"rsa-sha512", with("a", "rsa-sha512"), "permerror: the algorithm of the signature (a=) is unknown"},
		{"a= without a hash", with("a", "rsa"), "permerror: the algorithm of the signature (a=) is unknown"},
		{"a= with a Kelvin sign", with("a", "rsa-sha256\u212a"), "permerror: the algorithm of the signature (a=) is unknown"},
		{"c=nowsp", with("c", "nowsp/simple"), "permerror: the canonicalization of the signature (c=) is unknown"},
		{"c=simple/nofws", with("c", "simple/nofws"), "permerror: the canonicalization of the signature (c=) is unknown"},
		{"c=/relaxed", with("c", "/relaxed"), "permerror: the canonicalization of the signature (c=) is unknown"},
		{"c=relaxed/simple/simple", with("c", "relaxed/simple/simple"), "permerror: the canonicalization of the signature (c=) is unknown"},
		{"q=http", with("q", "http/text"), "permerror: the key of the signature is not in DNS (q=)"},

		{"From not covered", with("h", "To:Subject"), "permerror: the signature does not cover the From field"},
		{"a name like From", with("h", "X-From:From-X"), "permerror: the signature does not cover the From field"},
		{"an empty name", with("h", "From::To"), "permerror: the list of signed header fields (h=) has an empty name"},
		{"a colon at the end", with("h", "From:"), "permerror: the list of signed header fields (h=) has an empty name"},
		{"1001 names", with("h", "From"+strings.Repeat(":x", 1000)), "permerror: the signature covers more than 1000 header fields"},

		{"d with a bracket", with("d", "example.net(.example.org"), "permerror: the domain of the signature (d=) has an invalid character"},
		{"d with a blank", with("d", "example. org"), "permerror: the domain of the signature (d=) has an invalid character"},
		{"d with a NUL", with("d", "example\x01.org"), "permerror: the domain of the signature (d=) has an invalid character"},
		{"d of 300 octets", with("d", strings.Repeat("a.", 150)+"example.org"), "permerror: the domain of the signature (d=) has more than 253 octets"},
		{"d with an empty label", with("d", "example..org"), "permerror: the domain of the signature (d=) has an empty label"},
		{"d is an address", with("d", "192.0.2.1"), "permerror: the domain of the signature (d=) is a number or an address, not a name"},
		{"s with an empty label", with("s", "a..b"), "permerror: the selector of the signature (s=) is invalid"},
		{"s begins with a dot", with("s", ".a"), "permerror: the selector of the signature (s=) is invalid"},
		{"s ends with a dot", with("s", "a."), "permerror: the selector of the signature (s=) is invalid"},
		{"s with a slash", with("s", "../a"), "permerror: the selector of the signature (s=) is invalid"},
		{"s with a percent sign", with("s", "%s"), "permerror: the selector of the signature (s=) is invalid"},
		{"s is no UTF-8", with("s", "a\xff"), "permerror: the selector of the signature (s=) is invalid"},
		{"s too long for a label", with("s", strings.Repeat("a", 64)), "permerror: there is no key record"},
		{"s too long for a name", with("s", strings.Repeat("a.", 120)+"a"), "permerror: there is no key record"},

		{"i= elsewhere", with("i", "@example.net"), "permerror: the identity of the signature (i=) is not within its domain"},
		{"i= above d=", with("i", "@org"), "permerror: the identity of the signature (i=) is not within its domain"},
		{"i= ends like d=", with("i", "@evilexample.org"), "permerror: the identity of the signature (i=) is not within its domain"},
		{"i= without @", with("i", "mail.example.org"), "permerror: the identity of the signature (i=) is not within its domain"},
		{"i= elsewhere, quoted", with("i", "ann@example.org=2Enet"), "permerror: the identity of the signature (i=) is not within its domain"},
		{"i= with another domain last, quoted", with("i", "ann@example.org=40example.net"), "permerror: the identity of the signature (i=) is not within its domain"},
		{"i= with an invalid quoted domain", with("i", "ann@=00example.org"), "permerror: the identity of the signature (i=) is not within its domain"},
		{"i= with @ at the end", with("i", "@example.org@"), "permerror: the identity of the signature (i=) is not within its domain"},
		{"i= with another domain last", with("i", "@example.org@example.net"), "permerror: the identity of the signature (i=) is not within its domain"},

		{"l=0", with("l", "0"), "policy: the signature leaves the end of the body unsigned (l=)"},
		{"l= of more than the body", with("l", "99999999999999999999"), "permerror: the signature covers a longer body than the message has (l=)"},
		{"l= of 76 digits", with("l", strings.Repeat("9", 76)), "permerror: the signature covers a longer body than the message has (l=)"},
		{"l= empty", with("l", ""), "permerror: the length of the signed body (l=) is not a number"},
		{"l=-1", with("l", "-1"), "permerror: the length of the signed body (l=) is not a number"},
		{"l=1k", with("l", "1k"), "permerror: the length of the signed body (l=) is not a number"},

		{"x= in the past", with("x", "1769940000"), "permerror: the signature has expired (x=)"},
		{"x= six minutes ago", with("x", "1770026040"), "permerror: the signature has expired (x=)"},
		{"x=0", with("x", "0"), "permerror: the signature has expired (x=)"},
		{"x= before t=", with("t", "1770026400", "x", "1770026399"), "permerror: the signature expires before it was made (x=)"},
		{"x= is t=", with("t", "1770026400", "x", "1770026400"), "permerror: the signature expires before it was made (x=)"},
		{"t= six minutes ahead", with("t", "1770026760"), "permerror: the signature is dated in the future (t=)"},
		{"t= of 20 digits", with("t", "99999999999999999999"), "permerror: the signature is dated in the future (t=)"},
		{"t=-1", with("t", "-1"), "permerror: a time of the signature (t=, x=) is not a number"},
		{"t=+1", with("t", "+1"), "permerror: a time of the signature (t=, x=) is not a number"},
		{"t= empty", with("t", ""), "permerror: a time of the signature (t=, x=) is not a number"},
		{"x=never", with("x", "never"), "permerror: a time of the signature (t=, x=) is not a number"},

		{"b= is not base64", with("b", "a?b"), "permerror: the signature data (b=) is not base64"},
		{"bh= is not base64", with("bh", "a?b"), "permerror: the body hash (bh=) is not a SHA-256 hash in base64"},
		{"bh= of another length", with("bh", "AAAA"), "permerror: the body hash (bh=) is not a SHA-256 hash in base64"},
		{"bh= of another body", with("bh", base64.StdEncoding.EncodeToString(make([]byte, 32))), "fail: the body of the message has changed since it was signed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dns := world()
			if got := said(verify(t, dns, sign(tc.tags, mail, rsaKey()))); got != tc.want {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
			if asked := dns.Asked(); len(asked) > 0 {
				t.Errorf("asked %s", asked)
			}
		})
	}
	for name, want := range map[string]string{
		"b":  "permerror: the signature has no tag b=",
		"bh": "permerror: the signature has no tag bh=",
	} {
		raw := "DKIM-Signature: " + with("b", "AAAA", "bh", "AAAA", name, "-") + "\r\n" + mail
		if got := said(verify(t, world(), raw)); got != want {
			t.Errorf("without %s=: %s, want %s", name, got, want)
		}
	}
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "; t%d=x", i)
	}
	return b.String()
}

// TestAmbiguousHeaders has headers that programs read differently, so that no signature
// protects them.
func TestAmbiguousHeaders(t *testing.T) {
	signed := sign(usual, mail, rsaKey())
	oversigned := sign(with("h", "From:From:To"), mail, rsaKey())
	head, body, _ := strings.Cut(signed, "\r\n\r\n")
	noFrom := strings.Replace(mail, "From: Ann <ann@example.org>\r\n", "", 1)
	for _, tc := range []struct{ name, raw, want string }{
		{"as it was", signed, "pass"},
		{"no From", sign(usual, noFrom, rsaKey()), "permerror: the message has no From field"},
		{"a second From on top", "From: x@example.net\r\n" + signed, "policy: the message has a From field that the signature does not cover"},
		{"a second From at the bottom", head + "\r\nFrom: x@example.net\r\n\r\n" + body, "policy: the message has a From field that the signature does not cover"},
		{"a second From with a blank", "From : x@example.net\r\n" + signed, "policy: the message has a From field that the signature does not cover"},
		{"a second From, oversigned", "From: x@example.net\r\n" + oversigned, "fail: the signature does not match the message"},
		{"two From, both signed", sign(with("h", "From:From"), "From: x@example.net\r\n"+mail, rsaKey()), "pass"},
		{"a field with a no-break space is another", "From\u00a0: x@example.net\r\n" + signed, "pass"},
		{"a first line that continues nothing", " From: x@example.net\r\n" + signed, "pass"},
		{"the line of a mailbox file", "From ann@example.org Mon Feb  2 2026\r\n" + signed, "pass"},
		{"NUL", "X: \x00\r\n" + signed, "policy: the header of the message has a NUL"},
		{"NUL in what is signed", sign(usual, strings.Replace(mail, "Subject: ", "Subject: \x00", 1), rsaKey()), "policy: the header of the message has a NUL"},
		{"CR inside a line", "X: a\rFrom: x@example.net\r\n" + signed, "policy: the header of the message has a CR inside a line"},
		{"CR inside From", sign(usual, strings.Replace(mail, "Ann ", "Ann\r", 1), rsaKey()), "policy: the header of the message has a CR inside a line"},
		{"two CR at the end of a line", "X: a\r\r\n" + signed, "policy: the header of the message has a CR inside a line"},
		{"a CR on a line of blanks", "X: a\r\n \r\r\n" + signed, "policy: the header of the message has a CR inside a line"},
		{"8-bit", "X: \xff\r\n" + signed, "pass"},
		{"1000 fields", strings.Repeat("X: y\r\n", 1000-6) + signed, "pass"},
		{"1001 fields", strings.Repeat("X: y\r\n", 1001-6) + signed, "permerror: the header of the message has more than 1000 fields"},
		{"more than 1 MiB", "X: y\r\n" + strings.Repeat(" "+strings.Repeat("y", 900)+"\r\n", 1200) + signed, ""},
		{"more than 1 MiB below", head + "\r\nX: y\r\n" + strings.Repeat(" "+strings.Repeat("y", 900)+"\r\n", 1200) + "\r\n" + body, "permerror: the header of the message is longer than 1 MiB"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := said(verify(t, world(), tc.raw)); got != tc.want {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestLineEnds tests that lines with any line end are verified as with CRLF.
func TestLineEnds(t *testing.T) {
	head, _, _ := strings.Cut(mail, "\r\n\r\n")
	for _, form := range []string{"simple/simple", "relaxed/relaxed"} {
		signed := sign(with("c", form), mail, rsaKey())
		bodiless := sign(with("c", form), head+"\r\n\r\n", rsaKey())
		for _, tc := range []struct{ name, raw string }{
			{"LF", strings.ReplaceAll(signed, "\r\n", "\n")},
			{"LF in some lines", strings.Replace(signed, "\r\n", "\n", 7)},
			{"LF in the body", strings.Replace(signed, ".\r\n", ".\n", 2)},
			{"an empty line less at the end", strings.TrimSuffix(signed, "\r\n")},
			{"no empty line after the header", strings.TrimSuffix(bodiless, "\r\n")},
			{"no line end at all", strings.TrimSuffix(bodiless, "\r\n\r\n")},
		} {
			if got := said(verify(t, world(), tc.raw)); got != "pass" {
				t.Errorf("%s, %s: %s", form, tc.name, got)
			}
		}
	}
}

// modulus returns a number of this many bits, which has no known factors.
func modulus(bits int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return n.SetBit(n, 0, 1)
}

func rsaRecord(bits, exponent int) string {
	return "v=DKIM1; p=" + base64.StdEncoding.EncodeToString(spki(&rsa.PublicKey{N: modulus(bits), E: exponent}))
}

func TestKeys(t *testing.T) {
	good := record(rsaKey())
	data := strings.TrimPrefix(good, "v=DKIM1; k=rsa; p=")
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const unfit = "fail: the signature does not match the message"
	for _, tc := range []struct {
		name    string
		records []string
		tags    string
		want    string
	}{
		{"as usual", []string{good}, "", "pass"},
		{"no version, no type", []string{"p=" + data}, "", "pass"},
		{"bare RSAPublicKey", []string{"p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(rsaKey().Public().(*rsa.PublicKey)))}, "", "pass"},
		{"blanks and tabs inside the key", []string{"v = DKIM1 ;\tk = RSA; p = " + data[:40] + " \t" + data[40:80] + " " + data[80:] + " ; "}, "", "pass"},
		{"all tags", []string{"v=DKIM1; h=sha1:SHA256; k=rsa; n=notes; s=email; t=s; x=unknown; p=" + data}, "", "pass"},
		{"for every service", []string{"v=DKIM1; s=other:*; p=" + data}, "", "pass"},
		{"beside other records", []string{good, "v=spf1 -all", "anything"}, "", "pass"},

		{"none", nil, "", "permerror: there is no key record"},
		{"another record", []string{"v=spf1 -all"}, "", "permerror: the TXT record is not a key record"},
		{"DKIM2", []string{"v=DKIM2; p=" + data}, "", "permerror: the TXT record is not a key record"},
		{"dkim1", []string{"v=dkim1; p=" + data}, "", "permerror: the TXT record is not a key record"},
		{"version not first", []string{"k=rsa; v=DKIM1; p=" + data}, "", "permerror: the key record does not begin with its version (v=)"},
		{"two", []string{good, record(edKey)}, "", "permerror: there is more than one key record"},
		{"a hundred", hundred(good), "", "permerror: there is more than one key record"},
		{"no p", []string{"v=DKIM1; k=rsa"}, "", "permerror: the key record has no key (p=)"},
		{"revoked", []string{"v=DKIM1; k=rsa; p="}, "", "permerror: the key has been revoked"},
		{"junk", []string{good + "; junk"}, "", "permerror: the key record is not a list of tags (RFC 6376, section 3.2)"},
		{"p twice", []string{good + "; p=" + data}, "", "permerror: the key record repeats a tag"},
		{"no base64", []string{"v=DKIM1; p=!"}, "", "permerror: the key (p=) is not base64"},
		{"no key", []string{"v=DKIM1; p=AAAA"}, "", "permerror: the key (p=) is not an RSA key"},
		{"EC key", []string{"v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(spki(ec.Public()))}, "", "permerror: the key (p=) is not an RSA key"},
		{"unknown type", []string{"v=DKIM1; k=ecdsa; p=" + data}, "", "permerror: the type of the key (k=) is unknown"},
		{"for SHA-1 only", []string{"v=DKIM1; h=sha1; p=" + data}, "", "permerror: the key is not for SHA-256 (h=)"},
		{"not for mail", []string{"v=DKIM1; s=tlsrpt; p=" + data}, "", "permerror: the key is not for mail (s=)"},
		{"of the other type", []string{record(edKey)}, "", "permerror: the key has another type than the signature"},
		{"of the other type, other way round", []string{good}, with("a", "ed25519-sha256"), "permerror: the key has another type than the signature"},
		{"Ed25519 as SubjectPublicKeyInfo", []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(spki(edKey.Public()))}, "", "permerror: the key (p=) is not an Ed25519 key"},
		{"longer than 8 KiB", []string{good + "; n=" + strings.Repeat("x", 8<<10)}, "", "permerror: the key record is longer than 8 KiB"},
		{"another record longer than 8 KiB", []string{good, strings.Repeat("p=", 8<<10)}, "", "pass"},

		{"512 bits", []string{rsaRecord(512, 65537)}, "", "permerror: the key is shorter than 1024 bits"},
		{"1023 bits", []string{rsaRecord(1023, 65537)}, "", "permerror: the key is shorter than 1024 bits"},
		{"1024 bits of somebody else", []string{rsaRecord(1024, 65537)}, "", unfit},
		{"4096 bits of somebody else", []string{rsaRecord(4096, 65537)}, "", unfit},
		{"4097 bits", []string{rsaRecord(4097, 65537)}, "", "permerror: the key is longer than 4096 bits"},
		{"32768 bits", []string{rsaRecord(32768, 65537)}, "", "permerror: the key is longer than 4096 bits"},
		{"262144 bits, 44 KB", []string{rsaRecord(262144, 1<<31-1)}, "", "permerror: the key record is longer than 8 KiB"},
		{"exponent 3", []string{rsaRecord(2048, 3)}, "", unfit},
		{"exponent 1", []string{rsaRecord(2048, 1)}, "", "permerror: the key (p=) is not a usable RSA key"},
		{"even exponent", []string{rsaRecord(2048, 65536)}, "", "permerror: the key (p=) is not a usable RSA key"},
		{"greatest exponent", []string{rsaRecord(2048, 1<<31-1)}, "", unfit},
		{"exponent beyond", []string{rsaRecord(2048, 1<<31+1)}, "", "permerror: the key (p=) is not a usable RSA key"},

		{"for the domain only, and it is", []string{good + "; t=s"}, with("i", "bob@EXAMPLE.org"), "pass"},
		{"for the domain only, and it is not, quoted", []string{good + "; t=s"}, with("i", "bob=40mail.example=2Eorg"), "permerror: the key allows no identity below the domain (t=s)"},
		{"for the domain only, and it is not", []string{good + "; t=y:s"}, with("i", "bob@mail.example.org"), "permerror: the key allows no identity below the domain (t=s)"},
		{"testing, and it passes", []string{good + "; t=y"}, "", "pass"},
		{"testing, and it fails", []string{rsaRecord(2048, 65537) + "; t=y"}, "", "neutral: the signature does not match the message, and its key is for testing (t=y)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tags := tc.tags
			if tags == "" {
				tags = usual
			}
			tags = fillTag(tags, "s", "sel")
			if got := said(verify(t, selector(tc.records), sign(tags, mail, rsaKey()))); got != tc.want {
				t.Errorf("%s\nwant %s", got, tc.want)
			}
		})
	}
}

func hundred(text string) []string {
	var records []string
	for i := range 100 {
		records = append(records, fmt.Sprintf("%s; n=%d", text, i))
	}
	return records
}

// selector returns a world in which the selector sel has these records.
func selector(records []string) *zone.Zone {
	var lines []string
	for _, text := range records {
		lines = append(lines, "sel._domainkey.example.org. TXT "+txt(text))
	}
	return world(lines...)
}

// TestKeyLookups tests keys at an alias and below names of any script.
func TestKeyLookups(t *testing.T) {
	dns := world(
		"*._domainkey.alias.example. CNAME rsa._domainkey.example.org.",
		"a._domainkey.loop.example. CNAME b._domainkey.loop.example.",
		"b._domainkey.loop.example. CNAME a._domainkey.loop.example.",
		"xn--br-via._domainkey.xn--bcher-kva.example. TXT "+txt(record(rsaKey())),
		"a.b._domainkey.example.org. TXT "+txt(record(rsaKey())),
		"2026._domainkey.example.org. TXT "+txt(record(rsaKey())),
		"rsa._domainkey.github.io. TXT "+txt(record(rsaKey())),
		"rsa._domainkey.gov.uk. TXT "+txt(record(rsaKey())),
		"rsa._domainkey.sp.gov.br. TXT "+txt(record(rsaKey())),
		"rsa._domainkey.mil.no. TXT "+txt(record(rsaKey())),
		"rsa._domainkey.bank. TXT "+txt(record(rsaKey())),
	)
	for _, tc := range []struct{ domain, selector, want string }{
		{"alias.example", "any", "pass"},
		{"loop.example", "a", "temperror: the lookup of the key failed"},
		{"bücher.example", "bär", "pass"},
		{"xn--bcher-kva.example", "xn--br-via", "pass"},
		{"example.org", "a.b", "pass"},
		{"example.org", "2026", "pass"},
		{"EXAMPLE.ORG.", "2026", "pass"},
		{"github.io", "rsa", "pass"}, // public suffixes, some of which send mail
		{"GOV.UK.", "rsa", "pass"},
		{"sp.gov.br", "rsa", "pass"},
		{"mil.no", "rsa", "pass"},
		{"bank", "rsa", "pass"},
		{"co.uk", "rsa", "permerror: there is no key record"},
	} {
		if got := said(verify(t, dns, sign(with("d", tc.domain, "s", tc.selector), mail, rsaKey()))); got != tc.want {
			t.Errorf("%s of %s: %s, want %s", tc.selector, tc.domain, got, tc.want)
		}
	}
}

func TestKeyDetails(t *testing.T) {
	for _, tc := range []struct {
		key     string
		record  string
		bits    int
		testing bool
	}{
		{"rsa", record(rsaKey()), 2048, false},
		{"small", record(smallKey()) + "; t=y", 1024, true},
		{"ed", record(edKey) + "; t=s:y", 256, true},
	} {
		algorithm := "rsa-sha256"
		if tc.key == "ed" {
			algorithm = "ed25519-sha256"
		}
		result := verify(t, selector([]string{tc.record}), sign(with("s", "SEL", "a", algorithm, "t", "1770026400", "x", "1770112800"), mail, keyOf(tc.key)))
		s := result.Signatures[0]
		if s.Word != "pass" || s.KeyBits != tc.bits || s.Testing != tc.testing {
			t.Errorf("%s: %+v", tc.key, s)
		}
		if s.Domain != "example.org" || s.Selector != "sel" || s.Identity != "@example.org" || s.Algorithm != algorithm ||
			len(s.Prefix) != 8 || s.Signed.Unix() != 1770026400 || s.Expires.Unix() != 1770112800 || s.Err != nil {
			t.Errorf("%s: %+v", tc.key, s)
		}
	}
}

// TestFailedLookupIsNeverPermanent tests that a failed lookup is a temperror.
func TestFailedLookupIsNeverPermanent(t *testing.T) {
	signed := sign(usual, mail, rsaKey())
	for _, fault := range []string{zone.SERVFAIL, zone.REFUSED, zone.Timeout} {
		dns := world().Failing("rsa._domainkey.example.org. TXT", fault)
		result := verify(t, dns, signed)
		if got := said(result); got != "temperror: the lookup of the key failed" || result.Signatures[0].Err == nil {
			t.Errorf("%v: %s, %v", fault, got, result.Signatures[0].Err)
		}
	}
	if got := said(verify(t, nil, signed)); got != "temperror: the lookup of the key failed" {
		t.Errorf("without a resolver: %s", got)
	}

	m, err := envelope.Spool{Memory: 1, Dir: t.TempDir()}.ReadMessage(strings.NewReader(signed))
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if got := said(dkim.Evaluate(t.Context(), world(), &envelope.Envelope{Message: m, Now: now})); got != "temperror: the message could not be read" {
		t.Errorf("a spool that is gone: %s", got)
	}
}
