package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

// The envelope of a log line gives the same verdict to a program that reads it.
func TestLoggedEnvelopeIsJudgedAgain(t *testing.T) {
	s, log := newTestServer(t), new(bytes.Buffer)
	s.log = slog.New(slog.NewJSONHandler(log, nil))
	for _, tc := range []struct {
		attributes []string
		status     string
	}{
		{[]string{"client_address=192.0.2.9", "helo_name=mail.example.net", "sender=ann@example.net", "recipient=bob@example.org"}, "250 2.0.0"},
		{[]string{"client_address=192.0.2.99", "helo_name=mail.example.net", "sender=", "recipient=bob@example.org"}, "550 5.7.25"},
		{[]string{"client_address=192.0.2.9", "helo_name=mail.example.net", "sender=ann@example.net", "recipient=ann@example.com", "encryption_protocol=TLSv1.3"}, "554 5.7.1"},
		{[]string{"client_address=192.0.2.9", "helo_name=\x01 " + strings.Repeat("long.", 1000), "sender=ann@example.net", "recipient=bob@example.org"}, "501 5.5.4"},
	} {
		log.Reset()
		request := "request=smtpd_access_policy\nprotocol_state=RCPT\n" + strings.Join(tc.attributes, "\n") + "\n\n"
		r, err := readRequest(bufio.NewReaderSize(strings.NewReader(request), maxLine))
		if err != nil {
			t.Fatal(err)
		}
		s.answer(t.Context(), r, &transaction{})
		var line struct{ Envelope json.RawMessage }
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, log)
		}
		var logged envelope.JSON
		fields := json.NewDecoder(bytes.NewReader(line.Envelope))
		fields.DisallowUnknownFields()
		if err := fields.Decode(&logged); err != nil {
			t.Errorf("%v: %s", err, line.Envelope)
		}
		e, recipients, err := logged.Envelope()
		if err != nil || len(recipients) != 1 || len(line.Envelope) > 2000 {
			t.Errorf("got %d recipients, %v: %s", len(recipients), err, line.Envelope)
		}
		if v := s.policy.Judge(t.Context(), s.resolver, &e); v.Status.String() != tc.status || !strings.Contains(log.String(), v.Action.String()) {
			t.Errorf("%s is judged %s, want %s; the log is %s", line.Envelope, v, tc.status, log)
		}
	}
}

// The log begins with the address, so that a start is seen.
func TestLogBeginsWithTheAddress(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var log bytes.Buffer
	address := ""
	status := run(ctx, []string{"-listen", "127.0.0.1:0", "-our-domains", "example.org", "-zone", "/dev/null"}, &log, func(a net.Addr) {
		address = a.String()
		stop()
	})
	if status != 0 || !strings.Contains(log.String(), `"msg":"listening","address":"`+address+`"`) {
		t.Errorf("exit status %d, and the log is %s", status, &log)
	}
}
