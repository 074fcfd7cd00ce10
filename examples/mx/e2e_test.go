package main

import (
	"log/slog"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/examples/internal/postfixtest"
	"mxrules.example/verdict"
)

// reverseName is the PTR question for the client address of these tests.
const reverseName = "10.100.51.198.in-addr.arpa. PTR"

// letter is a message that a faulty relay or store would change: dots at the start of
// lines, blanks at the end, empty lines, a folded header, non-ASCII letters, a line that
// an mbox would quote, and a line of the maximum length.
var letter = strings.ReplaceAll(`From: Bob <bob@good.example>
To: Alice <alice@example.org>
Subject: a letter
 in two lines
Date: Thu, 01 Jan 2026 12:00:00 +0000
Message-ID: <letter@good.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

.
..
.dot, and blanks at the end:   
From here on grüßt
`+strings.Repeat("x", 998)+`

tabs	too	

`, "\n", "\r\n")

// results are the fields that the server adds to the letter.
var results = strings.ReplaceAll(`Authentication-Results: mx.example.org;
	iprev=pass policy.iprev=198.51.100.10;
	spf=pass smtp.mailfrom=good.example;
	dkim=none;
	dmarc=pass header.from=good.example policy.dmarc=reject
Received-SPF: pass (mx.example.org: 198.51.100.10 may use the domain)
	client-ip=198.51.100.10; envelope-from="bob@good.example";
	helo=mail.good.example; identity=mailfrom; receiver=mx.example.org
`, "\n", "\r\n")

// receiver is a server with the mailboxes of Alice and Bob. By default its clients have
// the address of the good server of the demonstration, and it does not greylist.
type receiver struct {
	address net.Addr
	dns     *zone.Zone
	boxes   maildirs

	mu     sync.Mutex
	judged []judged
}

// judged is a verdict with its client and sender.
type judged struct {
	client  netip.Addr
	from    string
	verdict verdict.Verdict
}

func startReceiver(t *testing.T, changes ...func(*site)) *receiver {
	t.Helper()
	r, server := newReceiver(t, changes...)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = listener.Addr()
	server.start(t, listener)
	return r
}

// newReceiver returns a receiver with its server, which is not started.
func newReceiver(t testing.TB, changes ...func(*site)) (*receiver, *server) {
	t.Helper()
	r := &receiver{dns: zone.MustParse(demoZone + poolZone()), boxes: maildirs{root: t.TempDir()}}
	s := site{
		hostname:  "mx.example.org",
		mailboxes: []envelope.Mailbox{mailbox(t, "alice@example.org"), mailbox(t, "bob@good.example")},
		maildir:   r.boxes.root,
		resolver:  r.dns,
		log:       slog.New(slog.DiscardHandler),
		pretend:   func(_ net.Conn, e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("198.51.100.10") },
		told: func(event verdict.Event) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.judged = append(r.judged, judged{event.Envelope.Client(), event.Envelope.MailFrom, event.Verdict})
		},
	}
	for _, change := range changes {
		change(&s)
	}
	server, err := newServer(s)
	if err != nil {
		t.Fatal(err)
	}
	return r, server
}

