package postfix

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The defaults are those of the installed Postfix.
func TestDefaults(t *testing.T) {
	const program = "/usr/sbin/postconf"
	if _, err := exec.LookPath(program); err != nil {
		if os.Getenv("MXRULES_E2E") != "" {
			t.Fatal("postfix is not installed, and MXRULES_E2E is set")
		}
		t.Skip("postfix is not installed (Debian: apt-get install --no-install-recommends postfix)")
	}
	plain := func(value string) string { return strings.Join(strings.Fields(value), "") }
	for name, want := range defaults {
		got, err := exec.Command(program, "-d", "-h", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		if plain(string(got)) != plain(want) {
			t.Errorf("%s: Postfix has %q, the import %q", name, got, want)
		}
	}
}
