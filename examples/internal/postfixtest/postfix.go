// Package postfixtest starts a Postfix for a test, and talks SMTP with it.
package postfixtest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// common is what every instance has in main.cf. It needs the folder of the instance.
// Without the service flush, a deferred message would stay locked while smtp looks for it.
const common = `
compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
syslog_name = postfix-of-a-test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_protocols = ipv4
in_flow_delay = 0
fast_flush_domains =
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_tls_security_level = may
smtpd_tls_chain_files = %[1]s/tls.pem
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
`

// services are those of master.cf, of which Postfix starts only what it uses.
const services = `
postlog unix-dgram n - n -   1 postlogd
pickup  unix       n - n 60  1 pickup
cleanup unix       n - n -   0 cleanup
qmgr    unix       n - n 300 1 qmgr
tlsmgr  unix       - - n -   1 tlsmgr
rewrite unix       - - n -   - trivial-rewrite
anvil   unix       - - n -   1 anvil
smtp    unix       - - n -   - smtp
error   unix       - - n -   - error
retry   unix       - - n -   - error
bounce  unix       - - n -   0 bounce
defer   unix       - - n -   0 bounce
trace   unix       - - n -   0 bounce
showq   unix       n - n -   - showq
`

// Postfix is a running instance, which ends with its test.
type Postfix struct {
	Config  string // the folder of main.cf
	Address string // of its smtpd
}

// Start starts a Postfix with these lines in main.cf. Its smtpd listens on a loopback
// port, offers STARTTLS, and takes loopback clients for others if they say so (XCLIENT),
// also for clients with a login.
func Start(t testing.TB, lines string) *Postfix {
	t.Helper()
	return StartWith(t, lines, "")
}

// StartWith is Start with more services in master.cf.
func StartWith(t testing.TB, lines, more string) *Postfix {
	t.Helper()
	Need(t, "/usr/sbin/postfix", "postfix")
	if os.Geteuid() != 0 {
		Unavailable(t, "starting Postfix needs root")
	}
	// Not t.TempDir: the user of Postfix must have access.
	home, err := os.MkdirTemp("", "postfixtest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	p := &Postfix{Config: filepath.Join(home, "config"), Address: FreeAddress(t)}
	for _, folder := range []string{home, p.Config, filepath.Join(home, "queue")} {
		if err := errors.Join(os.MkdirAll(folder, 0o755), os.Chmod(folder, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"config/main.cf":   fmt.Sprintf(common, home) + lines,
		"config/master.cf": services + p.Address + " inet n - n - - smtpd\n" + more,
		"tls.pem":          string(certificate(t)),
	} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	command(t, "/usr/sbin/postfix", "-c", p.Config, "start")
	t.Cleanup(func() {
		command(t, "/usr/sbin/postfix", "-c", p.Config, "stop")
		if t.Failed() {
			t.Logf("the log of Postfix:\n%s", p.Log(t))
		}
	})
	return p
}

// Log returns what Postfix has logged.
func (p *Postfix) Log(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(p.Config), "log"))
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// Queued returns the messages of a queue, such as hold, as postcat prints them.
func (p *Postfix) Queued(t testing.TB, queue string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(p.Config), "queue", queue, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var messages []string
	for _, file := range files {
		messages = append(messages, command(t, "/usr/sbin/postcat", "-c", p.Config, file))
	}
	return messages
}

// ReadmeLines returns the lines for main.cf in the README of an example, which must have
// the address from, with the address to.
func ReadmeLines(t testing.TB, from, to string) string {
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

// Need makes the test unavailable if a program is not installed. debianPackage has it.
func Need(t testing.TB, program, debianPackage string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		Unavailable(t, fmt.Sprintf("%s is not installed (Debian: apt-get install --no-install-recommends %s)", program, debianPackage))
	}
}

// Unavailable skips the test, or fails it if MXRULES_E2E is set.
func Unavailable(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("MXRULES_E2E") != "" {
		t.Fatalf("%s, and MXRULES_E2E is set", what)
	}
	t.Skip(what)
}

// FreeAddress returns a loopback address that nothing listens on.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func command(t testing.TB, program string, arguments ...string) string {
	t.Helper()
	out, err := exec.Command(program, arguments...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %v: %v\n%s", program, arguments, err, out)
	}
	return string(out)
}
