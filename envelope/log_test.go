package envelope_test

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

// logged returns an envelope in a text log, without time and level.
func logged(e any) string {
	var log bytes.Buffer
	handler := slog.NewTextHandler(&log, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && a.Key != "e" {
			return slog.Attr{}
		}
		return a
	}})
	slog.New(handler).Info("", "e", e)
	return strings.TrimSpace(log.String())
}

func TestLogValueHasTheFieldsOfTheStage(t *testing.T) {
	full := envelope.Envelope{
		ClientIP: netip.MustParseAddr("::ffff:192.0.2.1"), SpokeEarly: true, TLS: &tls.ConnectionState{}, Login: "ann",
		Helo: "mail.example.org", MailFrom: "a@example.org", RcptTo: "b@example.net",
		Message: envelope.NewMessage([]byte("A: b\r\n\r\n")),
	}
	const connect = " e.client_ip=192.0.2.1 e.spoke_early=true"
	const helo = connect + " e.helo=mail.example.org"
	const mail = helo + " e.mail_from=a@example.org e.tls=true e.login=ann"
	const rcpt = mail + " e.rcpt_to=b@example.net"
	for stage, want := range map[envelope.Stage]string{
		envelope.Start: "", envelope.Connect: connect, envelope.Helo: helo, envelope.Mail: mail, envelope.Rcpt: rcpt,
		envelope.Data: rcpt + " e.message_size=8", envelope.Whole: rcpt + " e.message_size=8",
	} {
		e := full
		e.Stage, e.Relayed = stage, stage == envelope.Rcpt
		if got := logged(&e); got != "e.stage="+stage.String()+want {
			t.Errorf("got  %s\nwant e.stage=%s%s", got, stage, want)
		}
	}
	if got, want := logged(envelope.Envelope{}), `e.stage=whole e.mail_from=""`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLogValueIsCleanAndBounded(t *testing.T) {
	evil := "a\r\nlevel=ERROR\x1b[2J" + strings.Repeat("x", 100_000)
	got := logged(envelope.Envelope{Helo: evil, MailFrom: evil, RcptTo: evil, Login: evil})
	if strings.ContainsAny(got, "\r\n\x1b") || len(got) > 2000 {
		t.Errorf("%d octets: %.200s", len(got), got)
	}
}
