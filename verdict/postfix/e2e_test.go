package postfix_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
	importing "mxrules.example/verdict/postfix"
)

const worldText = `
	10.2.0.192.in-addr.arpa.  PTR  mail.example.net.
	11.2.0.192.in-addr.arpa.  PTR  mail.example.net.
	13.2.0.192.in-addr.arpa.  PTR  host.dial.example.
	14.2.0.192.in-addr.arpa.  PTR  mail.bad.example.
	15.2.0.192.in-addr.arpa.  PTR  mail.good.example.
	mail.example.net.         A    192.0.2.10
	host.dial.example.        A    192.0.2.13
	mail.bad.example.         A    192.0.2.14
	mail.good.example.        A    192.0.2.15
	example.net.              MX   10 mail.example.net.
	a.example.                A    192.0.2.10
	deaf.example.             MX   0 .
	spam.example.             A    192.0.2.14
	sub.spam.example.         A    192.0.2.14
	vip.example.              MX   10 mail.example.net.
	grey.example.             MX   10 mail.example.net.
	13.2.0.192.bl.example.    A    127.0.0.2
	14.2.0.192.bl.example.    A    127.0.0.9
	13.2.0.192.wl.example.    A    127.0.0.2
	spam.example.names.example. A  127.0.1.2
`

var world = zone.MustParse(worldText).
	Failing("16.2.0.192.in-addr.arpa. PTR", zone.SERVFAIL).
	Failing("broken.example.", zone.SERVFAIL)

// pools are the values that the envelopes of the comparison are drawn from.
var pools = struct{ clients, helos, senders, recipients []string }{
	clients: []string{"192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13", "192.0.2.14", "192.0.2.15", "192.0.2.16", "198.51.100.7", "203.0.113.9"},
	helos:   []string{"mail.example.net", "mail", "gone.example.net", "-bad-.example.net", "under_score.example.net", "[192.0.2.10]", "[192.0.2.300]", "mail.spam.example", "a.example", "broken.example", "192.0.2.10", ""},
	senders: []string{"ann@example.net", "", "ann@a.example", "ann@gone.example", "ann@deaf.example", "ann@broken.example", "ann@mailserver", "ann@spam.example",
		"ann@sub.spam.example", "boss@vip.example", "news@vip.example", "ann@grey.example", "x+tag@example.net", "bob"},
	recipients: []string{"bob@example.org", "bob@sub.example.org", "ann@example.com", "postmaster", "Postmaster@example.org", "eve@example.org", "bob",
		"bob@mx.example.org", "user%other@example.org", "info@mailserver", "loud@example.org", "bob+x@example.org",
		"gone@example.org", "gone@sub.example.org", "news@lists.example.org", "gone@lists.example.org"},
}

// draw returns n different envelopes, the same in each run. About half of the values are
// the first of their pool, which is good, so that later restrictions decide too.
func draw(n int) []envelope.Envelope {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(pool []string) string { return pool[max(random.IntN(2*len(pool))-len(pool), 0)] }
	seen := map[string]bool{}
	var all []envelope.Envelope
	for len(all) < n {
		e := envelope.Envelope{
			ClientIP: netip.MustParseAddr(pick(pools.clients)),
			Helo:     pick(pools.helos), MailFrom: pick(pools.senders), RcptTo: pick(pools.recipients),
		}
		if !seen[describe(e)] {
			seen[describe(e)] = true
			all = append(all, e)
		}
	}
	return all
}

func describe(e envelope.Envelope) string {
	return fmt.Sprintf("client %s, HELO %q, MAIL <%s>, RCPT <%s>", e.ClientIP, e.Helo, e.MailFrom, e.RcptTo)
}

// difference is a documented difference: the code of Postfix and that of the import for
// some verdicts. A 0 is any code: of the same class for Postfix, any for the import.
type difference struct {
	why           string
	postfix, ours int
	has           func(envelope.Envelope, verdict.Verdict) bool
}

