//go:build linux

package load

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"mxrules.example/examples/internal/postfixtest"
)

// The tests run in a network of their own, in which clients have their real addresses and
// the DNS server port 53, and with a resolv.conf of their own, because not every program
// can be told to use another DNS server.
const (
	variable = "MXRULES_LOAD"  // has the folder with our programs, inside
	clients  = "198.18.0.0/15" // RFC 2544
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(variable) != "" {
		if err := prepareNetwork(); err != nil {
			fmt.Fprintln(os.Stderr, "load:", err)
			os.Exit(1)
		}
		os.Exit(m.Run())
	}
	if flag.Lookup("test.list").Value.String() == "" && os.Geteuid() == 0 && installed() {
		status, err := runInside()
		if err == nil {
			os.Exit(status)
		}
		reason = err.Error()
	}
	os.Exit(m.Run())
}

// reason is why the tests do not run inside.
var reason = "it needs root"

// needed has the programs that are compared, and where Debian has them.
var needed = [][2]string{
	{"/usr/sbin/postfix", "postfix"}, {"postgrey", "postgrey"}, {"policyd-spf", "postfix-policyd-spf-python"},
	{"/usr/sbin/opendkim", "opendkim"}, {"/usr/sbin/opendmarc", "opendmarc"}, {"ip", "iproute2"},
}

func installed() bool {
	return !slices.ContainsFunc(needed, func(n [2]string) bool {
		_, err := exec.LookPath(n[0])
		return err != nil
	})
}

// needInside makes a test unavailable outside, or if a program is missing.
func needInside(t testing.TB) {
	t.Helper()
	for _, n := range needed {
		postfixtest.Need(t, n[0], n[1])
	}
	if os.Getenv(variable) == "" {
		postfixtest.Unavailable(t, "no network of its own: "+reason)
	}
}

// runInside builds our programs, and runs this program again in new namespaces. It returns
// the exit status.
func runInside() (int, error) {
	programs, err := os.MkdirTemp("", "load-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(programs)
	if err := os.Chmod(programs, 0o755); err != nil {
		return 0, err
	}
	for _, example := range []string{"policyd", "milter", "mx"} {
		build := exec.Command("go", "build", "-o", filepath.Join(programs, example), ".")
		build.Dir, build.Env = filepath.Join("..", example), append(os.Environ(), "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("building %s: %w: %s", example, err, out)
		}
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.Env = append(os.Environ(), variable+"="+programs)
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	err = again.Run()
	var status *exec.ExitError
	if errors.As(err, &status) {
		return status.ExitCode(), nil
	}
	return 0, err
}

// prepareNetwork makes the addresses of clients local, and 127.0.0.1 the DNS server.
func prepareNetwork() error {
	for _, arguments := range [][]string{{"link", "set", "lo", "up"}, {"route", "add", "local", clients, "dev", "lo"}} {
		if out, err := exec.Command("ip", arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w: %s", arguments, err, out)
		}
	}
	conf := filepath.Join(os.Getenv(variable), "resolv.conf")
	return errors.Join(
		os.WriteFile(conf, []byte("nameserver 127.0.0.1\n"), 0o644),
		syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""),
		syscall.Mount(conf, "/etc/resolv.conf", "", syscall.MS_BIND, ""),
	)
}
