package postmaster

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/verdict"
	"mxrules.example/verdict/explain"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// newSite returns a site with the policy strict, over these records.
func newSite(t testing.TB, records string) Site {
	t.Helper()
	policy, err := policies.Strict(policies.Site{Domains: []string{"example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	links := &Links{Base: "https://postmaster.example.org/", Key: []byte("a key of the tests"), Now: func() time.Time { return start }}
	policy.Link = links.Of
	return Site{Name: "example.org", Policy: policy, Resolver: zone.MustParse(records), Links: links, Recipient: "bob@example.org", Now: func() time.Time { return start }}
}

// goodRecords are those of a server that the policy standard accepts, with a DKIM key.
const goodRecords = `
77.2.0.192.in-addr.arpa.     PTR mail.example.net.
mail.example.net.            A   192.0.2.77
example.net.                 MX  10 mail.example.net.
                             TXT "v=spf1 mx -all"
key._domainkey.example.net.  TXT "v=DKIM1; k=ed25519; p=O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="
`

// german is a translation of a part of the explanations.
func german() explain.Book {
	english := explain.English()
	const provider = "Es geht um den Server Ihres Anbieters, nicht um Ihre Nachricht. Leiten Sie die Antwort an Ihren Anbieter weiter: er kann es beheben."
	return explain.Book{
		Language: "de",
		Titles: explain.Titles{
			Rejected: "Ihre Mail wurde abgelehnt", Deferred: "Ihre Mail wurde aufgeschoben",
			Reply: "Die Antwort", Seen: "Was der Server gesehen hat", Asks: "Was verlangt wird", Why: "Warum",
			Mend: "Wie ein Postmaster es behebt", Records: "Einträge im DNS", User: "Wenn Sie nur eine Nachricht senden wollten",
		},
		Entries: map[string]explain.Entry{
			"rdns.exists": {
				Asks:    "Die Adresse des Clients braucht einen PTR-Eintrag im DNS.",
				Why:     "Server im Internet sollen Namen haben (RFC 1912, Abschnitt 2.1).",
				Mend:    []string{"Legen Sie einen PTR-Eintrag mit dem Namen des Servers an, und einen Adresseintrag dieses Namens."},
				Records: english.Entries["rdns.exists"].Records,
				User:    provider,
			},
			"spf.notfail": {
				Asks:    "Der SPF-Eintrag der Absenderdomain darf den Client nicht ausschließen.",
				Why:     "Die Domain legt fest, welche Server sie als Absender verwenden dürfen (RFC 7208).",
				Mend:    []string{"Nehmen Sie die Adresse des Servers in den SPF-Eintrag auf."},
				Records: english.Entries["spf.notfail"].Records,
				User:    provider,
			},
		},
		Else: &english,
	}
}

// get returns a page that a visitor at 192.0.2.77 sees. form is nil for GET.
func get(t testing.TB, h http.Handler, path string, form url.Values) (status int, body string) {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	if form != nil {
		r = httptest.NewRequest("POST", path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.RemoteAddr = "192.0.2.77:4711"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("%s: Content-Security-Policy %q", path, csp)
	}
	inert(t, w.Body.String())
	return w.Code, w.Body.String()
}

// inert tests that a page has no scripts and loads nothing from elsewhere.
func inert(t testing.TB, page string) {
	t.Helper()
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		if z.Next() == html.ErrorToken {
			if z.Err() != io.EOF {
				t.Error(z.Err())
			}
			return
		}
		token := z.Token()
		if token.Type != html.StartTagToken && token.Type != html.SelfClosingTagToken {
			continue
		}
		if token.Data == "script" || token.Data == "iframe" || token.Data == "object" {
			t.Errorf("the page has %s", token)
		}
		for _, a := range token.Attr {
			if strings.HasPrefix(a.Key, "on") || (a.Key == "src" || a.Key == "href") && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "data:image/svg+xml;base64,") && a.Val != "data:," {
				t.Errorf("the page has %s", token)
			}
		}
	}
}

// refuse returns the link in the reply to a client without DNS records.
func refuse(t testing.TB, site Site, helo string) string {
	t.Helper()
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.77"), Helo: helo, MailFrom: "ann@example.net", RcptTo: "bob@example.org"}
	lines := site.Policy.Judge(t.Context(), site.Resolver, &e).Reply().Lines
	link := lines[len(lines)-1]
	if !strings.HasPrefix(link, "https://postmaster.example.org/r/") || len(link) > 480 {
		t.Fatalf("the reply has the link %q", link)
	}
	return strings.TrimPrefix(link, "https://postmaster.example.org")
}

func TestTheLinkOfARefusalLeadsToItsPage(t *testing.T) {
	site := newSite(t, "mail.example.net. A 192.0.2.77")
	path := refuse(t, site, "mail.example.net")
	status, page := get(t, New(site), path, nil)
	for _, want := range []string{"550 5.7.25", "192.0.2.77", "mail.example.net", "example.net", "The address of the client must have a PTR record in DNS.", "77.2.0.192.in-addr.arpa. PTR mail.example.net."} {
		if status != 200 || !strings.Contains(page, want) {
			t.Errorf("%d: the page has no %q", status, want)
		}
	}
	for _, person := range []string{"ann", "bob"} {
		if strings.Contains(page, person+"@") {
			t.Errorf("the page names %s", person)
		}
	}
}

func TestLinksThatAreNotValid(t *testing.T) {
	site := newSite(t, "")
	path := refuse(t, site, "mail.example.net")
	changed := []byte(path)
	changed[len(changed)/2] ^= 1
	other := newSite(t, "")
	other.Links.Key = []byte("the key of another site")
	other.Policy.Link = other.Links.Of
	later := newSite(t, "")
	later.Links.Now = func() time.Time { return start.Add(31 * 24 * time.Hour) }
	for _, tc := range []struct {
		name, path string
		site       Site
		status     int
		want       string
	}{
		{"forged", string(changed), site, 404, "not one of this site"},
		{"of another site", refuse(t, other, "mail.example.net"), site, 404, "not one of this site"},
		{"truncated", path[:len(path)-5], site, 404, "broken over several lines"},
		{"nothing", "/r/x", site, 404, "not one of this site"},
		{"no base64", "/r/" + url.PathEscape("<script>\x00"), site, 404, "not one of this site"},
		{"very long", "/r/" + strings.Repeat("A", 10_000), site, 404, "not one of this site"},
		{"expired", path, later, 410, "This link has expired"},
		{"nothing after the prefix", "/r/", site, 404, "There is no such page."},
		{"another page", "/admin", site, 404, "There is no such page."},
	} {
		if status, page := get(t, New(tc.site), tc.path, nil); status != tc.status || !strings.Contains(page, tc.want) {
			t.Errorf("%s: %d\n%s", tc.name, status, page)
		}
	}
}

func TestHostileNamesAreInert(t *testing.T) {
	for _, helo := range []string{"<script>alert(1)</script>", "\u202eevil", strings.Repeat("x", 10_000), "a\xff\x00b", `"><img src=x onerror=alert(1)>`} {
		site := newSite(t, "")
		h := New(site)
		status, page := get(t, h, refuse(t, site, helo), nil)
		if status != 200 || strings.ContainsAny(page, "\x00\u202e") {
			t.Errorf("%q: %d", helo, status)
		}
		status, page = get(t, h, "/test", url.Values{"address": {"192.0.2.77"}, "helo": {helo}, "sender": {helo}, "message": {helo}})
		if status != 200 || !strings.Contains(page, "Refused") {
			t.Errorf("%q: %d", helo, status)
		}
	}
}

func TestTheRulesOfTheSite(t *testing.T) {
	site := newSite(t, "")
	status, page := get(t, New(site), "/", nil)
	for i := range site.Policy.Rules {
		if name := site.Policy.Rules[i].Name(); status != 200 || !strings.Contains(page, name) {
			t.Errorf("%d: the page has no rule %s", status, name)
		}
	}
	if !strings.Contains(page, "The address of the client must have a PTR record in DNS.") || !strings.Contains(page, "rejects the mail if this is not so") {
		t.Errorf("the page does not say what a rule asks:\n%s", page)
	}
}

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

// FuzzLink reads hostile links. Only those that were made are read.
func FuzzLink(f *testing.F) {
	links := newSite(f, "").Links
	token := links.token(refusal{check: "rdns.exists", outcome: envelope.Fail, action: verdict.Reject, client: netip.MustParseAddr("192.0.2.1"), helo: "a", domain: "b"})
	f.Add(token)
	f.Add(token[:10])
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := links.read(text); err == nil && links.token(r) != text && text != token {
			t.Errorf("%q is read as %+v", text, r)
		}
	})
}

func BenchmarkRefusal(b *testing.B) {
	site := newSite(b, "")
	path := refuse(b, site, "mail.example.net")
	h := New(site)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

func Example() {
	links := &Links{Base: "https://postmaster.example.org", Key: []byte("sixteen or more octets"), Now: func() time.Time { return start }}
	policy, err := policies.Standard(policies.Site{Domains: []string{"example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	policy.Link = links.Of
	server := httptest.NewServer(New(Site{Name: "example.org", Policy: policy, Resolver: zone.MustParse(``), Links: links}))
	defer server.Close()
	response, err := http.Get(server.URL + "/")
	if err != nil {
		fmt.Println(err)
		return
	}
	response.Body.Close()
	fmt.Println(response.StatusCode)
	// Output: 200
}
