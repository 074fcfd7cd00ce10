//go:build unix

package resolver_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"mxrules.example/envelope/resolver"
)

// zoneText is the content of both zones, the signed and the unsigned one.
const zoneText = `
	@           3600 SOA   ns hostmaster 1 3600 600 86400 60
	@           3600 NS    ns
	@           3600 MX    20 mail
	@           3600 MX    10 mail
	@           3600 TXT   "v=spf1 " "mx -all"
	ns          3600 A     127.0.0.1
	mail        3600 A     192.0.2.1
	mail        3600 AAAA  2001:db8::1
	alias       3600 CNAME mail
	dangling    3600 CNAME missing
	loop1       3600 CNAME loop2
	loop2       3600 CNAME loop1
	*.wild      3600 A     192.0.2.7
	below.empty 3600 A     192.0.2.8
	octets      3600 TXT   "\000\001\200\255 \"quoted\" back\\slash ;"
	nomail      3600 MX    0 .
`

// longText does not fit into a UDP message.
var longText = strings.Repeat(strings.Repeat("0123456789", 25), 12)

// nsd starts NSD with the zones plain.example, signed.example, bogus.example,
// which has an invalid signature, and a reverse zone. It returns the address of
// the server and the key of the signed zones.
func nsd(t *testing.T) (address string, key *dns.DNSKEY) {
	t.Helper()
	home := t.TempDir()
	key, signer := zoneKey(t)
	zones := map[string][]dns.RR{
		"plain.example.":  records(t, "plain.example.", zoneText+"away NS ns.elsewhere.example.\nacross CNAME mail.signed.example.\n"),
		"signed.example.": records(t, "signed.example.", zoneText+"across CNAME mail.plain.example.\n"),
		"bogus.example.":  records(t, "bogus.example.", zoneText),
		"2.0.192.in-addr.arpa.": records(t, "2.0.192.in-addr.arpa.",
			"@ SOA ns.plain.example. hostmaster.plain.example. 1 3600 600 86400 60\n@ NS ns.plain.example.\n1 PTR mail.plain.example.\n"),
	}
	for _, name := range []string{"signed.example.", "bogus.example."} {
		zones[name] = sign(t, name, zones[name], key, signer)
	}
	for _, rr := range zones["bogus.example."] { // a forged address
		if a, ok := rr.(*dns.A); ok && a.Hdr.Name == "mail.bogus.example." {
			a.A = net.IPv4(192, 0, 2, 66)
		}
	}
	var config strings.Builder
	fmt.Fprintf(&config, `
server:
	ip-address: 127.0.0.1
	port: PORT
	server-count: 1
	username: ""
	chroot: ""
	database: ""
	zonesdir: %[1]q
	pidfile: "%[1]s/nsd.pid"
	xfrdfile: "%[1]s/xfrd.state"
	zonelistfile: "%[1]s/zone.list"
	xfrdir: %[1]q
remote-control:
	control-enable: no
`, home)
	for name, rrs := range zones {
		var text strings.Builder
		for _, rr := range rrs {
			text.WriteString(rr.String() + "\n")
		}
		writeFile(t, filepath.Join(home, name+"zone"), text.String())
		fmt.Fprintf(&config, "zone:\n\tname: %s\n\tzonefile: %szone\n", name, name)
	}
	file := filepath.Join(home, "nsd.conf")
	address = startServer(t, "nsd", "nsd", file, config.String(), "signed.example.", "-d", "-c", file)
	return address, key
}

// unbound starts Unbound, which asks NSD for the zones and validates the signed ones
// with the key.
func unbound(t *testing.T, nsd string, key *dns.DNSKEY) (address string) {
	t.Helper()
	home := t.TempDir()
	var config strings.Builder
	fmt.Fprintf(&config, `
server:
	interface: 127.0.0.1
	port: PORT
	do-ip6: no
	do-daemonize: no
	num-threads: 1
	username: ""
	chroot: ""
	directory: %[1]q
	pidfile: ""
	use-syslog: no
	access-control: 127.0.0.0/8 allow
	do-not-query-localhost: no
	module-config: "validator iterator"
	local-zone: "2.0.192.in-addr.arpa." nodefault
remote-control:
	control-enable: no
`, home)
	for _, zone := range []string{"signed.example.", "bogus.example."} {
		trusted := dns.Copy(key).(*dns.DNSKEY)
		trusted.Hdr.Name = zone
		fmt.Fprintf(&config, "server:\n\ttrust-anchor: \"%s\"\n", strings.ReplaceAll(trusted.String(), "\t", " "))
	}
	for _, zone := range []string{"plain.example.", "signed.example.", "bogus.example.", "2.0.192.in-addr.arpa."} {
		fmt.Fprintf(&config, "stub-zone:\n\tname: %s\n\tstub-addr: %s\n", zone, strings.Replace(nsd, ":", "@", 1))
	}
	file := filepath.Join(home, "unbound.conf")
	return startServer(t, "unbound", "unbound", file, config.String(), "signed.example.", "-d", "-c", file)
}

// startServer starts a name server until the test ends, on a port of the loopback
// interface that replaces PORT in its configuration, and waits until it answers
// for a zone.
func startServer(t *testing.T, program, debianPackage, file, config, zone string, arguments ...string) (address string) {
	t.Helper()
	path := needProgram(t, program, debianPackage)
	for range 5 { // another program may use the port first
		address = vacant(t)
		_, port, _ := net.SplitHostPort(address)
		writeFile(t, file, strings.Replace(config, "PORT", port, 1))
		log, err := os.Create(file + ".log")
		if err != nil {
			t.Fatal(err)
		}
		command := exec.Command(path, arguments...)
		command.Stdout, command.Stderr = log, log
		command.Dir = filepath.Dir(file)
		command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // NSD is several processes
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { command.Wait(); log.Close(); close(ended) }()
		t.Cleanup(func() { stopServer(t, command.Process.Pid, ended) })
		if answers(t, address, zone, ended) {
			return address
		}
	}
	text, _ := os.ReadFile(file + ".log")
	t.Fatalf("%s does not start:\n%s", program, text)
	return ""
}

