package postmaster

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
	"mxrules.example/verdict/explain"
)

// browserFolder has the program that opens the pages, and what it needs from npm.
const browserFolder = "testdata/browser"

// show is a page for the browser.
type show struct {
	Name     string            `json:"name"`
	URL      string            `json:"url"`
	Language string            `json:"language,omitempty"` // of the browser
	Fill     map[string]string `json:"fill,omitempty"`     // the form, which is sent then
	Once     bool              `json:"once"`               // not in every size and scheme: the same page with other words

	status int
	want   []string // in the text of the page
	lang   string   // of the page, "en" by default
}

// looked is what the browser saw of a page in one size and colour scheme.
type looked struct {
	Name, Page, Language, Title, Text               string
	Status, Scripts, Overflow, Unexplained, Checked int
	Complaints, Elsewhere                           []string
}

// A browser shows every page, in two sizes and in both colour schemes: its console says
// nothing, no script runs, nothing comes from elsewhere, nothing is wider than the screen,
// and axe finds the structure and the contrast good. With MXRULES_PICTURES the
// screenshots are kept in that folder.
func TestPagesInABrowser(t *testing.T) {
	chromium := needed(t, "chromium", "chromium")
	node := needed(t, "node", "nodejs")
	if _, err := os.Stat(filepath.Join(browserFolder, "node_modules", "axe-core")); err != nil {
		missing(t, "run npm ci in "+browserFolder)
	}
	shows := pagesToShow(t)
	plan, err := json.Marshal(shows)
	if err != nil {
		t.Fatal(err)
	}
	pictures := os.Getenv("MXRULES_PICTURES")
	if pictures == "" {
		pictures = t.TempDir()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, node, filepath.Join(browserFolder, "look.mjs"), chromium, pictures)
	var errs bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(plan), &errs
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var looks []looked
	if err := json.Unmarshal(out, &looks); err != nil {
		t.Fatal(err)
	}
	for _, s := range shows {
		count := 0
		for _, look := range looks {
			if look.Page == s.Name {
				count++
				t.Run(look.Name, func(t *testing.T) { s.check(t, look) })
			}
		}
		if count != 4 && !s.Once || count == 0 {
			t.Errorf("%d looks at %s", count, s.Name)
		}
	}
}

// check compares what the browser saw with what it should see.
func (s show) check(t *testing.T, look looked) {
	for _, complaint := range look.Complaints {
		t.Error(complaint)
	}
	if look.Status != s.status || look.Scripts > 0 || len(look.Elsewhere) > 0 || look.Overflow > 0 || look.Unexplained > 0 || look.Checked == 0 {
		t.Errorf("status %d, %d scripts, requests %v, %d pixels too wide, %d rules unexplained, %d rules of axe passed",
			look.Status, look.Scripts, look.Elsewhere, look.Overflow, look.Unexplained, look.Checked)
	}
	if look.Language != s.lang || !strings.HasSuffix(look.Title, " – example.org") {
		t.Errorf("language %q, title %q", look.Language, look.Title)
	}
	for _, want := range s.want {
		if !strings.Contains(look.Text, want) {
			t.Errorf("the page does not say %q:\n%s", want, look.Text)
		}
	}
	if i := strings.IndexFunc(look.Text, func(r rune) bool {
		return unicode.In(r, unicode.Cf, unicode.Cc) && r != '\n' && r != '\t' || r == unicode.ReplacementChar
	}); i >= 0 {
		t.Errorf("the page shows %q", look.Text[i:min(i+20, len(look.Text))])
	}
}

// hostileValue is what clients and visitors send to attack the pages.
var hostileValue = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>\u202eevil\u2066" + strings.Repeat("x", 10_000)

