package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// checkEnd plays a conversation without output, and tests its end.
func checkEnd(t *testing.T, server string, c conversation, want string) {
	t.Helper()
	ended, err := c.speak(t.Context(), server, io.Discard)
	if err != nil || ended != want {
		t.Errorf("the conversation ended with %q, %v, want %q", ended, err, want)
	}
}

func TestRepeatedRecipientGetsOneCopy(t *testing.T) {
	mx := startReceiver(t)
	lines := append(mail("mail.good.example", "bob@good.example", "alice@example.org"),
		"RCPT TO:<bob@good.example>", "RCPT TO:<ALICE@EXAMPLE.ORG>")
	checkEnd(t, mx.address.String(), conversation{lines: lines}, accepted)
	for _, address := range []string{"alice@example.org", "bob@good.example"} {
		if got := stored(t, mx.boxes.folder(mailbox(t, address), false)); len(got) != 1 {
			t.Errorf("%s has %d messages", address, len(got))
		}
	}
}

func TestEachDomainHasAPostmaster(t *testing.T) {
	mx := startReceiver(t)
	for _, address := range []string{"postmaster@example.org", "Postmaster@good.example"} {
		checkEnd(t, mx.address.String(), conversation{lines: mail("mail.good.example", "", address)}, accepted)
		if got := mx.inbox(t, address); len(got) != 1 {
			t.Errorf("%s has %d messages", address, len(got))
		}
	}
}

func TestFailedDeliveryIsATempFail(t *testing.T) {
	mx := startReceiver(t)
	if err := os.RemoveAll(mx.boxes.folder(mailbox(t, "bob@good.example"), false)); err != nil {
		t.Fatal(err)
	}
	lines := append(mail("mail.good.example", "bob@good.example", "alice@example.org"), "RCPT TO:<bob@good.example>")
	checkEnd(t, mx.address.String(), conversation{lines: lines}, "message 451 4.3.0")
	if got := stored(t, mx.boxes.folder(mailbox(t, "alice@example.org"), false)); len(got) != 0 {
		t.Errorf("Alice has the deferred message: %q", got)
	}
}

// running is the running command.
type running struct {
	address string
	before  []map[string]any    // the log until it listens
	logs    chan map[string]any // the later log, closed when the command has exited
	stop    context.CancelFunc
	exited  chan int
}

// start starts the command on a free port, with a mailbox for Alice, and waits until it
// listens.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	r := &running{logs: make(chan map[string]any, 100), stop: stop, exited: make(chan int, 1)}
	go func() {
		common := []string{"-listen", "127.0.0.1:0", "-hostname", "mx.example.org", "-mailboxes", "alice@example.org"}
		r.exited <- run(ctx, append(common, args...), io.Discard, writer)
		writer.Close()
	}()
	go func() {
		defer close(r.logs)
		for lines := json.NewDecoder(reader); ; {
			var line map[string]any
			if err := lines.Decode(&line); err != nil {
				reader.CloseWithError(err) // io.EOF, unless a line is invalid JSON
				return
			}
			r.logs <- line
		}
	}()
	t.Cleanup(func() {
		stop()
		for range r.logs { // until the command has exited
		}
	})
	for line := range r.logs {
		if line["msg"] == "listening" {
			r.address, _ = line["address"].(string)
			break
		}
		r.before = append(r.before, line)
	}
	return r
}

func TestRunLogsAndStops(t *testing.T) {
	folder := t.TempDir()
	zoneFile := filepath.Join(folder, "zone")
	writeFile(t, zoneFile, demoZone)
	mx := start(t, "-our-nets", "127.0.0.0/8", "-maildir", filepath.Join(folder, "mail"), "-zone", zoneFile)

	ended := make(chan bool)
	go func() {
		c := conversation{lines: mail("printer", "alice@example.org", "carol@elsewhere.example")}
		checkEnd(t, mx.address, c, "RCPT 554 5.7.1")
		close(ended)
	}()
	// The policy lets our networks relay, and the server has no queue.
	line := <-mx.logs
	about, _ := line["verdict"].(map[string]any)
	if line["msg"] != "reply" || line["reply"] != "554 5.7.1" || about["action"] != "accept" || about["rule"] != "client.in" {
		t.Errorf("the log has %v", line)
	}
	logged, _ := line["envelope"].(map[string]any)
	delete(logged, "now")
	if got, want := fmt.Sprint(logged), "map[client_ip:127.0.0.1 helo:printer mail_from:alice@example.org rcpt_to:[carol@elsewhere.example] stage:rcpt]"; got != want {
		t.Errorf("the log has the envelope %s, want %s", got, want)
	}
	<-ended

	mx.stop()
	if line := <-mx.logs; line["msg"] != "stopping" {
		t.Errorf("the log has %v", line)
	}
	if status := <-mx.exited; status != 0 {
		t.Errorf("exit status %d", status)
	}
}

func TestRunLetsConversationsEnd(t *testing.T) {
	folder := t.TempDir()
	mx := start(t, "-our-nets", "127.0.0.0/8", "-maildir", folder)
	client := dial(t, mx.address)
	client.hear()
	mx.stop()
	if line := <-mx.logs; line["msg"] != "stopping" {
		t.Errorf("the log has %v", line)
	}
	client.say(append(mail("printer", "alice@example.org", "alice@example.org"), "DATA")...)
	for range 4 {
		client.hear()
	}
	client.say("Subject: the last one", "", ".")
	if got := client.hear(); got != "250 2.0.0" {
		t.Errorf("the reply to the message is %q", got)
	}
	client.say("QUIT")
	client.hear()
	if status := <-mx.exited; status != 0 || client.err != nil {
		t.Errorf("exit status %d, and the error of the client %v", status, client.err)
	}
	if got := stored(t, filepath.Join(folder, "alice@example.org")); len(got) != 1 {
		t.Errorf("Alice has the messages %q", got)
	}
	if conn, err := net.Dial("tcp", mx.address); err == nil {
		conn.Close()
		t.Error("the port is still open")
	}
}

