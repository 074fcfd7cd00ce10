package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/d--j/go-milter"
)

func TestMain(m *testing.M) {
	milter.LogWarning = func(string, ...any) {} // of invalid packets and connections that end
	os.Exit(m.Run())
}

func TestOptions(t *testing.T) {
	for _, tc := range []struct{ args, want string }{
		{"", "-our-domains is required"},
		{"-our-domains example.org x", `unexpected argument "x"`},
		{"-our-domains example.org -policy lax", `unknown policy "lax"`},
	} {
		if _, err := parseOptions(strings.Fields(tc.args)); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%q: %v, want %q", tc.args, err, tc.want)
		}
	}
	for args, want := range map[string]string{
		"-help":                                  "-quarantine",
		"-our-domains example.org -hostname a.-": "-hostname: ",
		"-our-domains example.org -hostname mx.example.org -mailboxes /nowhere":                                       "/nowhere",
		"-our-domains example.org -hostname mx.example.org -listen nowhere":                                           "nowhere",
		"-our-domains example.org -hostname mx.example.org -zone /dev/null -listen nowhere -quarantine generic,forgd": `milter: -quarantine: no rule sets the mark "forgd" here; the marks are: `,
	} {
		var out strings.Builder
		if status := run(t.Context(), strings.Fields(args), &out, nil); (status == 0) != (args == "-help") || !strings.Contains(out.String(), want) {
			t.Errorf("%q: exit status %d, %q, want %q", args, status, out.String(), want)
		}
	}
}

// The command serves what its flags describe, on a Unix socket, until it is told to stop.
func TestRun(t *testing.T) {
	folder := t.TempDir()
	zone, socket := filepath.Join(folder, "world.zone"), filepath.Join(folder, "socket")
	if err := os.WriteFile(zone, []byte(world), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log strings.Builder
	ready, status := make(chan net.Addr, 1), make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"-listen", "unix:" + socket, "-our-domains", "example.org", "-hostname", "mx.example.org",
			"-zone", zone, "-quarantine", "malformed,generic", "-size", "100000"}, &log, func(a net.Addr) { ready <- a })
	}()
	m := &mta{t: t, macros: milter.NewMacroBag()}
	m.ClientSession = must(milter.NewClient("unix", (<-ready).String()).Session(m.macros))
	m.want("", must(m.Conn("[unknown]", milter.FamilyInet, 25, "192.0.2.11")))
	m.want("", must(m.Helo("mail.example.net")))
	m.want("", must(m.Mail("ann@pool.example", "")))
	m.want("554 5.7.1 ", must(m.Rcpt("bob@example.com", "")))
	m.want("", must(m.Rcpt("bob@example.org", "")))
	must(m.DataStart())
	if changes := m.end("", wellFormed, "hello\r\n"); len(changes) != 3 || changes[2].Type != milter.ActionQuarantine {
		t.Errorf("the changes are %v", changes)
	}
	m.begin("ann@pool.example", "bob@example.org")
	m.end("552 5.3.4 ", wellFormed, strings.Repeat("x", 65000), strings.Repeat("x", 65000))
	m.Close()
	stop()
	if got := <-status; got != 0 || !strings.Contains(log.String(), `"reply":"554 5.7.1 `) || !strings.Contains(log.String(), `"msg":"listening","address":"`+socket) {
		t.Errorf("exit status %d, and the log is %s", got, log.String())
	}
}
