package postmaster

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/greylist"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/explain"
)

// The advice of the form, applied to DNS one after another, ends in an accept.
func TestTheAdviceOfTheFormMendsTheServer(t *testing.T) {
	records := "example.net. MX 0 .\nother.example. A 192.0.2.1\n"
	values := url.Values{"address": {"192.0.2.77"}, "helo": {"mail.example.net"}, "sender": {"ann@example.net"}}
	standard := func(records string) Site {
		site := newSite(t, records)
		var err error
		// Strict would refuse the address too, because it is one for documentation.
		if site.Policy, err = policies.Standard(policies.Site{Domains: []string{"example.org"}}); err != nil {
			t.Fatal(err)
		}
		return site
	}
	h := New(standard(records)).(*handler)
	x := h.judge(t.Context(), explain.English(), netip.MustParseAddr("192.0.2.77"), form{Helo: values.Get("helo"), Sender: values.Get("sender")})
	if x.Accepted || len(x.Changes) < 2 {
		t.Fatalf("%s: %d changes", x.Verdict, len(x.Changes))
	}
	records = "other.example. A 192.0.2.1\nmail.example.net. A 192.0.2.77\n"
	for _, change := range x.Changes {
		for _, record := range change.Records {
			if !strings.Contains(records, record) {
				records += strings.ReplaceAll(record, "mail.example.net. MX", "example.net. MX") + "\n"
			}
		}
	}
	if status, page := get(t, New(standard(records)), "/test", values); status != 200 || !strings.Contains(page, "Accepted") {
		t.Errorf("%d: with\n%s%s", status, records, page)
	}
}

func TestOnlyTheVisitorsOwnAddressIsTested(t *testing.T) {
	site := newSite(t, "")
	dns := site.Resolver.(*zone.Zone)
	form := url.Values{"address": {"192.0.2.1"}, "helo": {"mail.example.net"}}
	if _, page := get(t, New(site), "/test", form); !strings.Contains(page, "Only your own address can be tested, which is 192.0.2.77") || len(dns.Asked()) > 0 {
		t.Errorf("asked %v", dns.Asked())
	}
	if _, page := get(t, New(site), "/test", url.Values{"address": {"x"}}); !strings.Contains(page, "not an IP address") {
		t.Error("an invalid address is tested")
	}
	site.Allow = func(_ *http.Request, address string) bool { return address == "192.0.2.1" }
	if _, page := get(t, New(site), "/test", form); !strings.Contains(page, "Refused") {
		t.Error("an address that is allowed is not tested")
	}
}

func TestTestsAreLimited(t *testing.T) {
	site := newSite(t, "")
	site.TestsPerHour = 3
	now := start
	site.Now = func() time.Time { return now }
	h := New(site)
	form := url.Values{"address": {"192.0.2.77"}, "helo": {"localhost"}}
	for i := range 5 {
		want := 200
		if i >= 3 {
			want = 429
		}
		if status, _ := get(t, h, "/test", form); status != want {
			t.Errorf("test %d: %d", i+1, status)
		}
	}
	now = now.Add(time.Hour)
	if status, _ := get(t, h, "/test", form); status != 200 {
		t.Errorf("an hour later: %d", status)
	}
	l := limiter{most: 1, seen: map[string]*visits{}}
	for i := range 2 * maxVisitors {
		l.take(fmt.Sprint(i), start)
	}
	if len(l.seen) > maxVisitors {
		t.Errorf("%d visitors are remembered", len(l.seen))
	}
	if !l.take("new", start.Add(time.Hour)) {
		t.Error("visitors of an earlier hour are not forgotten")
	}
}

func TestALargeFormIsRefused(t *testing.T) {
	if status, page := get(t, New(newSite(t, "")), "/test", url.Values{"message": {strings.Repeat("x", maxForm)}}); status != 413 || !strings.Contains(page, "too large") {
		t.Errorf("%d", status)
	}
}

