package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// postfix is a Postfix instance that sends mail to one server, and relays there what it
// gets for example.org. It listens on no port, and all its folders are private.
type postfix struct {
	t      *testing.T
	config string // the folder of main.cf and master.cf
	socket string // where it receives mail by SMTP
}

// mainCF needs the folder of the instance, its host name and the port of the server. It
// makes Postfix retry within seconds instead of minutes.
const mainCF = `
compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
syslog_name = sending-postfix

myhostname = %[2]s
mydestination =
alias_maps =
alias_database =
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
default_transport = smtp:[127.0.0.1]:%[3]s

local_recipient_maps =
relay_domains = example.org
relay_transport = $default_transport
smtpd_relay_restrictions = reject_unauth_destination
smtpd_authorized_xclient_hosts = 127.0.0.1

in_flow_delay = 0
minimal_backoff_time = 2s
maximal_backoff_time = 8s
queue_run_delay = 2s
`

// masterCF has the programs that send a message from the command line, and its bounce;
// the last ones receive a message on the socket queue/public/smtpd.
const masterCF = `
postlog unix-dgram n - n -   1 postlogd
pickup  unix       n - n 60  1 pickup
cleanup unix       n - n -   0 cleanup
qmgr    unix       n - n 300 1 qmgr
rewrite unix       - - n -   - trivial-rewrite
smtp    unix       - - n -   - smtp
error   unix       - - n -   - error
retry   unix       - - n -   - error
bounce  unix       - - n -   0 bounce
defer   unix       - - n -   0 bounce
trace   unix       - - n -   0 bounce
smtpd   unix       n - n -   - smtpd
anvil   unix       - - n -   1 anvil
`

// startPostfix starts a Postfix with this host name that sends to a server on loopback
// and ends with the test.
func startPostfix(t *testing.T, hostname string, server net.Addr) *postfix {
	t.Helper()
	needProgram(t, "postfix", "postfix")
	if os.Geteuid() != 0 {
		unavailable(t, "starting Postfix needs root")
	}
	// Not t.TempDir: the user of Postfix must have access.
	home, err := os.MkdirTemp("", "mx-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	_, port, err := net.SplitHostPort(server.String())
	if err != nil {
		t.Fatal(err)
	}
	p := &postfix{t: t, config: filepath.Join(home, "config"), socket: filepath.Join(home, "queue/public/smtpd")}
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{p.config, filepath.Join(home, "queue")} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(p.config, "main.cf"), fmt.Sprintf(mainCF, home, hostname, port))
	writeFile(t, filepath.Join(p.config, "master.cf"), masterCF)

	p.run("", "postfix", "-c", p.config, "start")
	t.Cleanup(func() {
		p.run("", "postfix", "-c", p.config, "stop")
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(home, "log"))
			t.Logf("the log of Postfix:\n%s", log)
		}
	})
	return p
}

// send submits a message as a local program does, with lines that end with LF.
func (p *postfix) send(from, to, message string) {
	p.t.Helper()
	p.run(strings.ReplaceAll(message, "\r\n", "\n"), "sendmail", "-C", p.config, "-i", "-f", from, to)
}

func (p *postfix) run(input, program string, arguments ...string) {
	p.t.Helper()
	path, err := lookProgram(program)
	if err != nil {
		p.t.Fatal(err)
	}
	command := exec.Command(path, arguments...)
	command.Stdin = strings.NewReader(input)
	if out, err := command.CombinedOutput(); err != nil {
		p.t.Errorf("%s: %v\n%s", command, err, out)
	}
}

// needProgram makes the test unavailable if a program is not installed. debianPackage
// contains it.
func needProgram(t *testing.T, program, debianPackage string) {
	t.Helper()
	if _, err := lookProgram(program); err != nil {
		unavailable(t, fmt.Sprintf("%s is not installed (Debian: apt-get install --no-install-recommends %s)", program, debianPackage))
	}
}

// lookProgram finds a program, also in /usr/sbin.
func lookProgram(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", name))
	}
	return path, err
}

// unavailable skips the test, or fails it if MXRULES_E2E is set.
func unavailable(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MXRULES_E2E") != "" {
		t.Fatalf("%s, and MXRULES_E2E is set", what)
	}
	t.Skip(what)
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
