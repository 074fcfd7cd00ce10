package analysis_test

import (
	"crypto/tls"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/envelope/message"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/sender"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/greylist/reputation"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/spf"
	"mxrules.example/verdict/analysis"
)

// Signatures that are valid over From: ann@example.net and the body of this test.
const (
	validSignature   = "DKIM-Signature: v=1; a=ed25519-sha256; d=example.net; s=specimen; h=From; bh=yZQq1c8wjBl0fZ4Wc/oraMCAG1mZJv5v/hlvyFy+t6A=; b=BZ7wn5ipQ4A6MCwWg02iQAL0T05t8MuBBTDeqYUT0Ki8p9Ij0AESQytKbDAyytt0h/DCPhWoD6APQ5yJEuHTAQ==\r\n"
	foreignSignature = "DKIM-Signature: v=1; a=ed25519-sha256; d=neutral.example; s=specimen; h=From; bh=yZQq1c8wjBl0fZ4Wc/oraMCAG1mZJv5v/hlvyFy+t6A=; b=+Q7VkAOkRvnCPREpFM7aJ6KojulfulUyeuRbpoz3k4tqY+Mue+7GpbElxLGEeZmago69KVmxsfoe6A7B+YkBCg==\r\n"
)

// checksOfFacts returns the checks that the built-in facts are about.
func checksOfFacts(t *testing.T) []envelope.Check {
	t.Helper()
	mailboxes, err := directory.List("bob@example.org", "postmaster@example.org")
	if err != nil {
		t.Fatal(err)
	}
	owners, err := directory.OwnersFrom(map[string][]string{"bob": {"bob@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	bad, store := dnsbl.List{Zone: "bad.example"}, new(greylist.Memory)
	return []envelope.Check{
		client.Authenticated, client.TLS, client.Waited, client.In([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/28")}),
		helo.Present, helo.Syntax, helo.FQDN, helo.Literal, helo.Resolves, helo.Matches, helo.NotGeneric, helo.In("mail.example.net", ".example.com"),
		helo.NotOurs([]string{"mx.example.org"}, nil),
		rdns.Exists, rdns.Confirmed, rdns.NotGeneric, rdns.In(".example.net"), rdns.NotIn(".example.com"), rdns.MatchesHelo, rdns.BacksHelo("example.net", "example.com"),
		sender.Null, sender.Syntax, sender.FQDN, sender.BounceToOne, sender.NotOurs("example.org"), sender.Ours("example.org"), sender.In("example.net", "example.org"),
		sender.Listed([]string{"example.org"}, mailboxes), sender.OwnedByLogin(owners), sender.Resolves, sender.TakesMail, sender.MXUsable, sender.MXNotAlias,
		recipient.Syntax, recipient.FQDN, recipient.Ours("example.org"), recipient.Role([]string{"example.org"}), recipient.In("bob@example.org"),
		recipient.Listed(mailboxes), recipient.TakesMail,
		spf.Pass, spf.NotFail, spf.NotSoftFail, spf.Valid, spf.HeloNotFail,
		dkim.Signed, dkim.Pass, dkim.PassFor("example.net"), dkim.Covers("From"),
		dmarc.Pass, dmarc.NotReject, dmarc.NotQuarantine, dmarc.Published, dmarc.SingleAuthor, dmarc.AlignedFor("example.net"), dmarc.AuthorOwned(owners),
		message.LinesEnded, message.SingleFields, message.Dated, message.ASCIIHeader, message.LineLength, message.WellFormed, message.NoLoop,
		message.Bulk, message.OneClick, message.List("list.example"),
		dnsbl.NotListed(bad), dnsbl.Listed(bad), dnsbl.ScoreBelow(1, dnsbl.List{Zone: bad.Zone, Weight: 1}), dnsbl.HeloNotListed(bad), dnsbl.SenderNotListed(bad),
		dnsbl.PTRNotListed(bad), dnsbl.ASN("origin.example", "", 64500),
		greylist.Known(store, greylist.Options{}), greylist.Trusted(store, 1, greylist.Options{}),
		quota.Within(store, quota.Key{Of: quota.Login}, 1, time.Hour), reputation.Good(store, reputation.Options{}),
	}
}

func zoneOfFacts() *zone.Zone {
	return zone.MustParse(`
		mail.example.net.         A    192.0.2.9
		example.net.              MX   10 mail.example.net.
		example.net.              TXT  "v=spf1 ip4:192.0.2.9 -all"
		_dmarc.example.net.       TXT  "v=DMARC1; p=reject"
		9.2.0.192.in-addr.arpa.   PTR  mail.example.net.
		8.2.0.192.in-addr.arpa.   PTR  dyn-192-0-2-8.pool.example.com.
		7.2.0.192.in-addr.arpa.   PTR  broken.example.net.
		example.com.              MX   0 .
		example.com.              TXT  "v=spf1 ~all"
		_dmarc.example.com.       TXT  "v=DMARC1; p=quarantine"
		alias.example.net.        MX   10 cname.example.net.
		alias.example.net.        TXT  "v=spf1 +bogus"
		_dmarc.alias.example.net. TXT  "v=DMARC1; p=none"
		cname.example.net.        CNAME mail.example.net.
		neutral.example.          TXT  "v=spf1 ?all"
		neutral.example.          A    192.0.2.9
		specimen._domainkey.example.net.     TXT "v=DKIM1; k=ed25519; p=KzrULspLMttoU7o3ABgH1Q19WlvO76k0APOghtIxSVM="
		specimen._domainkey.neutral.example. TXT "v=DKIM1; k=ed25519; p=KzrULspLMttoU7o3ABgH1Q19WlvO76k0APOghtIxSVM="
		9.2.0.192.bad.example.    A    127.0.0.2
		8.2.0.192.bad.example.    A    192.0.2.99
		example.com.bad.example.  A    127.0.0.2
	`).Failing("broken.example.net.", zone.SERVFAIL).Failing("broken.example.", zone.SERVFAIL).
		Failing("6.2.0.192.in-addr.arpa.", zone.SERVFAIL).Failing("_dmarc.broken.example.", zone.SERVFAIL)
}

// randomMail returns mail that the checks find anything about.
func randomMail(rng *rand.Rand) *envelope.Envelope {
	one := func(values ...string) string { return values[rng.IntN(len(values))] }
	e := &envelope.Envelope{
		Helo: one("", "mail.example.net", "mail", "[192.0.2.9]", "[192.0.2.1]", "[x:y]", "192.0.2.9", "not a name", "dyn-192-0-2-8.pool.example.com",
			"broken.example.net", "mx.example.org", "bücher.example", "nowhere.example.net", "example.com"),
		MailFrom: one("", "ann@example.net", "ann", "ann@localhost", "ann@[192.0.2.1]", "a b", "@", "bob@example.org", "eve@example.org", "ann@example.com",
			"ann@alias.example.net", "ann@neutral.example", "ann@broken.example", "ann@nowhere.example", "bücher@example.net", "ann@xn--0.example"),
		RcptTo: one("", "bob@example.org", "eve@example.org", "postmaster", "postmaster@example.org", "a b", "x@localhost", "x@[192.0.2.1]", "x%y@example.org",
			"@a.example:bob@example.org", "ann@example.com", "ann@broken.example", "postmaster@localhost"),
		Login:      one("", "", "bob"),
		Recipients: rng.IntN(2),
		SpokeEarly: rng.IntN(2) == 0,
		SMTPUTF8:   rng.IntN(2) == 0,
	}
	if ip := one("", "192.0.2.1", "192.0.2.6", "192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.99", "2001:db8::1", "127.0.0.1"); ip != "" {
		e.ClientIP = netip.MustParseAddr(ip)
	}
	if rng.IntN(2) == 0 {
		e.TLS = &tls.ConnectionState{}
	}
	if rng.IntN(4) > 0 {
		var text strings.Builder
		for _, field := range []string{
			one("", "Date: Fri, 27 Nov 2026 21:00:00 +0000\r\n", "Date: x\n"),
			one("", "From: ann@example.net\r\n", "From: ann@example.com\r\n", "From: ann@alias.example.net\r\n", "From: ann@broken.example\r\n", "From: ann@example.net\r\nFrom: x@y\r\n"),
			one("", "Subject: "+strings.Repeat("x", 1200)+"\r\n", "Subject: \xff\r\n"),
			one("", "", validSignature, foreignSignature, "DKIM-Signature: v=1; a=rsa-sha256; d=example.net; s=s; h=from; bh=x; b=y\r\n", "DKIM-Signature: v=1; a=rsa-sha256; d=broken.example; s=s; h=from:date; bh=YQ==; b=YQ==\r\n"),
			one("", strings.Repeat("Received: x\r\n", 51)),
		} {
			text.WriteString(field)
		}
		e.Message = envelope.NewMessage([]byte(text.String() + "\r\nHello.\r\n"))
	}
	return e
}

// The built-in facts hold for what the checks really find.
func TestFactsHoldForTheChecks(t *testing.T) {
	checks, dns, rng := checksOfFacts(t), zoneOfFacts(), rand.New(rand.NewPCG(1, 2))
	tested := map[string]bool{}
	for range 2_000 * times() {
		e, found := randomMail(rng), map[string]envelope.Outcome{}
		ctx := envelope.WithJudgement(t.Context())
		for _, check := range checks {
			finding := check(ctx, dns, e)
			found[finding.Check] = finding.Outcome
		}
		if texts := analysis.Contradictions(found, tested); len(texts) > 0 {
			t.Fatalf("%+v:\n%s", e, strings.Join(texts, "\n"))
		}
	}
	for _, fact := range analysis.Untested(tested) {
		t.Errorf("no envelope puts to the test: %s", fact)
	}
}
