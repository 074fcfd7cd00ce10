package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mainCF needs the folder of the instance and, after it, the lines of the README. Every
// accepted message is held, so that the test can read it.
const mainCF = `
compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
syslog_name = asking-postfix

myhostname = mx.example.org
mydestination =
relay_domains = example.org
relay_transport = smtp:[127.0.0.1]:1
local_recipient_maps =
alias_maps =
alias_database =
inet_protocols = ipv4
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_data_restrictions = check_client_access static:HOLD
`

const masterCF = `
%s inet n - n - - smtpd
postlog  unix-dgram n - n -   1 postlogd
cleanup  unix       n - n -   0 cleanup
qmgr     unix       n - n 300 1 qmgr
rewrite  unix       - - n -   - trivial-rewrite
anvil    unix       - - n -   1 anvil
bounce   unix       - - n -   0 bounce
showq    unix       n - n -   - showq
`

// postfix is a Postfix that asks a policy server.
type postfix struct {
	config, address string
}

// startPostfix starts a Postfix whose smtpd has these lines in its configuration.
func startPostfix(t *testing.T, lines string) postfix {
	t.Helper()
	if _, err := exec.LookPath("/usr/sbin/postfix"); err != nil {
		unavailable(t, "postfix is not installed (Debian: apt-get install --no-install-recommends postfix)")
	}
	if os.Geteuid() != 0 {
		unavailable(t, "starting Postfix needs root")
	}
	// Not t.TempDir: the user of Postfix must have access.
	home, err := os.MkdirTemp("", "policyd-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	config := filepath.Join(home, "config")
	for _, folder := range []string{home, config, filepath.Join(home, "queue")} {
		if err := errors.Join(os.MkdirAll(folder, 0o755), os.Chmod(folder, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	address := freeAddress(t)
	for name, text := range map[string]string{"main.cf": fmt.Sprintf(mainCF, home) + lines, "master.cf": fmt.Sprintf(masterCF, address)} {
		if err := os.WriteFile(filepath.Join(config, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command(t, "/usr/sbin/postfix", "-c", config, "start")
	t.Cleanup(func() {
		command(t, "/usr/sbin/postfix", "-c", config, "stop")
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(home, "log"))
			t.Logf("the log of Postfix:\n%s", log)
		}
	})
	return postfix{config, address}
}

// freeAddress returns a loopback address that nothing listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func command(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	out, err := exec.Command(program, arguments...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %v: %v\n%s", program, arguments, err, out)
	}
	return string(out)
}

// unavailable skips the test, or fails it if MXRULES_E2E is set.
func unavailable(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MXRULES_E2E") != "" {
		t.Fatalf("%s, and MXRULES_E2E is set", what)
	}
	t.Skip(what)
}

// talk sends commands for a client that Postfix takes for another (XCLIENT), and returns
// the replies.
func (p postfix) talk(t *testing.T, client string, commands ...string) []string {
	t.Helper()
	conn, err := net.Dial("tcp", p.address)
	for start := time.Now(); err != nil && time.Since(start) < 30*time.Second; conn, err = net.Dial("tcp", p.address) {
		time.Sleep(50 * time.Millisecond) // the master of Postfix is starting
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	in := bufio.NewReader(conn)
	var replies []string
	for _, line := range append([]string{"", "XCLIENT ADDR=" + client + " NAME=[UNAVAILABLE]", "EHLO mail.example.net"}, commands...) {
		if line != "" {
			fmt.Fprintf(conn, "%s\r\n", line)
		}
		reply := ""
		for reply = "-"; len(reply) < 4 || reply[3] == '-'; {
			if reply, err = in.ReadString('\n'); err != nil {
				t.Fatalf("after %q: %v", line, err)
			}
		}
		replies = append(replies, strings.TrimSpace(reply))
	}
	return replies[3:]
}

// held returns the messages that Postfix holds.
func (p postfix) held(t *testing.T) string {
	t.Helper()
	var messages strings.Builder
	files, _ := filepath.Glob(filepath.Join(p.config, "../queue/hold/*"))
	for _, file := range files {
		messages.WriteString(command(t, "/usr/sbin/postcat", "-c", p.config, file))
	}
	return messages.String()
}

// readmeLines returns the lines for main.cf in the README, with another address.
func readmeLines(t *testing.T, from, to string) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "In main.cf:\n\n```\n")
	lines, _, closed := strings.Cut(rest, "```")
	if !found || !closed || !strings.Contains(lines, from) {
		t.Fatal("the README has no lines for main.cf")
	}
	return strings.ReplaceAll(lines, from, to)
}

// A real Postfix with the lines of the README gives the replies of the policy.
func TestPostfixAsks(t *testing.T) {
	address, stop := serveForTest(t, newTestServer(t))
	defer stop()
	p := startPostfix(t, readmeLines(t, "127.0.0.1:10040", address))
	for _, tc := range []struct{ name, client, from, to, want string }{
		{"an unknown mailbox", "192.0.2.9", "ann@example.net", "nobody@example.org", "550 5.1.1 <nobody@example.org>: Recipient address rejected: there is no mailbox nobody@example.org here"},
		{"no PTR record", "192.0.2.77", "ann@example.net", "bob@example.org", "550 5.7.25 <bob@example.org>: Recipient address rejected: the client 192.0.2.77 has no PTR record"},
		{"SPF fails", "192.0.2.12", "ann@example.net", "bob@example.org", "550 5.7.23 <bob@example.org>: "},
		{"greylisted", "192.0.2.11", "ann@example.net", "bob@example.org", "451 4.7.1 <bob@example.org>: Recipient address rejected: greylisted"},
		{"Postfix decides before", "192.0.2.9", "ann@example.net", "bob@example.com", "454 4.7.1 <bob@example.com>: Relay access denied"},
	} {
		if got := p.talk(t, tc.client, "MAIL FROM:<"+tc.from+">", "RCPT TO:<"+tc.to+">")[1]; !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	replies := p.talk(t, "192.0.2.9", "MAIL FROM:<ann@example.net>", "RCPT TO:<bob@example.org>", "RCPT TO:<nobody@example.org>",
		"RCPT TO:<eve@example.org>", "DATA", "Subject: news\r\n\r\nhello\r\n.", "QUIT")
	if replies[1][:3] != "250" || replies[2][:3] != "550" || replies[3][:3] != "250" || replies[5][:3] != "250" {
		t.Errorf("a message for two recipients: %q", replies)
	}
	message := p.held(t)
	if n := strings.Count(message, "Authentication-Results: mx.example.org;"); n != 1 {
		t.Errorf("the message has %d fields Authentication-Results:\n%s", n, message)
	}
	for _, want := range []string{"iprev=pass policy.iprev=192.0.2.9", "spf=pass smtp.mailfrom=example.net"} {
		if !strings.Contains(message, want) {
			t.Errorf("the message has no %q:\n%s", want, message)
		}
	}
}

// While policyd is down, Postfix takes the default action of the README.
func TestPostfixWithoutAPolicyServer(t *testing.T) {
	p := startPostfix(t, readmeLines(t, "127.0.0.1:10040", freeAddress(t)))
	if got := p.talk(t, "192.0.2.77", "MAIL FROM:<ann@example.net>", "RCPT TO:<bob@example.org>")[1]; !strings.HasPrefix(got, "250") {
		t.Errorf("got %q", got)
	}
}
