package postfix_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
)

// everyMain is what a private instance of Postfix needs in its main.cf.
const everyMain = `
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log
maillog_file_prefixes = %[1]s
syslog_name = imported-postfix
alias_maps =
alias_database =
inet_protocols = ipv4
smtpd_upstream_proxy_protocol = haproxy
smtpd_error_sleep_time = 0
in_flow_delay = 0
smtpd_soft_error_limit = 1000
smtpd_client_connection_rate_limit = 0

`

// everyMaster runs smtpd below its queue directory, so that it reads the resolv.conf
// there.
const everyMaster = `
%s inet n - y - - smtpd
postlog  unix-dgram n - n -   1 postlogd
cleanup  unix       n - n -   0 cleanup
qmgr     unix       n - n 300 1 qmgr
rewrite  unix       - - n -   - trivial-rewrite
anvil    unix       - - n -   1 anvil
bounce   unix       - - n -   0 bounce
`

// server is a running Postfix.
type server struct{ address string }

// start starts a Postfix with these lines in its main.cf and these files beside it,
// that asks dns.
func start(t *testing.T, dns *zone.Zone, lines string, files map[string]string) server {
	t.Helper()
	if _, err := exec.LookPath("/usr/sbin/postfix"); err != nil {
		unavailable(t, "postfix is not installed (Debian: apt-get install --no-install-recommends postfix)")
	}
	if os.Geteuid() != 0 {
		unavailable(t, "starting Postfix needs root")
	}
	nameserver := serve(t, dns)
	// Not t.TempDir: the user of Postfix must have access.
	home, err := os.MkdirTemp("", "import-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	for _, folder := range []string{"", "config", "queue", "queue/etc"} {
		folder = filepath.Join(home, folder)
		if err := errors.Join(os.MkdirAll(folder, 0o755), os.Chmod(folder, 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	written := map[string]string{
		"config/main.cf":          lines + fmt.Sprintf(everyMain, home),
		"config/master.cf":        fmt.Sprintf(everyMaster, address),
		"queue/etc/resolv.conf":   "nameserver " + nameserver + "\noptions timeout:1 attempts:1\n",
		"queue/etc/nsswitch.conf": "hosts: dns\n",
	}
	for name, text := range files {
		written["config/"+name] = text
	}
	for name, text := range written {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(home, "config")
	postfix(t, config, "start")
	t.Cleanup(func() {
		postfix(t, config, "stop")
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(home, "log"))
			t.Logf("the log of Postfix:\n%s", log[:min(len(log), 4000)])
		}
	})
	return server{address}
}

// serve serves dns and returns its address. The resolver of the system asks port 53
// only, so that each server needs an address of its own.
func serve(t *testing.T, dns *zone.Zone) string {
	t.Helper()
	var err error
	for n := 1; n < 100; n++ {
		address := fmt.Sprintf("127.0.53.%d", n)
		var asked *zone.Server
		if asked, err = dns.Serve(address + ":53"); err == nil {
			t.Cleanup(func() { asked.Close() })
			return address
		}
	}
	unavailable(t, "no DNS server can listen on port 53: "+err.Error())
	return ""
}

func postfix(t *testing.T, config, command string) {
	t.Helper()
	if out, err := exec.Command("/usr/sbin/postfix", "-c", config, command).CombinedOutput(); err != nil {
		t.Fatalf("postfix %s: %v\n%s", command, err, out)
	}
}

// unavailable skips the test, or fails it if MXRULES_E2E is set.
func unavailable(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("MXRULES_E2E") != "" {
		t.Fatalf("%s, and MXRULES_E2E is set", what)
	}
	t.Skip(what)
}

// reply returns the first reply that refuses e: to the connection, HELO, MAIL, RCPT or
// DATA. It is 250 if none does.
func (s server) reply(t *testing.T, e envelope.Envelope) (code int, line string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.address)
	for began := time.Now(); err != nil && time.Since(began) < 30*time.Second; conn, err = net.Dial("tcp", s.address) {
		time.Sleep(50 * time.Millisecond) // the master of Postfix is starting
	}
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(15 * time.Second))
	in := bufio.NewReader(conn)
	commands := []string{
		fmt.Sprintf("PROXY TCP4 %s 127.0.0.1 40000 25", e.ClientIP),
		"EHLO " + e.Helo,
		"MAIL FROM:<" + e.MailFrom + ">",
		"RCPT TO:<" + e.RcptTo + ">",
		"DATA",
	}
	for _, command := range commands {
		if command == "EHLO " {
			continue
		}
		fmt.Fprintf(conn, "%s\r\n", command)
		for line = "-"; len(line) < 4 || line[3] == '-'; {
			if line, err = in.ReadString('\n'); err != nil {
				t.Fatalf("after %q: %v", command, err)
			}
		}
		line = strings.TrimSpace(line)
		if code, _ = strconv.Atoi(line[:3]); code >= 400 {
			return code, line
		}
	}
	return 250, line
}
