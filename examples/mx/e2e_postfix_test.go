package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"mxrules.example/examples/internal/postfixtest"
)

// postfix is a Postfix that sends mail to one server, and relays there what it gets for
// example.org.
type postfix struct {
	t *testing.T
	*postfixtest.Postfix
}

// mainCF needs the host name and the port of the server. It makes Postfix retry within
// seconds instead of minutes.
const mainCF = `
myhostname = %s
disable_dns_lookups = yes
smtp_host_lookup = native
default_transport = smtp:[127.0.0.1]:%s

relay_domains = example.org
relay_transport = $default_transport
smtpd_relay_restrictions = reject_unauth_destination

minimal_backoff_time = 2s
maximal_backoff_time = 8s
queue_run_delay = 2s
`

// startPostfix starts a Postfix with this host name that sends to a server on loopback
// and ends with the test.
func startPostfix(t *testing.T, hostname string, server net.Addr) *postfix {
	t.Helper()
	_, port, err := net.SplitHostPort(server.String())
	if err != nil {
		t.Fatal(err)
	}
	return &postfix{t, postfixtest.Start(t, fmt.Sprintf(mainCF, hostname, port))}
}

// send submits a message as a local program does, with lines that end with LF.
func (p *postfix) send(from, to, message string) {
	p.t.Helper()
	command := exec.Command("/usr/sbin/sendmail", "-C", p.Config, "-i", "-f", from, to)
	command.Stdin = strings.NewReader(strings.ReplaceAll(message, "\r\n", "\n"))
	if out, err := command.CombinedOutput(); err != nil {
		p.t.Errorf("%s: %v\n%s", command, err, out)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