func TestRejectionsOfAConnectionAreLimited(t *testing.T) {
	mx := startReceiver(t)
	client := dial(t, mx.address.String())
	client.hear()
	client.say("EHLO mail.good.example", "MAIL FROM:<>")
	client.hear()
	client.hear()
	for range maxRejections {
		client.say("RCPT TO:<nobody@example.org>")
		if got := client.hear(); got != "550 5.1.1" {
			t.Fatalf("the reply to RCPT is %q", got)
		}
	}
	client.say("RCPT TO:<nobody@example.org>")
	if got := client.hear(); got != "421 4.7.0" {
		t.Errorf("the reply after the limit is %q", got)
	}
}

// dial connects to a server without output.
func dial(t *testing.T, server string) *dialogue {
	t.Helper()
	conn, err := textproto.Dial("tcp", server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &dialogue{conn: conn, out: io.Discard}
}

func TestFlags(t *testing.T) {
	needed := []string{"-hostname", "mx.example.org", "-mailboxes", "alice@example.org", "-maildir", "/nowhere"}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{nil, "-mailboxes is required"},
		{[]string{"-mailboxes", "alice@example.org"}, "-maildir is required"},
		{[]string{"-mailboxes", "alice"}, `mailbox "alice" has no domain`},
		{[]string{"-mailboxes", "alice@[192.0.2.1]"}, `mailbox "alice@[192.0.2.1]" is not of the form`},
		{append(needed, "-our-nets", "192.0.2.0"), `network "192.0.2.0" is not a prefix`},
		{append(needed, "-hostname", "m x"), `host name "m x" has an invalid character`},
		{append(needed, "-policy", "lax"), `unknown policy "lax"; known are: standard, strict, bulk, submission, trial`},
		{append(needed, "-policy", "strict", "-dnsbl", "list.example"), `DNS list "list.example" has no codes`},
		{append(needed, "-dnsbl", "list.example=127.0.0.2"), "-dnsbl needs -policy strict or trial"},
		{append(needed, "-mailing-lists", "lists.example,l ists.example"), `host pattern "l ists.example" has an invalid character`},
		{append(needed, "-policy", "submission", "-choices", "/nowhere"), "not for -policy submission"},
		{append(needed, "-dns", "192.0.2.53,one"), `-dns: name server "one" is not an IP address`},
		{append(needed, "-greylist", ""), `store "" is not a file`},
		{append(needed, "-greylist", "http://192.0.2.1"), `store "http://192.0.2.1" is not`},
		{append(needed, "-greylist", "redis://192.0.2.1/zero"), `"zero"`},
		{append(needed, "-greylist-delay", "1ms"), "-greylist-delay 1ms is not between 1s and 12h0m0s"},
		{append(needed, "-greylist-delay", "24h"), "-greylist-delay 24h0m0s is not between"},
		{append(needed, "-gateways", "192.0.2.0/29"), `-gateways and -gateway-names: gateway "192.0.2.0/29" has no name`},
		{append(needed, "-gateway-names", "gw.example.org"), `gateway "gw.example.org" has no network`},
		{append(needed, "-gateways", "192.0.2.0/29", "-gateway-names", "g w"), `host pattern "g w" has an invalid character`},
		{append(needed, "-gateway-missing", "reject"), `unknown choice "reject"; known are: tempfail, itself`},
		{append(needed, "-zone", "/nowhere/zone"), "/nowhere/zone: no such file"},
		{append(needed, "-web", "127.0.0.1:0"), "-web needs -web-link"},
		{append(needed, "-web-link", "https://postmaster.example.org"), "-web-link needs -web"},
		{append(needed, "-web", "127.0.0.1:0", "-web-link", "postmaster.example.org"), `-web-link "postmaster.example.org" is not an address such as https://`},
		{append(needed, "-web-proxies", "127.0.0.0/8"), "-web-proxies needs -web"},
		{append(needed, "more"), `unexpected argument "more"`},
		{[]string{"-what"}, "-what"},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			var errs strings.Builder
			if status := run(t.Context(), tc.args, io.Discard, &errs); status != 2 || !strings.Contains(errs.String(), tc.want) {
				t.Errorf("exit status %d and errors %q, want 2 and %q", status, errs.String(), tc.want)
			}
		})
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var out strings.Builder
	if status := run(t.Context(), []string{"-help"}, &out, io.Discard); status != 0 {
		t.Errorf("exit status %d", status)
	}
	new(options).flagSet().VisitAll(func(f *flag.Flag) {
		if !strings.Contains(out.String(), "\n  -"+f.Name) || f.Usage == "" {
			t.Errorf("the help does not name -%s", f.Name)
		}
	})
}

func TestMailboxOfARecipientWithoutQuotes(t *testing.T) {
	for to, want := range map[string]string{
		"alice@Example.ORG":      "alice@example.org",
		"a@b@example.org":        `"a@b"@example.org`,
		"white space@mx.example": `"white space"@mx.example`,
	} {
		if m, ok := mailboxOf(to); !ok || m.String() != want {
			t.Errorf("%s: got %s, %t", to, m, ok)
		}
	}
	for _, to := range []string{"alice", "alice@", "alice@[192.0.2.1]"} {
		if m, ok := mailboxOf(to); ok {
			t.Errorf("%s: got %s", to, m)
		}
	}
}