// The link of a refusal allows tests of the client that was refused, as often as a
// visitor may, all visitors together.
func TestALinkIsProof(t *testing.T) {
	site := newSite(t, "")
	site.TestsPerHour = 2
	link := strings.TrimPrefix(refuse(t, site, "mail.example.net"), "/r/")
	from := func(n int) {
		site.Visitor = func(*http.Request) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}) }
	}
	from(1)
	if _, page := get(t, New(site), "/test?link="+link, nil); !strings.Contains(page, `name="link"`) || !strings.Contains(page, `value="192.0.2.77"`) {
		t.Errorf("the form does not have the client of the link:\n%s", page)
	}
	form := func(address, link string) url.Values {
		return url.Values{"address": {address}, "helo": {"mail.example.net"}, "link": {link}}
	}
	for name, values := range map[string]url.Values{"another address": form("192.0.2.78", link), "a forged link": form("192.0.2.77", link[1:]), "no link": form("192.0.2.77", "")} {
		if _, page := get(t, New(site), "/test", values); !strings.Contains(page, "Only your own address can be tested") {
			t.Errorf("%s is tested", name)
		}
	}
	h := New(site).(*handler)
	for i, want := range []string{"Refused", "Refused", "used for many tests"} {
		from(i)
		h.Visitor = site.Visitor
		if _, page := get(t, h, "/test", form("192.0.2.77", link)); !strings.Contains(page, want) {
			t.Errorf("test %d by the link does not say %q", i+1, want)
		}
	}
}

func TestVisitorsBehindProxies(t *testing.T) {
	visitor := BehindProxies(netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/8"))
	for _, tc := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"192.0.2.77:1", nil, "192.0.2.77"},
		{"192.0.2.77:1", []string{"203.0.113.1"}, "192.0.2.77"}, // a visitor wrote it
		{"127.0.0.1:1", []string{"192.0.2.77"}, "192.0.2.77"},
		{"127.0.0.1:1", []string{"203.0.113.1, 192.0.2.77"}, "192.0.2.77"},
		{"127.0.0.1:1", []string{"203.0.113.1", "192.0.2.77,10.1.1.1"}, "192.0.2.77"},
		{"[::ffff:127.0.0.1]:1", []string{"::ffff:192.0.2.77"}, "192.0.2.77"},
		{"127.0.0.1:1", []string{"2001:db8::1%eth0"}, "2001:db8::1"},
		{"127.0.0.1:1", []string{"192.0.2.77, unknown"}, "invalid IP"},
		{"127.0.0.1:1", []string{""}, "invalid IP"},
		{"127.0.0.1:1", nil, "invalid IP"},
		{"@", nil, "invalid IP"},
	} {
		r := httptest.NewRequest("GET", "/test", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = tc.peer, tc.forwarded
		if got := visitor(r).String(); got != tc.want {
			t.Errorf("%s, %q: %s, want %s", tc.peer, tc.forwarded, got, tc.want)
		}
	}
	site := newSite(t, "")
	site.Visitor = func(*http.Request) netip.Addr { return netip.Addr{} }
	if status, page := get(t, New(site), "/test", url.Values{"address": {"192.0.2.77"}}); status != 403 || !strings.Contains(page, "your address is not known") {
		t.Errorf("without an address: %d", status)
	}
}

// counting counts the questions to DNS.
type counting struct {
	envelope.Resolver
	mu    sync.Mutex
	count int
}

func (c *counting) one() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
}

func (c *counting) LookupTXT(ctx context.Context, name string) ([]string, error) {
	c.one()
	return c.Resolver.LookupTXT(ctx, name)
}

func (c *counting) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	c.one()
	return c.Resolver.LookupNetIP(ctx, network, host)
}

// A policy that asks without end, and a visitor who fills in everything, ask no more than
// the bound.
func TestATestAsksNoMoreThanItsBound(t *testing.T) {
	dns := &counting{Resolver: zone.MustParse("")}
	greedy := func(name string) envelope.Check {
		return envelope.At(name, envelope.Rcpt, func(ctx context.Context, r envelope.Resolver, _ *envelope.Envelope) envelope.Finding {
			for i := range 10 * maxQuestions {
				envelope.LookupIP(ctx, r, "ip4", fmt.Sprintf("%d.%s.example.", i, name))
			}
			return envelope.Failed(name, envelope.Status{Code: 550, Subject: 7, Detail: 1}, "greedy")
		})
	}
	site := newSite(t, "")
	site.Resolver = dns
	site.Policy.Rules = append(verdict.Rules{verdict.RejectUnless(greedy("a.a")), verdict.MarkUnless(greedy("b.b"), "b").Unless(greedy("c.c"))}, site.Policy.Rules...)
	values := url.Values{"address": {"192.0.2.77"}, "helo": {"mail.example.net"}, "sender": {"ann@example.net"}, "selector": {"key"}, "message": {"From: ann@example.net\n\nHello"}}
	if status, _ := get(t, New(site), "/test", values); status != 200 || dns.count > maxQuestions || dns.count < maxQuestions-10 {
		t.Errorf("%d: %d questions, want almost %d", status, dns.count, maxQuestions)
	}
}

