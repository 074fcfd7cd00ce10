package mxrules_test

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mxrules.example/dmarc"
	"mxrules.example/dmarc/dkim"
	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
)

// aSecondEach answers each question to DNS after a second.
func aSecondEach(text string) *zone.Zone { return zone.MustParse(text).Delaying("*.", time.Second) }

// slowBody is a message whose body comes five seconds after its header.
func slowBody(header, body string) io.Reader {
	return io.MultiReader(strings.NewReader(header), pausing(5*time.Second), strings.NewReader(body))
}

// pausing is a reader of nothing, which takes a while.
type pausing time.Duration

func (p pausing) Read([]byte) (int, error) {
	time.Sleep(time.Duration(p))
	return 0, io.EOF
}

// upToMessage returns a session in which the message is next.
func upToMessage(t *testing.T, policy verdict.Policy, dns envelope.Resolver, e envelope.Envelope) *verdict.Session {
	t.Helper()
	session := verdict.NewSession(t.Context(), verdict.Connection{Policy: policy, Resolver: dns})
	t.Cleanup(session.Close)
	session.Connect(e)
	session.Helo(e)
	session.Mail(e, nil)
	if reply := session.Rcpt(e, nil); reply.Status.Class() != 2 {
		t.Fatal(reply)
	}
	return session
}

// The keys of DKIM and the records of DMARC are looked up while the body arrives, so
// that the reply to the message waits for nothing, and no question is asked twice.
func TestLookupsStartWithTheHeader(t *testing.T) {
	const body = "Good morning!\r\n"
	announcing := func(s *verdict.Session) envelope.Spool { return envelope.Spool{Header: s.Header} }
	silent := func(*verdict.Session) envelope.Spool { return envelope.Spool{} }
	sequential := verdict.Policy{Rules: typicalPolicy.Rules, Sequential: true}
	for _, tc := range []struct {
		name         string
		policy       verdict.Policy
		spool        func(*verdict.Session) envelope.Spool
		header, body string        // without a header: that of the typical message
		early        int           // questions before the message has come
		waits        time.Duration // for the reply, in seconds
		class        int           // of the reply
	}{
		{"early", typicalPolicy, announcing, "", body, 5, 0, 2},
		{"not early", typicalPolicy, silent, "", body, 0, 1, 2},
		{"the body is changed", typicalPolicy, announcing, "", "Goodbye!\r\n", 5, 0, 5},
		{"the header does not end", typicalPolicy, announcing, "From: ann@news.example.net\r\n", "To: bob@example.org\r\n", 0, 0, 5},
		{"sequentially", sequential, announcing, "", body, 0, 5, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text, e := typical(t)
				dns := aSecondEach(text)
				header := cmp.Or(tc.header, string(e.Message.Header()))
				session := upToMessage(t, tc.policy, dns, e)
				before := len(dns.Asked())
				message, err := tc.spool(session).ReadMessage(slowBody(header, tc.body))
				if early := len(dns.Asked()) - before; err != nil || early != tc.early {
					t.Fatalf("asked %d questions early, want %d: %v; %v", early, tc.early, dns.Asked(), err)
				}
				began := time.Now()
				reply := session.Data(message, nil)
				if waits := time.Since(began) / time.Second; waits != tc.waits || reply.Status.Class() != tc.class {
					t.Errorf("%v after %d seconds, want class %d after %d; asked %v", reply, waits, tc.class, tc.waits, dns.Asked())
				}
				asked := map[string]bool{}
				for _, q := range dns.Asked() {
					if asked[q] {
						t.Errorf("%v was asked twice", q)
					}
					asked[q] = true
				}
			})
		})
	}
}

// A sender chooses what is in a header, and so what is asked for it.
func TestAHostileHeaderAsksNoMoreThanTheMessage(t *testing.T) {
	signature := "DKIM-Signature: v=1; a=rsa-sha256; d=d%d.example; s=s; h=From; b=AAAA;\r\n bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=\r\n"
	signatures := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, signature, i)
		}
		return b.String()
	}
	const from = "From: ann@example.net\r\n\r\n"
	policy := verdict.Policy{Rules: verdict.Rules{verdict.MarkUnless(dkim.Pass, "unsigned"), verdict.MarkUnless(dmarc.Pass, "junk")}}
	_, e := typical(t)
	for _, tc := range []struct {
		name, header string
		early, all   int // questions for keys
	}{
		{"ten signatures", signatures(10) + from, 10, 10},
		{"eleven signatures", signatures(11) + from, 0, 10},
		{"a thousand signatures", signatures(999) + from, 0, 10},
		{"more fields than are read", signatures(2000) + from, 0, 0},
		{"a header of more than 1 MiB", signatures(1) + strings.Repeat("X: "+strings.Repeat("x", 900)+"\r\n", 2000) + from, 0, 0},
		{"one long line", signatures(1) + "X: " + strings.Repeat("x", 2<<20) + "\r\n" + from, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dns := aSecondEach("")
				session := upToMessage(t, policy, dns, e)
				message, err := envelope.Spool{Header: session.Header}.ReadMessage(slowBody(tc.header, ""))
				if err != nil {
					t.Fatal(err)
				}
				early := keysAsked(dns)
				session.Data(message, nil)
				if all := keysAsked(dns); early != tc.early || all != tc.all {
					t.Errorf("asked for %d keys early and %d in all, want %d and %d", early, all, tc.early, tc.all)
				}
			})
		})
	}
}

func keysAsked(dns *zone.Zone) int {
	n := 0
	for _, q := range dns.Asked() {
		if strings.Contains(q, "._domainkey.") {
			n++
		}
	}
	return n
}

// What was started by the header ends with the session, which synctest sees.
func TestNothingIsLeftOfEarlyLookups(t *testing.T) {
	for name, end := range map[string]func(*verdict.Session){
		"Close": (*verdict.Session).Close,
		"RSET":  (*verdict.Session).Reset,
		"Abort": func(s *verdict.Session) { s.Abort(io.ErrUnexpectedEOF) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				text, e := typical(t)
				dns := aSecondEach(text).Delaying("s._domainkey.mailer.example. TXT", time.Hour)
				session := upToMessage(t, typicalPolicy, dns, e)
				_, err := envelope.Spool{Header: session.Header}.ReadMessage(io.MultiReader(strings.NewReader(string(e.Message.Header())), brokenOff{}))
				if err != io.ErrUnexpectedEOF || keysAsked(dns) != 2 {
					t.Fatalf("%v, asked %v", err, dns.Asked())
				}
				end(session)
				began := time.Now()
				synctest.Wait()
				if took := time.Since(began); took > 0 {
					t.Errorf("ended after %v", took)
				}
			})
		})
	}
}

// brokenOff is a connection that ends.
type brokenOff struct{}

func (brokenOff) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
