package logged_test

import (
	"crypto/tls"
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/examples/internal/logged"
	"mxrules.example/verdict"
)

// What is logged of an envelope is what examples/judge reads.
func TestEvent(t *testing.T) {
	whole := envelope.Envelope{
		Stage: envelope.Data, ClientIP: netip.MustParseAddr("192.0.2.1"), SpokeEarly: true, TLS: &tls.ConnectionState{},
		Helo: "mail.example.net", MailFrom: "bob@example.net", Login: "bob", SMTPUTF8: true,
		Message: envelope.NewMessage([]byte("Subject: private\r\n\r\n")), Now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
	}
	for _, tc := range []struct {
		name  string
		event verdict.Event
		want  string
	}{
		{"every field, and no message", verdict.Event{Envelope: &whole, Recipients: []verdict.Recipient{{To: "a@example.org"}, {To: "b@example.org"}}},
			`{"stage":"data","client_ip":"192.0.2.1","spoke_early":true,"helo":"mail.example.net","mail_from":"bob@example.net",` +
				`"rcpt_to":["a@example.org","b@example.org"],"login":"bob","tls":true,"smtputf8":true,"now":"2026-01-01T12:00:00Z"}`},
		{"the recipient of RCPT", verdict.Event{Envelope: &envelope.Envelope{Stage: envelope.Rcpt, RcptTo: "a@example.org"}},
			`{"stage":"rcpt","rcpt_to":["a@example.org"]}`},
		{"what is not printable", verdict.Event{Envelope: &envelope.Envelope{Stage: envelope.Rcpt, Helo: "a\u009b2J", MailFrom: "\u202eb", RcptTo: "c\x00d", Login: "e\r\nf"}},
			`{"stage":"rcpt","helo":"a?2J","mail_from":"?b","rcpt_to":["c?d"],"login":"e f"}`},
		{"what is not printable, at DATA", verdict.Event{Envelope: &envelope.Envelope{Stage: envelope.Data}, Recipients: []verdict.Recipient{{To: "c\u0085d"}}},
			`{"stage":"data","rcpt_to":["c d"]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := json.Marshal(logged.Event(tc.event))
			if err != nil || string(got) != tc.want {
				t.Errorf("got %s, %v, want %s", got, err, tc.want)
			}
		})
	}
}