// A test teaches greylisting nothing.
func TestATestWritesNothing(t *testing.T) {
	store := new(greylist.Memory)
	site := newSite(t, goodRecords)
	var err error
	if site.Policy, err = policies.Strict(policies.Site{Domains: []string{"example.org"}, Greylist: greylist.Known(store, greylist.Options{Delay: time.Minute})}); err != nil {
		t.Fatal(err)
	}
	h := New(site).(*handler)
	for range 3 {
		x := h.judge(t.Context(), explain.English(), netip.MustParseAddr("192.0.2.77"), form{Helo: "mail.example.net", Sender: "ann@other.example"})
		i := slices.IndexFunc(x.Steps, func(s step) bool { return s.Rule == "greylist.known" })
		if s := x.Steps[i]; s.Outcome != "fail" || s.Does != "asks for another try" || !strings.Contains(s.Seen, "is not known yet") {
			t.Errorf("%+v", s)
		}
		now := h.Now().Add(10 * time.Minute)
		h.Now = func() time.Time { return now }
	}
}

// The key of a selector is described, whatever is wrong with it.
func TestSelectors(t *testing.T) {
	dns := zone.MustParse(goodRecords+`
testing._domainkey.example.net.  TXT "v=DKIM1; k=ed25519; t=y; p=O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
revoked._domainkey.example.net.  TXT "v=DKIM1; p="
broken._domainkey.example.net.   TXT "v=DKIM1; k=ed25519; p=AAAA"
`).Failing("failing._domainkey.example.net.", zone.SERVFAIL)
	for selector, want := range map[string]string{
		"key":                     "key._domainkey.example.net has a key for ed25519 of 256 bits.",
		"testing":                 "testing._domainkey.example.net has a key for ed25519 of 256 bits, which is for testing (t=y)",
		"revoked":                 "revoked",
		"broken":                  "broken._domainkey.example.net: ",
		"missing":                 "missing._domainkey.example.net: ",
		"failing":                 "failing._domainkey.example.net: ",
		"<b>":                     "The selector is not a name in DNS.",
		"x; h=from":               "The selector is not a name in DNS.",
		"a\r\nX: y":               "The selector is not a name in DNS.",
		strings.Repeat("x", 1000): "The selector is not a name in DNS.",
	} {
		got := describeKey(t.Context(), dns, "example.net", selector, start)
		t.Log(got)
		if !strings.Contains(got, want) || want[len(want)-1] == ' ' && strings.Contains(got, "has a key") {
			t.Errorf("%q: %q, want %q", selector, got, want)
		}
	}
	h := New(newSite(t, "")).(*handler)
	for f, want := range map[form]string{
		{}: "", {Selector: "a"}: "which is missing", {Selector: "a", Helo: "mail.example.net"}: "a._domainkey.mail.example.net",
		{Selector: "a", Sender: "ann@example.net", Helo: "mail.example.net"}: "a._domainkey.example.net",
	} {
		if got := h.keyOf(t.Context(), f); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%+v: %q", f, got)
		}
	}
}

// A pasted message keeps its signature, with the line ends of a browser.
func TestAPastedMessage(t *testing.T) {
	site := newSite(t, goodRecords)
	site.Policy.Rules = verdict.Rules{verdict.RejectUnless(dkim.Pass)}
	site.Now = time.Now // signatures are dated
	var signed strings.Builder
	if err := msgauth.Sign(&signed, strings.NewReader("From: ann@example.net\r\nSubject: Hello\r\n\r\nHello,\r\n\r\nAnn\r\n"), &msgauth.SignOptions{
		Domain: "example.net", Selector: "key", Signer: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), // as in goodRecords
	}); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ message, want string }{
		"with CR LF":       {signed.String(), "Accepted"},
		"with LF":          {strings.ReplaceAll(signed.String(), "\r\n", "\n"), "Accepted"},
		"with another end": {signed.String() + "PS", "the body of the message has changed since it was signed"},
		"without a header": {"Hello", "Refused"},
	} {
		values := url.Values{"address": {"192.0.2.77"}, "sender": {"ann@example.net"}, "message": {tc.message}}
		if _, page := get(t, New(site), "/test", values); !strings.Contains(page, tc.want) {
			t.Errorf("%s: the page does not say %q:\n%s", name, tc.want, page)
		}
	}
}

