package postmaster

import (
	"context"
	"encoding/base64"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
	"mxrules.example/helo"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

func TestLinksThatAreNotValid(t *testing.T) {
	site := newSite(t, "")
	path := refuse(t, site, "mail.example.net")
	changed := []byte(path)
	changed[len(changed)/2] ^= 1
	other := newSite(t, "")
	other.Links.Key = []byte("the key of another site")
	other.Policy.Link = other.Links.Of
	sibling := newSite(t, "") // with the same key
	sibling.Links.Base = "https://postmaster.example.net"
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
		{"replayed at another site", path, sibling, 404, "not one of this site"},
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

// No other text is read: not one that is shorter, nor one with a changed bit or character.
func TestOnlyTheWholeLinkIsRead(t *testing.T) {
	links := newSite(t, "").Links
	token := links.token(refusal{check: "rdns.exists", client: netip.MustParseAddr("192.0.2.1"), helo: "a", domain: "b", seen: "c"})
	if _, err := links.read(token); err != nil {
		t.Fatal(err)
	}
	for i := range token {
		for _, other := range []string{token[:i], token[i+1:], token[:i] + token[i+1:], token[:i] + "=" + token[i:]} {
			if _, err := links.read(other); err != errForged {
				t.Errorf("%q: %v", other, err)
			}
		}
		for bit := range 8 {
			other := []byte(token)
			other[i] ^= 1 << bit
			if _, err := links.read(string(other)); err != errForged {
				t.Errorf("%q: %v", other, err)
			}
		}
	}
}

// Without a key that is long enough there are no links, because anyone could make them.
func TestShortKeys(t *testing.T) {
	links := &Links{Base: "https://postmaster.example.org", Key: []byte("fifteen octets.")}
	if link := links.Of(verdict.Verdict{Action: verdict.Reject}, &envelope.Envelope{}); link != "" {
		t.Errorf("the link %s", link)
	}
	if _, err := links.read(links.token(refusal{check: "rdns.exists"})); err != errForged {
		t.Errorf("a link is read: %v", err)
	}
}

// A link may be opened by everyone who gets the report, until it expires.
func TestALinkIsForAllReaders(t *testing.T) {
	site := newSite(t, "")
	path, now := refuse(t, site, "mail.example.net"), start
	site.Links.Now = func() time.Time { return now }
	h := New(site)
	for now.Before(start.Add(30 * 24 * time.Hour)) {
		if status, _ := get(t, h, path, nil); status != 200 {
			t.Fatalf("%s later: %d", now.Sub(start), status)
		}
		now = now.Add(10 * 24 * time.Hour)
	}
}

// The page says what the check found, and for a failed lookup that it failed.
func TestLinksCarryWhatWasSeen(t *testing.T) {
	site := newSite(t, "")
	for _, tc := range []struct {
		name  string
		check envelope.Check
		want  []string
	}{
		{"a rejection", rdns.Exists, []string{"Your mail was refused", "550 5.7.25", "the client 192.0.2.77 has no PTR record", "must have a PTR record"}},
		{"a failed lookup", helo.Resolves, []string{"Your mail was deferred", "A lookup failed"}},
		{"a combination", envelope.All(recipient.Ours("example.org"), envelope.Any(rdns.Exists)), []string{"rdns.exists", "has no PTR record"}},
		{"the opposite of a check", envelope.Not(dkim.Signed), []string{"Your mail was refused", "A rule of this site refused the mail."}},
	} {
		policy := verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(tc.check)}, Link: site.Links.Of}
		e := envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.77"), Helo: "mail.example.net", MailFrom: "ann@example.net", RcptTo: "bob@example.org",
			Message: envelope.NewMessage([]byte("DKIM-Signature: v=1\r\n\r\n")),
		}
		v := policy.Judge(t.Context(), zone.MustParse("").Failing("mail.example.net.", zone.SERVFAIL), &e)
		lines := v.Reply().Lines
		_, page := get(t, New(site), strings.TrimPrefix(lines[len(lines)-1], "https://postmaster.example.org"), nil)
		for _, want := range tc.want {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the page does not say %q:\n%s", tc.name, want, page)
			}
		}
	}
}

