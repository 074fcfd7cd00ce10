package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSwaks(t *testing.T) {
	program, err := exec.LookPath("swaks")
	switch {
	case err != nil && os.Getenv("MXRULES_E2E") != "":
		t.Fatal("swaks is not installed (Debian: apt-get install swaks), and MXRULES_E2E is set")
	case err != nil:
		t.Skip("swaks is not installed")
	}
	const content = "From: ann@example.net\r\nDate: Thu, 01 Jan 2026 12:00:00 +0000\r\n\r\n.\r\n..dots\r\n"
	file := filepath.Join(t.TempDir(), "letter")
	if err := os.WriteFile(file, []byte(strings.TrimSuffix(content, "\r\n")), 0o600); err != nil { // swaks adds the last line end
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, to string
		options  []string
		exit     int    // 24 if no recipient is accepted, 26 if the message is refused
		says     string // a reply of the server
		stored   string // the end of the message
	}{
		{"two recipients", "bob@example.org,carol@example.org", nil, 0, "<-  250 2.0.0 OK", "\r\n" + content},
		{"pipelined", "bob@example.org,carol@example.org", []string{"--pipeline"}, 0, "<-  250 2.0.0 OK", "\r\n" + content},
		{"HELO", "bob@example.org", []string{"--protocol", "SMTP"}, 0, "<-  250 mx.example.org", "\r\n" + content},
		{"an attempt to relay", "eve@elsewhere.example", nil, 24, "<** 554 5.7.1", ""},
		{"a message without Date", "bob@example.org", []string{"--data", `From: ann@example.net\n\nHello`}, 26, "<** 550 5.6.0", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newTestServer(t)
			arguments := append([]string{"--server", s.start(t), "--ehlo", "mail.example.net", "--from", "ann@example.net", "--to", tc.to, "--data", "@" + file}, tc.options...)
			command := exec.Command(program, arguments...)
			out, _ := command.CombinedOutput() // the exit status says how it ended
			if exit := command.ProcessState.ExitCode(); exit != tc.exit || !strings.Contains(string(out), tc.says) {
				t.Errorf("exit status %d, want %d and %q:\n%s", exit, tc.exit, tc.says, out)
			}
			messages := s.stored(t)
			switch {
			case len(messages) > 1, (len(messages) == 1) != (tc.stored != ""):
				t.Errorf("stored %d messages: %q", len(messages), messages)
			case tc.stored != "" && !strings.HasSuffix(messages[0], tc.stored):
				t.Errorf("stored %q, want %q at the end", messages[0], tc.stored)
			}
		})
	}
}