// Every rule is shown with its outcome, also after the one that decides, and those that
// refuse or mark with how to fix them.
func TestAResultHasEveryRule(t *testing.T) {
	site := newSite(t, "mail.example.net. A 192.0.2.77\nexample.net. TXT \"v=spf1 -all\"")
	var err error
	if site.Policy, err = policies.Standard(policies.Site{Domains: []string{"example.org"}}); err != nil {
		t.Fatal(err)
	}
	h := New(site).(*handler)
	x := h.judge(t.Context(), explain.English(), netip.MustParseAddr("192.0.2.77"), form{
		Helo: "mail.example.net", Sender: "ann@example.net", Message: "From: eve@example.org\nFrom: ann@example.net\n\nHello",
	})
	outcomes, deciding := map[string]step{}, 0
	for _, s := range x.Steps {
		outcomes[s.Rule] = s
		if s.Decides {
			deciding++
		}
	}
	for rule, want := range map[string]struct {
		outcome, does string
		fix, decides  bool
	}{
		"helo.fqdn":            {"pass", "", false, false},
		"client.authenticated": {"fail", "", false, false},
		"rdns.exists":          {"fail", "rejects the mail", true, true},
		"rdns.confirmed":       {"fail", "rejects the mail", true, false},
		"rdns.notgeneric":      {"fail", "marks the mail “generic”", true, false},
		"spf.notfail":          {"fail", "rejects the mail", true, false},
		"message.singlefields": {"fail", "rejects the mail", true, false},
		"message.wellformed":   {"fail", "marks the mail “malformed”", true, false},
	} {
		s := outcomes[rule]
		if s.Outcome != want.outcome || s.Does != want.does || (s.Fix != nil) != want.fix || s.Decides != want.decides {
			t.Errorf("%s: %+v", rule, s)
		}
	}
	if len(x.Steps) != len(site.Policy.Rules) || deciding != 1 || !outcomes["exempt.message"].Off {
		t.Errorf("%d steps, %d decide", len(x.Steps), deciding)
	}
	for rule, s := range outcomes {
		if s.Fix != nil && s.Fix.Asks == "" {
			t.Errorf("%s is not explained", rule)
		}
	}
}

// What has to change is the smallest set: here either SPF or the reverse name is enough.
func TestTheSmallestChange(t *testing.T) {
	site := newSite(t, "mail.example.net. A 192.0.2.77\nexample.net. MX 10 mail.example.net.")
	site.Policy.Rules = verdict.Rules{
		verdict.AcceptIf(client.In([]netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")})),
		verdict.RejectUnless(rdns.Confirmed).Unless(spf.Pass),
		verdict.RejectUnless(rdns.NotGeneric).Unless(spf.Pass),
	}
	for _, tc := range []struct {
		name  string
		rules verdict.Rules
		f     form
		want  string // the checks
	}{
		{"SPF in place of two", site.Policy.Rules, form{Helo: "mail.example.net", Sender: "ann@example.net"}, "spf.pass"},
		{"and a rule that SPF does not exempt from", append(verdict.Rules{verdict.RejectUnless(helo.FQDN)}, site.Policy.Rules...), form{Helo: "localhost", Sender: "ann@example.net"}, "helo.fqdn spf.pass"},
		{"what only the site can change", verdict.Rules{verdict.RejectIf(client.In([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}))}, form{}, "client.in"},
		{"what follows is no change of its own", verdict.Rules{verdict.RejectUnless(helo.Syntax), verdict.RejectUnless(helo.FQDN)}, form{Helo: "not a name"}, "helo.syntax"},
		{"two causes", verdict.Rules{verdict.RejectUnless(rdns.Exists), verdict.RejectUnless(helo.FQDN)}, form{Helo: "localhost"}, "rdns.exists helo.fqdn"},
	} {
		site.Policy.Rules = tc.rules
		var got []string
		for _, change := range New(site).(*handler).judge(t.Context(), explain.English(), netip.MustParseAddr("192.0.2.77"), tc.f).Changes {
			got = append(got, change.Check)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%s: %v, want %s", tc.name, got, tc.want)
		}
	}
}