// start serves a listener until the end of the test.
func (s *server) start(t testing.TB, listener net.Listener) {
	served := make(chan error, 1)
	go func() { served <- s.serve(listener) }()
	t.Cleanup(func() {
		s.smtp.Close()
		listener.Close() // go-smtp does not close it before Serve
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// inbox returns the messages of a mailbox, including marked messages.
func (r *receiver) inbox(t *testing.T, address string) []string {
	t.Helper()
	m := mailbox(t, address)
	return append(arrived(t, r.boxes.folder(m, false)), arrived(t, r.boxes.folder(m, true))...)
}

// verdicts returns the verdicts until now, in order.
func (r *receiver) verdicts() []judged {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.judged)
}

// has reports whether there was a verdict with this action.
func (r *receiver) has(action verdict.Action) bool {
	return slices.ContainsFunc(r.verdicts(), func(j judged) bool { return j.verdict.Action == action })
}

// eventually waits until a condition is true, long enough for a slow machine.
func eventually(t *testing.T, what string, isTrue func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !isTrue(); {
		if time.Now().After(deadline) {
			t.Fatalf("timeout before %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestPostfixDelivers(t *testing.T) {
	mx := startReceiver(t)
	sender := startPostfix(t, "mail.good.example", mx.address)
	sender.send("bob@good.example", "alice@example.org", letter)
	eventually(t, "the letter arrives", func() bool { return len(mx.inbox(t, "alice@example.org")) > 0 })

	messages := mx.inbox(t, "alice@example.org")
	delivered, found := strings.CutPrefix(messages[0], results)
	if !found {
		t.Errorf("the letter begins with\n%s\nwant\n%s", delivered, results)
	}
	received, rest := cutHeaderField(delivered)
	if !strings.HasPrefix(received, "Received: by mail.good.example (Postfix,") {
		t.Errorf("the next header field is %q, want that of Postfix", received)
	}
	if rest != letter {
		t.Errorf("the letter arrived as\n%q\nwant\n%q", rest, letter)
	}
	if len(messages) > 1 {
		t.Errorf("the letter arrived %d times", len(messages))
	}
}

func TestPostfixBouncesRejectedMail(t *testing.T) {
	mx := startReceiver(t)
	sender := startPostfix(t, "mail.good.example", mx.address)
	sender.send("bob@good.example", "nobody@example.org", letter)
	eventually(t, "the bounce arrives", func() bool { return len(mx.inbox(t, "bob@good.example")) > 0 })

	bounce := mx.inbox(t, "bob@good.example")[0]
	words := strings.Join(strings.Fields(bounce), " ") // Postfix folds the reply
	for _, want := range []string{
		"said: 550 5.1.1 there is no mailbox nobody@example.org here (in reply to RCPT TO command)",
		"Final-Recipient: rfc822; nobody@example.org",
		"Action: failed Status: 5.1.1",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("the bounce does not have %q:\n%s", want, bounce)
		}
	}
}

func TestPostfixTriesAgainAfterATempFail(t *testing.T) {
	mx := startReceiver(t)
	mx.dns.Failing(reverseName, zone.SERVFAIL)
	sender := startPostfix(t, "mail.good.example", mx.address)
	sender.send("bob@good.example", "alice@example.org", letter)
	eventually(t, "the letter is deferred", func() bool { return mx.has(verdict.TempFail) })
	if got := mx.inbox(t, "alice@example.org"); len(got) > 0 {
		t.Fatalf("the letter arrived during the outage: %q", got)
	}

	mx.dns.Healing(reverseName)
	eventually(t, "the letter arrives", func() bool { return len(mx.inbox(t, "alice@example.org")) > 0 })
	delivered := strings.TrimPrefix(mx.inbox(t, "alice@example.org")[0], results)
	if _, rest := cutHeaderField(delivered); rest != letter {
		t.Errorf("the letter arrived as\n%q\nwant\n%q", rest, letter)
	}
	if mx.has(verdict.Reject) {
		t.Error("the outage caused a rejection")
	}
}

func TestSwaks(t *testing.T) {
	postfixtest.Need(t, "swaks", "swaks")
	for _, tc := range []struct {
		name   string
		outage bool
		from   string
		to     string
		exit   int    // of swaks: 24 for a rejected recipient, 26 for a rejected message
		says   string // a reply of the server
		stored int
	}{
		{"accepted", false, "bob@good.example", "alice@example.org", 0, "<-  250 2.0.0 OK", 1},
		{"rejected", false, "bob@good.example", "nobody@example.org", 24, "<** 550 5.1.1 there is no mailbox nobody@example.org here", 0},
		{"deferred", true, "bob@good.example", "alice@example.org", 26, "<** 451 4.7.25 the DNS lookup of 10.100.51.198.in-addr.arpa failed, please try again later", 0},
		{"an attempt to relay", false, "bob@good.example", "carol@elsewhere.example", 24, "<** 554 5.7.1 the recipient carol@elsewhere.example is in no domain of this site; relay access denied", 0},
		{"a sender in a domain of the site", false, "alice@example.org", "alice@example.org", 24, "<** 550 5.7.1 the sender alice@example.org is in a domain of this site", 0},
		{"a sender domain that does not exist", false, "bob@nowhere.example", "alice@example.org", 24, "<** 550 5.1.8 the domain nowhere.example of the sender has no MX, A or AAAA record in DNS", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mx := startReceiver(t)
			if tc.outage {
				mx.dns.Failing(reverseName, zone.SERVFAIL)
			}
			out, exit := swaks(t, tc.from, tc.to, "--server", mx.address.String())
			if exit != tc.exit || !strings.Contains(out, tc.says) {
				t.Errorf("got exit status %d, want %d and %q:\n%s", exit, tc.exit, tc.says, out)
			}
			messages := mx.inbox(t, "alice@example.org")
			if len(messages) != tc.stored {
				t.Fatalf("%d messages arrived, want %d", len(messages), tc.stored)
			}
			if tc.stored > 0 && messages[0] != results+letter {
				t.Errorf("the letter arrived as\n%q\nwant\n%q", messages[0], results+letter)
			}
		})
	}
}

// swaks sends the letter with swaks to the server that the arguments name, and returns
// its output and exit status.
func swaks(t *testing.T, from, to string, arguments ...string) (out string, exit int) {
	t.Helper()
	path, err := exec.LookPath("swaks")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "letter")
	writeFile(t, file, strings.TrimSuffix(letter, "\r\n")) // swaks adds the last line break
	command := exec.Command(path, append([]string{"--ehlo", "mail.good.example",
		"--from", from, "--to", to, "--data", "@" + file}, arguments...)...)
	text, err := command.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(text), command.ProcessState.ExitCode()
}

// cutHeaderField cuts a message after its first header field.
func cutHeaderField(message string) (field, rest string) {
	for end := 0; ; {
		length := strings.Index(message[end:], "\r\n")
		if length < 0 {
			return message, ""
		}
		end += length + len("\r\n")
		if end == len(message) || message[end] != ' ' && message[end] != '\t' {
			return message[:end], message[end:]
		}
	}
}
