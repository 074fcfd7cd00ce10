//go:build linux

package load

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mxrules.example/examples/internal/postfixtest"
)

// setup is a way to receive mail for the mailboxes of example.org.
type setup struct {
	name   string
	agrees bool // it refuses what the load wants to be refused
	// start starts it, and returns the address of its SMTP server. The messages arrive
	// in maildirs below the folder home.
	start func(t testing.TB, home string) (address string)
}

var setups = []setup{
	{"Postfix alone", false, func(t testing.TB, home string) string {
		return startPostfix(t, home, "smtpd_recipient_restrictions = reject_unauth_destination", "")
	}},
	{"Postfix with Debian", true, startDebian},
	{"Postfix with policyd and milter", true, func(t testing.TB, home string) string {
		policyd, milter := postfixtest.FreeAddress(t), postfixtest.FreeAddress(t)
		run(t, ours("policyd"), append(greylisting(home), "-listen", policyd, "-our-domains", "example.org")...)
		run(t, ours("milter"), "-listen", milter, "-our-domains", "example.org", "-hostname", "mx.example.org")
		await(t, policyd)
		await(t, milter)
		return startPostfix(t, home, "smtpd_recipient_restrictions = reject_unauth_destination, reject_unlisted_recipient, check_policy_service inet:"+policyd+
			"\nsmtpd_milters = inet:"+milter, "")
	}},
	{"Postfix with milter", true, func(t testing.TB, home string) string {
		milter := postfixtest.FreeAddress(t)
		run(t, ours("milter"), append(greylisting(home), "-listen", milter, "-our-domains", "example.org", "-hostname", "mx.example.org")...)
		await(t, milter)
		return startPostfix(t, home, "smtpd_recipient_restrictions = reject_unauth_destination\nsmtpd_milters = inet:"+milter, "")
	}},
	{"mx", true, func(t testing.TB, home string) string {
		address := postfixtest.FreeAddress(t)
		run(t, ours("mx"), append(greylisting(home), "-listen", address, "-hostname", "mx.example.org", "-maildir", home, "-mailboxes", strings.Join(addresses(), ","))...)
		await(t, address)
		return address
	}},
}

// startDebian starts a Postfix with the programs that a site has today, with the settings
// of Debian, but that each rejects what our policy rejects.
func startDebian(t testing.TB, home string) string {
	postgrey, dkim, dmarc := postfixtest.FreeAddress(t), postfixtest.FreeAddress(t), postfixtest.FreeAddress(t)
	write := func(name, text string) string {
		path := filepath.Join(home, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	database := filepath.Join(home, "postgrey")
	if err := os.Mkdir(database, 0o755); err != nil {
		t.Fatal(err)
	}
	spf := write("policyd-spf.conf", "debugLevel = 1\nTestOnly = 1\nHELO_reject = Fail\nMail_From_reject = Fail\nPermError_reject = False\nTempError_Defer = False\nHeader_Type = AR\nAuthserv_Id = mx.example.org\n")
	run(t, "postgrey", "--inet="+postgrey, "--dbdir="+database, "--user=root", "--group=root", "--delay=1")
	run(t, "/usr/sbin/opendkim", "-f", "-x", write("opendkim.conf", "Mode v\nSyslog no\nSocket "+socket(dkim)+"\nAuthservID mx.example.org\nAlwaysAddARHeader yes\nNameservers 127.0.0.1\n"))
	run(t, "/usr/sbin/opendmarc", "-f", "-c", write("opendmarc.conf", "Syslog false\nSocket "+socket(dmarc)+"\nAuthservID mx.example.org\nTrustedAuthservIDs mx.example.org\nRejectFailures true\nIgnoreHosts "+write("none", "")+"\n"))
	for _, address := range []string{postgrey, dkim, dmarc} {
		await(t, address)
	}
	return startPostfix(t, home, "smtpd_recipient_restrictions = reject_unauth_destination, reject_unlisted_recipient, check_policy_service unix:private/policyd-spf, check_policy_service inet:"+postgrey+
		"\npolicyd-spf_time_limit = 3600\nsmtpd_milters = inet:"+dkim+", inet:"+dmarc,
		"policyd-spf unix - n n - 0 spawn user=nobody argv=/usr/bin/policyd-spf "+spf+"\n")
}

// socket writes an address as milters do.
func socket(address string) string {
	host, port, _ := net.SplitHostPort(address)
	return "inet:" + port + "@" + host
}

// startPostfix starts a Postfix that delivers to maildirs.
func startPostfix(t testing.TB, home, lines, services string) string {
	var mailboxes strings.Builder
	for _, address := range addresses() {
		fmt.Fprintf(&mailboxes, " %s=%s/", address, address)
	}
	p := postfixtest.StartWith(t, `
myhostname = mx.example.org
smtpd_peername_lookup = yes
virtual_mailbox_domains = example.org
virtual_mailbox_base = `+home+`
virtual_mailbox_maps = inline:{`+mailboxes.String()+` }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
`+lines+"\n", "virtual unix - n n - - virtual\n"+services)
	await(t, p.Address)
	return p.Address
}

func addresses() (all []string) {
	for n := range mailboxes {
		all = append(all, fmt.Sprintf("user%d@example.org", n))
	}
	return all
}

func ours(program string) string { return filepath.Join(os.Getenv(variable), program) }

// greylisting returns the options of our programs for greylisting in a file.
func greylisting(home string) []string {
	return []string{"-greylist", filepath.Join(home, "greylist.db"), "-greylist-delay", "1s"}
}

// run runs a program until the test ends. Its output is in a file, as a log would be.
func run(t testing.TB, program string, arguments ...string) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, arguments...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Signal(syscall.SIGTERM)
		command.Wait()
		log.Close()
		if t.Failed() {
			text, _ := os.ReadFile(log.Name())
			t.Logf("%s wrote:\n%s", program, text[max(0, len(text)-4000):])
		}
	})
}

// await waits until a server listens.
func await(t testing.TB, address string) {
	t.Helper()
	for start := time.Now(); time.Since(start) < time.Minute; time.Sleep(50 * time.Millisecond) {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
	}
	t.Fatalf("nothing listens on %s", address)
}

// delivered counts the messages in the maildirs.
func delivered(home string) (n int) {
	filepath.WalkDir(home, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && filepath.Base(filepath.Dir(path)) == "new" {
			n++
		}
		return nil
	})
	return n
}
