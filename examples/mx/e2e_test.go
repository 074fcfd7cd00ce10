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
	"mxrules.example/verdict"
)

// reverseName is the question for the name of the address from which the
// clients of these tests seem to come.
const reverseName = "10.100.51.198.in-addr.arpa. PTR"

// letter has what a careless relay or store would change: dots at the beginning
// of lines, blanks at the end, empty lines, a folded header, letters beyond
// ASCII, a line that an mbox would quote, and one of the greatest length.
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

// results is what the server puts in front of the letter.
var results = strings.ReplaceAll(`Authentication-Results: mx.example.org;
	iprev=pass policy.iprev=198.51.100.10;
	spf=pass smtp.mailfrom=good.example;
	dkim=none;
	dmarc=pass header.from=good.example policy.dmarc=reject
Received-SPF: pass (mx.example.org: 198.51.100.10 may use the domain)
	client-ip=198.51.100.10; envelope-from="bob@good.example";
	helo=mail.good.example; identity=mailfrom; receiver=mx.example.org
`, "\n", "\r\n")

// receiver is the server of examples/mx with the mailboxes of Alice and Bob. As
// long as a test says nothing else, its clients seem to be the good server of the
// demonstration, which SPF lets write in Bob's name, and nobody is asked to come
// back.
type receiver struct {
	address net.Addr
	dns     *zone.Zone
	boxes   maildirs

	mu     sync.Mutex
	judged []judged
}

// judged is a verdict with what it is about.
type judged struct {
	client  netip.Addr
	from    string
	verdict verdict.Verdict
}

func startReceiver(t *testing.T, changes ...func(*site)) *receiver {
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
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.address = listener.Addr()
	served := make(chan error, 1)
	go func() { served <- server.serve(listener) }()
	t.Cleanup(func() {
		server.smtp.Close()
		listener.Close() // go-smtp leaves it open if Serve has not begun yet
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return r
}

// inbox returns the messages that came for a mailbox, those in the folder for
// marked ones too.
func (r *receiver) inbox(t *testing.T, address string) []string {
	t.Helper()
	m := mailbox(t, address)
	return append(arrived(t, r.boxes.folder(m, false)), arrived(t, r.boxes.folder(m, true))...)
}

// verdicts returns those that were given until now, in order.
func (r *receiver) verdicts() []judged {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.judged)
}

// has reports whether a verdict with this action was given.
func (r *receiver) has(action verdict.Action) bool {
	return slices.ContainsFunc(r.verdicts(), func(j judged) bool { return j.verdict.Action == action })
}

// eventually waits until it is so. It waits as long as the slowest machine may
// need.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !isSo(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
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
		t.Errorf("the letter begins with\n%s\nnot with\n%s", delivered, results)
	}
	received, rest := cutHeaderField(delivered)
	if !strings.HasPrefix(received, "Received: by mail.good.example (Postfix,") {
		t.Errorf("the next header field is %q, not the one that Postfix adds", received)
	}
	if rest != letter {
		t.Errorf("the letter arrived as\n%q\nnot as\n%q", rest, letter)
	}
	if len(messages) > 1 {
		t.Errorf("the letter arrived %d times", len(messages))
	}
}

func TestPostfixBouncesWhatIsRejected(t *testing.T) {
	mx := startReceiver(t)
	sender := startPostfix(t, "mail.good.example", mx.address)
	sender.send("bob@good.example", "nobody@example.org", letter)
	eventually(t, "the bounce arrives", func() bool { return len(mx.inbox(t, "bob@good.example")) > 0 })

	bounce := mx.inbox(t, "bob@good.example")[0]
	words := strings.Join(strings.Fields(bounce), " ") // Postfix folds what we said
	for _, want := range []string{
		"said: 550 5.1.1 there is no mailbox nobody@example.org here (in reply to RCPT TO command)",
		"Final-Recipient: rfc822; nobody@example.org",
		"Action: failed Status: 5.1.1",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("the bounce does not say %q:\n%s", want, bounce)
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
		t.Fatalf("the letter arrived in spite of the outage: %q", got)
	}

	mx.dns.Healing(reverseName)
	eventually(t, "the letter arrives", func() bool { return len(mx.inbox(t, "alice@example.org")) > 0 })
	delivered := strings.TrimPrefix(mx.inbox(t, "alice@example.org")[0], results)
	if _, rest := cutHeaderField(delivered); rest != letter {
		t.Errorf("the letter arrived as\n%q\nnot as\n%q", rest, letter)
	}
	if mx.has(verdict.Reject) {
		t.Error("the outage was the reason of a rejection")
	}
}

func TestSwaks(t *testing.T) {
	needProgram(t, "swaks", "swaks")
	for _, tc := range []struct {
		name   string
		outage bool
		from   string
		to     string
		exit   int    // of swaks: 24 for a refused recipient, 26 for a refused message
		says   string // what the server is heard to say
		stored int
	}{
		{"accepted", false, "bob@good.example", "alice@example.org", 0, "<-  250 2.0.0 OK", 1},
		{"rejected", false, "bob@good.example", "nobody@example.org", 24, "<** 550 5.1.1 there is no mailbox nobody@example.org here", 0},
		{"deferred", true, "bob@good.example", "alice@example.org", 26, "<** 451 4.7.25 the DNS lookup of 10.100.51.198.in-addr.arpa failed, please try again later", 0},
		{"a relay", false, "bob@good.example", "carol@elsewhere.example", 24, "<** 554 5.7.1 the recipient carol@elsewhere.example is in no domain of this site; relay access denied", 0},
		{"in Alice's own name", false, "alice@example.org", "alice@example.org", 24, "<** 550 5.7.1 the sender alice@example.org is in a domain of this site", 0},
		{"in the name of a domain that does not exist", false, "bob@nowhere.example", "alice@example.org", 24, "<** 550 5.1.8 the domain nowhere.example of the sender has no MX, A or AAAA record in DNS", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			mx := startReceiver(t)
			if tc.outage {
				mx.dns.Failing(reverseName, zone.SERVFAIL)
			}
			out, exit := swaks(t, mx.address, tc.from, tc.to)
			if exit != tc.exit || !strings.Contains(out, tc.says) {
				t.Errorf("swaks exits with %d, not %d, or the server does not say %q:\n%s", exit, tc.exit, tc.says, out)
			}
			messages := mx.inbox(t, "alice@example.org")
			if len(messages) != tc.stored {
				t.Fatalf("%d messages arrived, not %d", len(messages), tc.stored)
			}
			if tc.stored > 0 && messages[0] != results+letter {
				t.Errorf("the letter arrived as\n%q\nnot as\n%q", messages[0], results+letter)
			}
		})
	}
}

// swaks sends the letter from a sender to a recipient, and returns what it
// printed and its exit status.
func swaks(t *testing.T, server net.Addr, from, to string) (out string, exit int) {
	t.Helper()
	path, err := lookProgram("swaks")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "letter")
	writeFile(t, file, strings.TrimSuffix(letter, "\r\n")) // swaks adds the last line break
	command := exec.Command(path, "--server", server.String(), "--ehlo", "mail.good.example",
		"--from", from, "--to", to, "--data", "@"+file)
	text, err := command.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(text), command.ProcessState.ExitCode()
}

// cutHeaderField cuts a message behind its first header field, the folded lines
// of it included.
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
