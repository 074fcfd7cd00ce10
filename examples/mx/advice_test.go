package main

import (
	"cmp"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mxrules.example/examples/postmaster"
	"mxrules.example/verdict/explain"
)

// remedies are what a postmaster does in the conversation, by the check of a page, where its
// advice is more than records for DNS. Those say what has to be changed in the DNS of the
// demonstration.
var remedies = map[string]func(p *sender){
	"helo.syntax":         func(p *sender) { p.greets("mail.good.example") },
	"helo.notours":        func(p *sender) { p.greets("mail.good.example") },
	"helo.notgeneric":     func(p *sender) { p.greets("mail.good.example") },
	"sender.syntax":       func(p *sender) { p.from("bob@good.example") },
	"sender.listed":       func(p *sender) { p.from("alice@example.org") },
	"recipient.ours":      func(p *sender) { p.to("alice@example.org") }, // the other domain has a server of its own
	"recipient.listed":    func(p *sender) { p.to("alice@example.org") },
	"client.waited":       func(p *sender) { p.early, p.bannerDelay = false, 0 },
	"not(client.in)":      func(p *sender) { p.client = "198.51.100.10"; p.lines = good },
	"greylist.known":      func(p *sender) { p.later += 10 * time.Minute },
	"quota.within":        func(p *sender) { p.later += 25 * time.Hour },
	"dnsbl.notlisted":     func(p *sender) { p.remove("88.113.0.203.list.example.") },
	"dmarc.notreject":     func(p *sender) { p.signs() },
	"dmarc.authorowned":   func(p *sender) { p.author = "Alice <alice@example.org>" },
	"message.oneclick":    func(p *sender) { p.offersOneClick() },
	"a lookup that fails": func(p *sender) { p.outage = "" },
}

var good = mail("mail.good.example", "bob@good.example", "alice@example.org")

// sender is a conversation whose client follows the pages of refusals, with the DNS of the
// demonstration.
type sender struct {
	conversation
	zone []string // its records, each with its owner
}

func (p *sender) greets(helo string) {
	p.lines = slices.Replace(slices.Clone(p.lines), 0, 1, "EHLO "+helo)
}
func (p *sender) from(mailbox string) {
	p.lines = slices.Replace(slices.Clone(p.lines), 1, 2, "MAIL FROM:<"+mailbox+">")
}
func (p *sender) to(mailbox string) {
	p.lines = slices.Replace(slices.Clone(p.lines), 2, 3, "RCPT TO:<"+mailbox+">")
}

// signs signs for the domain of the author, and publishes the key that demo.zone has for
// other domains.
func (p *sender) signs() {
	_, domain, _ := strings.Cut(strings.TrimSuffix(cmp.Or(p.author, "bob@good.example"), ">"), "@")
	p.route = append(p.route, signedBy(domain))
	for _, record := range slices.Clone(p.zone) {
		if key, ok := strings.CutPrefix(record, "demo._domainkey.good.example."); ok {
			p.publish("demo._domainkey." + domain + "." + key)
		}
	}
}

func (p *sender) offersOneClick() {
	p.fields += "List-Unsubscribe: <https://good.example/unsubscribe/1>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
	p.route = []step{signedBy("good.example", "List-Unsubscribe", "List-Unsubscribe-Post")}
}

// remove removes the records of a name.
func (p *sender) remove(name string) {
	p.zone = slices.DeleteFunc(p.zone, func(record string) bool { return strings.HasPrefix(record, name+" ") })
}

// publish adds a record. Addresses are added to those of a name, other records replace
// those of their type.
func (p *sender) publish(record string) {
	name, rest, _ := strings.Cut(record, " ")
	kind, _, _ := strings.Cut(rest, " ")
	if kind != "A" && kind != "AAAA" {
		p.zone = slices.DeleteFunc(p.zone, func(other string) bool {
			fields := strings.Fields(other)
			return fields[0] == name && fields[1] == kind
		})
	}
	p.zone = append(p.zone, record)
}

// recordsOf returns the records of a zone, each with its owner.
func recordsOf(zone string) (records []string) {
	owner := ""
	for line := range strings.Lines(zone) {
		if fields := strings.Fields(line); len(fields) == 0 || strings.HasPrefix(line, ";") {
			continue
		} else if strings.HasPrefix(line, " ") {
			records = append(records, owner+" "+strings.Join(fields, " "))
		} else {
			owner = fields[0]
			records = append(records, strings.Join(fields, " "))
		}
	}
	return records
}