// A link names no person, not even if it is decoded.
func TestLinksNameNoPerson(t *testing.T) {
	links := newSite(t, "").Links
	e := &envelope.Envelope{MailFrom: "ann@example.net", RcptTo: "bob@example.org", Login: "carol"}
	for text, want := range map[string]string{
		"the mailbox bob@example.org does not exist":               "the mailbox …@example.org does not exist",
		`the sender <"an n"@example.net>, which is new`:            `the sender <…@example.net>, which is new`,
		"the limit of 1 message in 24h for login carol is reached": "the limit of 1 message in 24h for login … is reached",
		"the login carol, or caroline":                             "the login …, or caroline",
		"signed by dave@example.net@example.org":                   "signed by …@example.org",
		strings.Repeat("ü", 60):                                    strings.Repeat("ü", 48) + "…",
	} {
		f := envelope.Failed("a.check", envelope.Status{Code: 550, Subject: 7, Detail: 1}, "%s", text)
		link := links.Of(verdict.Verdict{Action: verdict.Reject, Status: f.Status, Text: f.Text, Finding: f}, e)
		r, err := links.read(strings.TrimPrefix(link, "https://postmaster.example.org/r/"))
		if err != nil || r.seen != want {
			t.Errorf("%s: %q, %v, want %q", text, r.seen, err, want)
		}
	}
}

// The longest link fits into a line of a reply.
func TestTheLongestLinkFitsIntoALine(t *testing.T) {
	links := newSite(t, "").Links
	links.Base = "https://" + strings.Repeat("a", 52)
	long := strings.Repeat("x", 64)
	f := envelope.Failed(strings.Repeat("c", 30), envelope.Status{Code: 550, Subject: 7, Detail: 1}, "%s", long+long)
	e := &envelope.Envelope{ClientIP: netip.MustParseAddr("2001:db8::1"), Helo: long, MailFrom: "a@" + long[4:] + ".org"}
	policy := verdict.Policy{Link: links.Of, Rules: verdict.Rules{verdict.RejectUnless(envelope.At(f.Check, envelope.Rcpt, func(context.Context, envelope.Resolver, *envelope.Envelope) envelope.Finding { return f }))}}
	lines := policy.Judge(t.Context(), nil, e).Reply().Lines
	link := lines[len(lines)-1]
	if r, err := links.read(strings.TrimPrefix(link, links.Base+"/r/")); err != nil || r.helo != long || r.domain == "" || len(r.seen) != maxSeen {
		t.Errorf("%d octets: %+v, %v", len(link), r, err)
	}
}

// FuzzLink reads hostile links: only one that was made is read. The page of a link that the
// site has signed is inert, whatever clients have put into it.
func FuzzLink(f *testing.F) {
	site := newSite(f, "")
	token := site.Links.token(refusal{check: "rdns.exists", outcome: envelope.Fail, action: verdict.Reject, client: netip.MustParseAddr("192.0.2.1"), helo: "a", domain: "b"})
	h := New(site)
	f.Add(token, []byte{})
	f.Add(token[:10], []byte("<script>"))
	signed, _ := base64.RawURLEncoding.DecodeString(token)
	f.Add("", signed[:len(signed)-macSize])
	f.Fuzz(func(t *testing.T, text string, payload []byte) {
		if r, err := site.Links.read(text); err == nil && text != token {
			t.Errorf("%q is read as %+v", text, r)
		}
		path := "/r/" + base64.RawURLEncoding.EncodeToString(append(payload, site.Links.mac(payload)...))
		if status, _ := get(t, h, path, nil); status != 200 && status != 404 && status != 410 {
			t.Errorf("%x: %d", payload, status)
		}
	})
}