// pagesToShow starts servers, and returns every page that they have.
func pagesToShow(t *testing.T) []show {
	const bad, good = "mail.example.net. A 192.0.2.77\nexample.net. TXT \"v=spf1 -all\"\nexample.net. MX 10 mail.example.net.", goodRecords
	site := newSite(t, bad)
	var err error
	if site.Policy, err = policies.Strict(policies.Site{Domains: []string{"example.org"}, Networks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}}); err != nil {
		t.Fatal(err)
	}
	site.Policy.Link, site.TestsPerHour = site.Links.Of, 1000
	site.Books = []explain.Book{explain.English(), german()}
	passing := site
	passing.Resolver = zone.MustParse(good)
	if passing.Policy, err = policies.Standard(policies.Site{Domains: []string{"example.org"}}); err != nil {
		t.Fatal(err)
	}
	limited := site
	limited.TestsPerHour = 1
	later := site
	links := *site.Links
	links.Now = func() time.Time { return start.Add(31 * 24 * time.Hour) }
	later.Links = &links
	open := func(s Site) string { return serve(t, s) }
	address, refusal := open(site), refuse(t, site, "mail.example.net")
	server := map[string]string{"address": "192.0.2.77", "helo": "mail.example.net", "sender": "ann@example.net"}
	attack := map[string]string{"address": "192.0.2.77", "helo": hostileValue, "sender": hostileValue + "@example.net", "selector": hostileValue, "message": "Subject: " + hostileValue + "\nFrom: " + hostileValue + "\n\n" + hostileValue}
	over := open(limited) + "/test"
	if _, err := http.PostForm(over, url.Values{"address": {"192.0.2.77"}}); err != nil {
		t.Fatal(err)
	}
	shows := []show{
		{Name: "rules", URL: "/", want: []string{"The address of the client must have a PTR record in DNS."}},
		{Name: "refusal", URL: refusal, want: []string{"550 5.7.25", "the client 192.0.2.77 has no PTR record", "If you only wanted to send a message", "77.2.0.192.in-addr.arpa. PTR mail.example.net."}},
		{Name: "refusal in German", Once: true, URL: refusal, Language: "de-AT", lang: "de", want: []string{"Ihre Mail wurde abgelehnt", "braucht einen PTR-Eintrag"}},
		{Name: "form", URL: "/test", want: []string{"without sending mail"}},
		{Name: "form of a link", Once: true, URL: "/test?link=" + strings.TrimPrefix(refusal, "/r/"), want: []string{"without sending mail"}},
		{Name: "result", URL: "/test", Fill: server, want: []string{"Refused", "What has to change", "How to fix it", "The questions to DNS"}},
		{Name: "result of another address", Once: true, URL: "/test", Fill: map[string]string{"address": "192.0.2.1"}, want: []string{"Only your own address can be tested"}},
		{Name: "result of a pass", URL: open(passing) + "/test", Fill: map[string]string{"address": "192.0.2.77", "helo": "mail.example.net", "sender": "ann@example.net", "selector": "key"}, want: []string{"Accepted", "key._domainkey.example.net has a key for ed25519 of 256 bits."}},
		{Name: "over the limit", URL: over, Fill: server, status: 429, want: []string{"many tests in this hour"}},
		{Name: "forged link", URL: refusal + "x", status: 404, want: []string{"not one of this site"}},
		{Name: "expired link", URL: open(later) + refusal, status: 410, want: []string{"This link has expired"}},
		{Name: "not found", URL: "/admin", status: 404, want: []string{"There is no such page"}},
		{Name: "hostile refusal", Once: true, URL: refuse(t, site, "<script>alert(1)</script>\u202e\xff\x00"), want: []string{"<script>alert(1)</script>"}},
		{Name: "hostile result", Once: true, URL: "/test", Fill: attack, want: []string{"Refused"}},
		{Name: "hostile query", Once: true, URL: "/test?link=%3Cscript%3Ealert(1)%3C/script%3E&address=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%E2%80%AE%FF", want: []string{"without sending mail"}},
		{Name: "hostile link", Once: true, URL: "/r/%3Cscript%3Ealert(1)%3C%2Fscript%3E%FF" + strings.Repeat("x", 8000), status: 404, want: []string{"not one of this site"}},
	}
	for i := range shows {
		s := &shows[i]
		if strings.HasPrefix(s.URL, "/") {
			s.URL = address + s.URL
		}
		if s.status == 0 {
			s.status = http.StatusOK
		}
		if s.lang == "" {
			s.lang = "en"
		}
	}
	return shows
}

// serve serves a site to visitors who all come from 192.0.2.77, until the test ends.
func serve(t *testing.T, site Site) string {
	site.Visitor = func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.77") }
	server := httptest.NewServer(New(site))
	t.Cleanup(server.Close)
	return server.URL
}

// needed returns the path of a program.
func needed(t *testing.T, program, debian string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		missing(t, program+" is not installed (Debian package "+debian+")")
	}
	return path
}

// missing skips a test, and fails it if MXRULES_E2E is set.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MXRULES_E2E") != "" {
		t.Fatal(what + ", and MXRULES_E2E is set")
	}
	t.Skip(what + "; with MXRULES_E2E set that is a failure")
}