var (
	linkOf    = regexp.MustCompile(`https://postmaster\.example\.org(/r/[\w-]+)`)
	checkOf   = regexp.MustCompile(`<dt>Rule</dt><dd>(.*?)</dd>`)
	recordsIn = regexp.MustCompile(`(?s)<pre>(.*?)</pre>`)
)

// pageOf is the page of a refusal.
type pageOf struct {
	text    string
	check   string
	records []string
}

// open opens the page that the reply in a transcript links to.
func open(t *testing.T, pages http.Handler, transcript string) (page pageOf) {
	t.Helper()
	link := linkOf.FindStringSubmatch(transcript)
	if link == nil {
		t.Fatalf("the refusal has no link:\n%s", transcript)
	}
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, httptest.NewRequest("GET", link[1], nil))
	page.text = html.UnescapeString(w.Body.String())
	if match := checkOf.FindStringSubmatch(page.text); w.Code == http.StatusOK && match != nil {
		page.check = match[1]
	} else {
		t.Fatalf("the link %s leads to a page with status %d:\n%s", link[0], w.Code, page.text)
	}
	if match := recordsIn.FindStringSubmatch(page.text); match != nil {
		page.records = strings.Split(strings.TrimSpace(match[1]), "\n")
	}
	return page
}

// A sender that does what the pages of its refusals say, page after page, is accepted. At
// first each refusal of the demonstration leads to its page.
func TestTheAdviceOfThePagesEndsInAnAccept(t *testing.T) {
	w := web{listen: "127.0.0.1:0", link: "https://postmaster.example.org"}
	links, err := w.links(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pages := postmaster.New(postmaster.Site{Links: links, Books: w.books()})
	fixed := map[string]bool{}
	refusals := 0
	for _, c := range conversations {
		if strings.Contains(c.want, " 250 ") {
			continue
		}
		refusals++
		t.Run(c.title, func(t *testing.T) {
			var out strings.Builder
			s := newStage(t.TempDir(), &out)
			s.link = links.Of
			if c.login != "" { // the message before it
				first := c
				first.author = "Alice <alice@example.org>"
				if _, err := s.play(t.Context(), first); err != nil {
					t.Fatal(err)
				}
			}
			p := sender{conversation: c, zone: recordsOf(demoZone)}
			var followed []string
			for range 6 {
				out.Reset()
				s.zone = strings.Join(p.zone, "\n")
				ended, err := s.play(t.Context(), p.conversation)
				switch {
				case err != nil:
					t.Fatal(err)
				case ended == "message 250 2.0.0":
					t.Logf("accepted after the advice about %s", strings.Join(followed, ", "))
					for _, check := range followed {
						fixed[check] = true
					}
					return
				}
				page := open(t, pages, out.String())
				followed = append(followed, p.follow(t, page))
			}
			t.Errorf("the advice about %s does not end in an accept:\n%s", strings.Join(followed, ", "), out.String())
		})
	}
	if len(fixed) < 15 || refusals < 20 {
		t.Errorf("%d refusals, the advice about %d checks", refusals, len(fixed))
	}
	t.Logf("%d refusals, the advice about %d checks: %s", refusals, len(fixed), strings.Join(slices.Sorted(maps.Keys(fixed)), " "))
}

// follow does what a page says, and returns the name of its check.
func (p *sender) follow(t *testing.T, page pageOf) string {
	t.Helper()
	check := page.check
	entry, isNot := explain.English().Entries["not("+check+")"]
	if isNot = isNot && strings.Contains(page.text, entry.Asks); isNot {
		check = "not(" + check + ")"
	} else {
		entry = explain.English().Entries[check]
	}
	if strings.Contains(page.text, explain.English().Failure.Why) {
		check, entry = "a lookup that fails", explain.English().Failure
	}
	for _, want := range append([]string{entry.Asks, entry.Why, entry.User}, entry.Fix...) {
		if want == "" || !strings.Contains(page.text, want) {
			t.Fatalf("the page of %s does not say %q", check, want)
		}
	}
	for _, record := range page.records {
		p.publish(record)
	}
	remedy := remedies[check]
	if remedy != nil {
		remedy(p)
	} else if len(page.records) == 0 {
		t.Fatalf("nothing is done about %s", check)
	}
	return check
}