// stopServer stops a server and waits for the end of all its processes.
func stopServer(t *testing.T, group int, ended chan struct{}) {
	select {
	case <-ended:
	default:
		if err := syscall.Kill(group, syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}
	<-ended
	until(t, "the server has ended", func() bool { return syscall.Kill(-group, 0) == syscall.ESRCH })
}

// answers waits until a server answers for a zone. It returns false if the server
// ends first.
func answers(t *testing.T, address, zone string, ended chan struct{}) bool {
	t.Helper()
	client := dns.Client{Timeout: 200 * time.Millisecond}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		select {
		case <-ended:
			return false
		default:
		}
		reply, _, err := client.Exchange(new(dns.Msg).SetQuestion(zone, dns.TypeSOA), address)
		if err == nil && reply.Rcode == dns.RcodeSuccess && len(reply.Answer) > 0 {
			return true
		}
	}
	t.Fatalf("the server at %s does not answer for %s", address, zone)
	return false
}

// needProgram returns the path of a program, which may be in /usr/sbin. Without the
// program the test is skipped; with MXRULES_E2E set it fails.
func needProgram(t *testing.T, program, debianPackage string) (path string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		path, err = exec.LookPath(filepath.Join("/usr/sbin", program))
	}
	if err == nil {
		return path
	}
	what := fmt.Sprintf("%s is not installed (Debian: apt-get install --no-install-recommends %s)", program, debianPackage)
	if os.Getenv("MXRULES_E2E") != "" {
		t.Fatalf("MXRULES_E2E is set, and %s", what)
	}
	t.Skipf("skipping the test with real servers: %s; set MXRULES_E2E to make this a failure", what)
	return ""
}

func TestUnboundAndNSD(t *testing.T) {
	nsd, key := nsd(t)
	unbound := unbound(t, nsd, key)
	for _, server := range []struct {
		name    string
		address string
	}{{"unbound", unbound}, {"nsd", nsd}} {
		for _, zone := range []string{"plain.example.", "signed.example."} {
			t.Run(server.name+"/"+zone, func(t *testing.T) {
				r := open(t, resolver.Config{Servers: []string{server.address}, Timeout: long})
				for range 2 { // the second time from the cache
					zoneIsAnswered(t, r, zone)
				}
				if got := r.Stats(); got.OverTCP == 0 {
					t.Errorf("nothing over TCP: %+v", got)
				}
			})
		}
	}
	for _, tc := range []struct{ what, server, kind, name, want string }{
		{"unbound/forged", unbound, "A", "mail.bogus.example.", "failure"},
		{"unbound/not forged", unbound, "AAAA", "mail.bogus.example.", "2001:db8::1"},
		{"nsd/another zone", nsd, "TXT", "elsewhere.example.", "failure"},      // REFUSED
		{"nsd/delegated zone", nsd, "TXT", "x.away.plain.example.", "failure"}, // a referral
		{"unbound/letter case", unbound, "A", "MAIL.Plain.Example", "192.0.2.1"},
		{"unbound/PTR", unbound, "PTR", "192.0.2.1", "mail.plain.example."},
		{"unbound/no PTR", unbound, "PTR", "192.0.2.2", "not found"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			r := open(t, resolver.Config{Servers: []string{tc.server}, Timeout: long})
			if got := outcome(ask(t, r, tc.kind, tc.name)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// zoneIsAnswered asks for the content of zoneText.
func zoneIsAnswered(t *testing.T, r *resolver.Resolver, zone string) {
	t.Helper()
	ctx := t.Context()
	for _, tc := range []struct {
		kind, name string
		want       string
	}{
		{"A", "mail.", "192.0.2.1"},
		{"AAAA", "mail.", "2001:db8::1"},
		{"A", "alias.", "192.0.2.1"},
		{"A", "across.", "192.0.2.1"},
		{"A", "any.wild.", "192.0.2.7"},
		{"A", "a.b.wild.", "192.0.2.7"},
		{"A", "missing.", "not found"},
		{"A", "dangling.", "not found"},
		{"A", "empty.", "not found"},
		{"AAAA", "below.empty.", "not found"},
		{"A", "loop1.", "failure"},
		{"TXT", "", "v=spf1 mx -all"},
		{"TXT", "octets.", "\x00\x01\xc8\xff \"quoted\" back\\slash ;"},
		{"TXT", "long.", longText},
		{"TXT", "any.wild.", "not found"},
		{"MX", "", "10 mail." + zone + "|20 mail." + zone},
		{"MX", "nomail.", "0 ."},
		{"MX", "mail.", "not found"},
		{"CNAME", "alias.", "mail." + zone},
		{"CNAME", "mail.", "mail." + zone},
		{"CNAME", "nomail.", "not found"},
	} {
		if got := outcome(ask(t, r, tc.kind, tc.name+zone)); got != tc.want {
			t.Errorf("%s %s: got %.80q, want %.80q", tc.kind, tc.name+zone, got, tc.want)
		}
	}
	for name, want := range map[string]bool{
		"": true, "mail.": true, "empty.": true, "any.wild.": true, "dangling.": true, "octets.": true,
		"missing.": false, "below.missing.": false, "below.mail.": false,
	} {
		if got, err := r.Exists(ctx, name+zone); got != want || err != nil {
			t.Errorf("Exists %s: got %v, %v", name+zone, got, err)
		}
	}
}
