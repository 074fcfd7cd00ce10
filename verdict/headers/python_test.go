package headers_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// python is Debian's Python 3, whose package email reads messages for many
// programs. It decodes encoded words everywhere, and ends lines at CR too.
const python = "/usr/bin/python3"

// reading is a message as a program reads it: the names and values of its fields.
type reading [][2]string

// readByPython returns the readings of each message by the method of reading.
func readByPython(t *testing.T, messages [][]byte) []map[string]reading {
	t.Helper()
	if _, err := os.Stat(python); err != nil {
		if os.Getenv("MXRULES_E2E") != "" {
			t.Fatalf("MXRULES_E2E is set, and there is no %s (Debian package python3)", python)
		}
		t.Skipf("there is no %s (Debian package python3); with MXRULES_E2E set that is a failure", python)
	}
	input, err := json.Marshal(messages)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(python, "testdata/read.py")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(input), &said
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, &said)
	}
	var readings []map[string]reading
	if err := json.Unmarshal(output, &readings); err != nil {
		t.Fatal(err)
	}
	if len(readings) != len(messages) {
		t.Fatalf("%d readings of %d messages", len(readings), len(messages))
	}
	return readings
}
