package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"mxrules.example/envelope/zone"
)

const questionable = `"client_ip": "192.0.2.9", "helo": "mail.example.net", "rcpt_to": ["bob@example.org"]`

// judged returns the action, status and rule of one line, or its error.
func judged(t *testing.T, args []string, text string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	run(slices.Concat(args, site, []string{"-json"}), strings.NewReader(text), &stdout, &stderr)
	var result struct{ Error, Action, Status, Rule string }
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatalf("%v: %s %s", err, &stdout, &stderr)
	}
	if result.Error != "" {
		return "error: " + result.Error
	}
	return strings.TrimSpace(result.Action + " " + result.Status + " " + result.Rule)
}

func TestWorld(t *testing.T) {
	raw, err := os.ReadFile("testdata/world.zone")
	if err != nil {
		t.Fatal(err)
	}
	server, err := zone.MustParse(string(raw)).Serve("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var (
		nothing = []string{}
		file    = []string{"-zone", "testdata/world.zone"}
		served  = []string{"-dns", server.Addr()}
	)
	const (
		taken   = "accept 2.0.0"
		noName  = "reject 5.7.25 rdns.exists"
		unknown = "tempfail 4.7.25 rdns.exists"
		forged  = "reject 5.7.25 rdns.confirmed"
	)
	for _, tc := range []struct {
		name string
		args []string
		more string // fields
		want string
	}{
		{"no DNS at all", nothing, ``, unknown},
		{"zone of the command", file, ``, taken},
		{"server", served, ``, taken},
		{"zone of the line", nothing, `, "zone": "9.2.0.192.in-addr.arpa. PTR a.example."`, forged},
		{"zone of the line before that of the command", file, `, "zone": "9.2.0.192.in-addr.arpa. PTR a.example."`, forged},
		{"zone of the line before the server", served, `, "zone": "9.2.0.192.in-addr.arpa. PTR a.example."`, forged},
		{"empty zone of the line", file, `, "zone": ""`, noName},
		{"null zone", file, `, "zone": null`, taken},
		{"faults in the zone of the command", file, `, "faults": {"9.2.0.192.in-addr.arpa. PTR": "refused"}`, unknown},
		{"faults in the zone of the line", nothing, `, "zone": "", "faults": {"*.arpa. *": "servfail"}`, unknown},
		{"faults of other names", file, `, "faults": {"*.example.com. *": "servfail"}`, taken},
		{"faults only", nothing, `, "faults": {"*.example.com. *": "servfail"}`, noName},
		{"no faults", nothing, `, "faults": {}`, unknown},
		{"faults in a server", served, `, "faults": {"*.": "servfail"}`, "error: stdin:1: faults need a zone: they cannot be made in real DNS"},
		{"two faults for one question", file, `, "faults": {"MAIL.example.net. A": "timeout", "mail.example.net. a": "refused"}`, "tempfail 4.7.25 rdns.confirmed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := judged(t, tc.args, `{`+questionable+tc.more+`}`); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// brokenPipe is an output that fails.
type brokenPipe struct{ writes int }

var errBrokenPipe = errors.New("broken pipe")

func (p *brokenPipe) Write([]byte) (int, error) {
	p.writes++
	return 0, errBrokenPipe
}

func TestOutputErrorEndsTheRun(t *testing.T) {
	var stdout brokenPipe
	var stderr bytes.Buffer
	status := run(nil, strings.NewReader("{}\n{}\n{}\n"), &stdout, &stderr)
	if status != 1 || stdout.writes != 1 || !strings.Contains(stderr.String(), errBrokenPipe.Error()) {
		t.Errorf("got status %d after %d writes, and the errors %q", status, stdout.writes, &stderr)
	}
}