var documented = []difference{
	{"an address without brackets is a syntax error", 504, 501, helo("192.0.2.10")},
	{"a local part alone is in no domain of the site", 250, 454, to("bob")},
	{"a local part alone is in no domain of the site", 250, 554, to("bob")},
	{"a local part alone is in no domain of the site", 504, 554, to("bob")},
	{"a local part alone has no domain to look up", 550, 504, from("bob")},
	{"a local part alone has no domain to look up", 550, 554, from("bob")},
	{"the local part of a mailbox may have a percent sign", 250, 550, to("user%other@example.org")},
	{"a rejection is certain although a lookup failed", 450, 0, func(e envelope.Envelope, v verdict.Verdict) bool {
		return e.ClientIP == netip.MustParseAddr("192.0.2.16") && v.Action == verdict.Reject
	}},
	{"a failed lookup is 451", 450, 451, func(_ envelope.Envelope, v verdict.Verdict) bool { return v.Forced }},
	{"soft_bounce gives a code that an RFC defines", 0, 451, func(_ envelope.Envelope, v verdict.Verdict) bool { return v.Softened }},
}

func helo(name string) func(envelope.Envelope, verdict.Verdict) bool {
	return func(e envelope.Envelope, _ verdict.Verdict) bool { return e.Helo == name }
}

func from(path string) func(envelope.Envelope, verdict.Verdict) bool {
	return func(e envelope.Envelope, _ verdict.Verdict) bool { return e.MailFrom == path }
}

func to(path string) func(envelope.Envelope, verdict.Verdict) bool {
	return func(e envelope.Envelope, _ verdict.Verdict) bool { return e.RcptTo == path }
}

// explained returns the place of the documented difference, -1 if there is none.
func explained(e envelope.Envelope, v verdict.Verdict, postfix int) int {
	ours := int(v.Reply().Status.Code)
	return slices.IndexFunc(documented, func(d difference) bool {
		return (d.postfix == postfix || d.postfix == 0 && postfix/100 == ours/100) && (d.ours == ours || d.ours == 0) && d.has(e, v)
	})
}

// The same envelopes get the same code from a real Postfix and from the import of its
// main.cf, but for the documented differences.
func TestLikePostfix(t *testing.T) {
	seen, compared := make([]int, len(documented)), 0
	for _, name := range sites(t) {
		t.Run(name, func(t *testing.T) {
			imported, main, files := read(t, name)
			s := start(t, world, main, files)
			compared++
			codes, differing := map[int]int{}, 0
			for _, e := range draw(200) {
				code, line := s.reply(t, e)
				v := imported.Policy.Judge(t.Context(), world, &e)
				ours := int(v.Reply().Status.Code)
				codes[code]++
				if ours == code {
					continue
				}
				if i := explained(e, v, code); i >= 0 {
					seen[i]++
					differing++
					continue
				}
				t.Errorf("%s:\nPostfix says %s\nthe import  %s", describe(e), line, v)
			}
			t.Logf("the codes of Postfix: %v; documented differences: %d", codes, differing)
		})
	}
	for i, n := range seen {
		if n == 0 && compared > 0 && !t.Failed() {
			t.Errorf("no envelope shows the documented difference: %s", documented[i].why)
		}
	}
}

// sites returns the names of the folders with a main.cf.
func sites(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob("testdata/*/main.cf")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for i, name := range names {
		names[i] = filepath.Base(filepath.Dir(name))
	}
	return names
}

// read imports the main.cf of a site, and returns it and its other files.
func read(t *testing.T, name string) (imported *importing.Import, main string, files map[string]string) {
	t.Helper()
	files = map[string]string{}
	paths, err := filepath.Glob("testdata/" + name + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(text)
	}
	main = files["main.cf"]
	delete(files, "main.cf")
	imported, err = importing.Read(main, importing.Options{ReadFile: func(name string) ([]byte, error) {
		text, found := files[filepath.Base(name)]
		if !found {
			return nil, os.ErrNotExist
		}
		return []byte(text), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return imported, main, files
}
