package postmaster

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
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
			Fix: "Wie ein Postmaster es behebt", Records: "Einträge im DNS", User: "Wenn Sie nur eine Nachricht senden wollten",
		},
		Entries: map[string]explain.Entry{
			"rdns.exists": {
				Asks:    "Die Adresse des Clients braucht einen PTR-Eintrag im DNS.",
				Why:     "Server im Internet sollen Namen haben (RFC 1912, Abschnitt 2.1).",
				Fix:     []string{"Legen Sie einen PTR-Eintrag mit dem Namen des Servers an, und einen Adresseintrag dieses Namens."},
				Records: english.Entries["rdns.exists"].Records,
				User:    provider,
			},
			"spf.notfail": {
				Asks:    "Der SPF-Eintrag der Absenderdomain darf den Client nicht ausschließen.",
				Why:     "Die Domain legt fest, welche Server sie als Absender verwenden dürfen (RFC 7208).",
				Fix:     []string{"Nehmen Sie die Adresse des Servers in den SPF-Eintrag auf."},
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

// The book is the one that the browser asks for, and says so in lang.
func TestLanguages(t *testing.T) {
	site := newSite(t, "mail.example.net. A 192.0.2.77")
	site.Books = []explain.Book{explain.English(), german()}
	path, h := refuse(t, site, "mail.example.net"), New(site)
	for accept, want := range map[string]string{
		"": "en", "de": "de", "de-AT,de;q=0.9,en;q=0.5": "de", "fr, de;q=0.2": "de", "en-GB, de;q=0.8": "en", "fr": "en", "*": "en",
		"de;q=x": "en", "\xff": "en", strings.Repeat("de,", 1000): "en",
	} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Language", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		page := w.Body.String()
		if !strings.Contains(page, `<html lang="`+want+`">`) || strings.Contains(page, "Ihre Mail wurde abgelehnt") != (want == "de") {
			t.Errorf("%.40q: not in %s", accept, want)
		}
	}
	// What is not translated is in English, and says so.
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Language", "de")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	for _, want := range []string{`lang="de">Die Adresse des Clients braucht`, `lang="en">The HELO name must be`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the rules do not have %s", want)
		}
	}
}

// Every rule of the policies is explained, in words that agree with what it does.
func TestEveryRuleIsExplained(t *testing.T) {
	book := explain.English()
	maps.Copy(book.Entries, policies.Explanations())
	networks := []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}
	for _, name := range []string{"standard", "strict", "bulk", "submission", "trial"} {
		choose, err := policies.Named(name)
		if err != nil {
			t.Fatal(err)
		}
		policy, err := choose(policies.Site{Domains: []string{"example.org"}, Networks: networks, Forwarders: []string{"f.example"}, MailingLists: []string{"l.example"}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range policy.Rules {
			if words := inWords(book, i, &policy.Rules[i]); len(words.Asks) == 0 || len(words.Does) == 0 {
				t.Errorf("%s: %+v", name, words)
			}
		}
	}
	blocked := verdict.RejectIf(client.In(networks))
	if words := inWords(book, 0, &blocked); fmt.Sprint(words.Asks, words.Does) != "[{en The address of the client must not be in a list of blocked networks.}] [rejects the mail if this is not so]" {
		t.Errorf("%+v", words)
	}
}

func Example() {
	// An English site with a part of the explanations in German.
	key := []byte("sixteen or more octets, which are kept secret")
	links := &Links{Base: "https://postmaster.example.org", Key: key}
	policy, err := policies.Standard(policies.Site{Domains: []string{"example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	policy.Link = links.Of
	dns := zone.MustParse(``)
	pages := New(Site{Name: "example.org", Policy: policy, Resolver: dns, Links: links, Books: []explain.Book{explain.English(), german()}})

	// A client is refused, and the reply has a link.
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.77"), Helo: "mail.example.net", MailFrom: "ann@example.net", RcptTo: "bob@example.org"}
	lines := policy.Judge(context.Background(), dns, &e).Reply().Lines
	fmt.Println(lines[0])
	path := strings.TrimPrefix(lines[1], links.Base)

	for _, language := range []string{"fr", "de-CH"} {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Language", language)
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, r)
		for line := range strings.Lines(w.Body.String()) {
			if strings.HasPrefix(line, "<html") || strings.HasPrefix(line, "<h1>") {
				fmt.Print(line)
			}
		}
	}
	// Output:
	// the client 192.0.2.77 has no PTR record
	// <html lang="en">
	// <h1>Your mail was refused</h1>
	// <html lang="de">
	// <h1>Ihre Mail wurde abgelehnt</h1>
}
