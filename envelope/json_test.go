package envelope_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
)

func TestJSONOfAWholeEnvelope(t *testing.T) {
	const text = `{
		"stage": "data",
		"client_ip": "2001:db8::1",
		"spoke_early": true,
		"helo": "mail.example.org",
		"mail_from": "\"a@b\"@example.org",
		"rcpt_to": ["c@example.net", "d@example.net"],
		"login": "alice",
		"tls": true,
		"smtputf8": true,
		"message": "Subject: ü\r\n\r\nbody\r\n",
		"now": "2031-05-17T08:00:00.5+02:00"
	}`
	var line envelope.JSON
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatal(err)
	}
	e, recipients, err := line.Envelope()
	if err != nil {
		t.Fatal(err)
	}
	if e.Stage != envelope.Data || e.ClientIP != netip.MustParseAddr("2001:db8::1") || !e.SpokeEarly ||
		e.Helo != "mail.example.org" || e.MailFrom != `"a@b"@example.org` || e.RcptTo != "c@example.net" ||
		e.Login != "alice" || e.TLS == nil || !e.TLS.HandshakeComplete || !e.SMTPUTF8 ||
		!e.Now.Equal(time.Date(2031, 5, 17, 6, 0, 0, 500e6, time.UTC)) {
		t.Errorf("envelope %+v", e)
	}
	if want := []string{"c@example.net", "d@example.net"}; !slices.Equal(recipients, want) {
		t.Errorf("recipients %q, want %q", recipients, want)
	}
	wantRead(t, "the message", e.Message.Open(), "Subject: ü\r\n\r\nbody\r\n")
}

func TestEmptyJSONIsAnEmptyWholeEnvelope(t *testing.T) {
	e, recipients, err := envelope.JSON{}.Envelope()
	if err != nil || recipients != nil || e != (envelope.Envelope{}) {
		t.Errorf("%+v, %q, %v", e, recipients, err)
	}
}

func TestJSONUnmapsTheClientAddress(t *testing.T) {
	for given, want := range map[string]string{
		"192.0.2.1":          "192.0.2.1",
		"::ffff:192.0.2.1":   "192.0.2.1",
		"::ffff:c000:0201":   "192.0.2.1",
		"2001:DB8:0:0::0001": "2001:db8::1",
		"fe80::1%eth0":       "fe80::1",
	} {
		e, _, err := envelope.JSON{ClientIP: given}.Envelope()
		if err != nil || e.ClientIP.String() != want {
			t.Errorf("client_ip %q is %s, %v, want %s", given, e.ClientIP, err, want)
		}
	}
}

func TestJSONErrorsNameTheField(t *testing.T) {
	const (
		noStage   = "is not one of whole, start, connect, helo, mail, rcpt, data"
		noAddress = "is not an IP address"
		noTime    = "is not a time such as 2006-01-02T15:04:05Z"
		noBase64  = "is not valid base64 (RFC 4648, section 4)"
	)
	for _, tc := range []struct {
		name                string
		line                envelope.JSON
		kind, value, reason string
	}{
		{"stage", envelope.JSON{Stage: "RCPT"}, "stage", "RCPT", noStage},
		{"address", envelope.JSON{ClientIP: "192.0.2.256"}, "client_ip", "192.0.2.256", noAddress},
		{"address with leading zeros", envelope.JSON{ClientIP: "192.000.002.001"}, "client_ip", "192.000.002.001", noAddress},
		{"address in brackets", envelope.JSON{ClientIP: "[192.0.2.1]"}, "client_ip", "[192.0.2.1]", noAddress},
		{"address with port", envelope.JSON{ClientIP: "192.0.2.1:25"}, "client_ip", "192.0.2.1:25", noAddress},
		{"name as address", envelope.JSON{ClientIP: "localhost"}, "client_ip", "localhost", noAddress},
		{"day without time", envelope.JSON{Now: "2031-05-17"}, "now", "2031-05-17", noTime},
		{"no such day", envelope.JSON{Now: "2031-02-30T00:00:00Z"}, "now", "2031-02-30T00:00:00Z", noTime},
		{"seconds since 1970", envelope.JSON{Now: "1936771200"}, "now", "1936771200", noTime},
		{"base64", envelope.JSON{MessageBase64: "a"}, "message_base64", "a", noBase64},
		{"base64url", envelope.JSON{MessageBase64: "-_-_"}, "message_base64", "-_-_", noBase64},
		{"two messages", envelope.JSON{Message: "x", MessageBase64: "eA=="}, "message_base64", "eA==", "is given together with message"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, recipients, err := tc.line.Envelope()
			wantSyntaxError(t, err, tc.kind, tc.value, tc.reason)
			if recipients != nil || e != (envelope.Envelope{}) {
				t.Errorf("beside the error: %+v, %q", e, recipients)
			}
		})
	}
}

func TestJSONKeepsTheMessageUnchanged(t *testing.T) {
	for name, raw := range map[string]string{
		"CRLF":           "Subject: x\r\n\r\nbody\r\n",
		"bare LF and CR": "Subject: x\n\nbo\rdy",
		"NUL":            "a\x00b",
		"UTF-8":          "Subject: ü\u2028\r\n\r\n<&>",
		"not UTF-8":      "Subject: \xff\xfe\r\n\r\n\xc3",
		"surrogate":      "\xed\xa0\x80",
		"replacement":    "\ufffd",
	} {
		t.Run(name, func(t *testing.T) {
			line, err := (&envelope.Envelope{Message: envelope.NewMessage([]byte(raw))}).JSON()
			if err != nil {
				t.Fatal(err)
			}
			e := throughText(t, line)
			wantRead(t, "the message", e.Message.Open(), raw)
		})
	}
}

// throughText marshals line and returns the envelope of the unmarshalled text.
func throughText(t *testing.T, line envelope.JSON) envelope.Envelope {
	t.Helper()
	text, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	var again envelope.JSON
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	e, _, err := again.Envelope()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}

func TestEnvelopeJSONKeepsAllFields(t *testing.T) {
	now := time.Date(2031, 5, 17, 8, 0, 0, 123456789, time.FixedZone("", 2*60*60))
	e := envelope.Envelope{
		Stage:      envelope.Rcpt,
		ClientIP:   netip.MustParseAddr("::ffff:192.0.2.1"),
		SpokeEarly: true,
		TLS:        &tls.ConnectionState{Version: tls.VersionTLS13},
		Login:      "alice",
		Helo:       "mail.example.org",
		MailFrom:   `"a@b"@example.org`,
		RcptTo:     "c@example.net",
		SMTPUTF8:   true,
		Now:        now,
	}
	line, err := e.JSON()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(line)
	const want = `{"stage":"rcpt","client_ip":"192.0.2.1","spoke_early":true,"helo":"mail.example.org",` +
		`"mail_from":"\"a@b\"@example.org","rcpt_to":["c@example.net"],"login":"alice","tls":true,"smtputf8":true,` +
		`"now":"2031-05-17T08:00:00.123456789+02:00"}`
	if err != nil || string(text) != want {
		t.Errorf("%s, %v\nwant %s", text, err, want)
	}
	again := throughText(t, line)
	if !again.Now.Equal(now) || again.TLS == nil {
		t.Errorf("now %s, TLS %v", again.Now, again.TLS)
	}
	again.Now, again.TLS, again.ClientIP = e.Now, e.TLS, e.ClientIP
	if again != e {
		t.Errorf("%+v, want %+v", again, e)
	}
}

func TestEnvelopeJSONForRecipients(t *testing.T) {
	own := envelope.Envelope{RcptTo: "own@example.net"}
	for _, tc := range []struct {
		name  string
		e     envelope.Envelope
		given []string
		want  []string
	}{
		{"none", envelope.Envelope{}, nil, nil},
		{"its own", own, nil, []string{"own@example.net"}},
		{"those given", own, []string{"a@example.net", "b@example.net"}, []string{"a@example.net", "b@example.net"}},
	} {
		line, err := tc.e.JSON(tc.given...)
		if err != nil || !slices.Equal(line.RcptTo, tc.want) {
			t.Errorf("%s: %q, %v, want %q", tc.name, line.RcptTo, err, tc.want)
		}
	}
	if line, err := new(envelope.Envelope).JSON(); err != nil {
		t.Error(err)
	} else if text, _ := json.Marshal(line); string(text) != "{}" {
		t.Errorf("the zero envelope is %s", text)
	}
}

func TestEnvelopeJSONReturnsTheErrorOfTheMessage(t *testing.T) {
	m, err := envelope.Spool{Memory: 1, Dir: t.TempDir()}.ReadMessage(strings.NewReader("too long"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if line, err := (&envelope.Envelope{Message: m}).JSON(); err == nil {
		t.Errorf("%+v for a message that is closed", line)
	}
	empty := envelope.Envelope{Message: envelope.NewMessage(nil)}
	if line, err := empty.JSON(); err != nil || line.Message != "" {
		t.Errorf("an empty message: %+v, %v", line, err)
	}
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`,
		`{"stage":"rcpt","client_ip":"::ffff:192.0.2.1","helo":"x","mail_from":"a@b","rcpt_to":["c@d","e@f"]}`,
		`{"tls":true,"smtputf8":true,"spoke_early":true,"login":"\u0000\ud800","now":"2031-05-17T08:00:00.5+02:00"}`,
		`{"message":"a\r\n\r\nb","stage":"data"}`, `{"message_base64":"/w=="}`, `{"message":"a","message_base64":"YQ=="}`,
		`{"stage":"x"}`, `{"client_ip":"fe80::1%a"}`, `{"now":"9999-12-31T23:59:59-23:59"}`, `{"rcpt_to":[""]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var line envelope.JSON
		if json.Unmarshal(text, &line) != nil {
			return
		}
		e, recipients, err := line.Envelope()
		if err != nil {
			var syntax *envelope.SyntaxError
			if !errors.As(err, &syntax) || recipients != nil || e != (envelope.Envelope{}) {
				t.Fatalf("%s: %+v, %q, %v", text, e, recipients, err)
			}
			return
		}
		if _, err := e.Now.MarshalText(); err != nil {
			e.Now = time.Time{} // time reads offsets that no RFC 3339 can write
		}
		written, err := e.JSON(recipients...)
		if err != nil {
			t.Fatal(err)
		}
		again := throughText(t, written)
		if !again.Now.Equal(e.Now) || (again.TLS == nil) != (e.TLS == nil) || !bytes.Equal(content(t, again), content(t, e)) {
			t.Errorf("%s is written %+v and read as %+v", text, written, again)
		}
		again.Now, again.TLS, again.Message = e.Now, e.TLS, e.Message
		if again != e {
			t.Errorf("%s is written %+v and read as %+v", text, written, again)
		}
	})
}

// content is the message of e, nil if it has none.
func content(t *testing.T, e envelope.Envelope) []byte {
	t.Helper()
	if e.Message == nil {
		return nil
	}
	raw, err := io.ReadAll(e.Message.Open())
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestJSONAcceptsBase64InLines(t *testing.T) {
	raw := strings.Repeat("\xff\x00", 60)
	encoded := base64.StdEncoding.EncodeToString([]byte(raw))
	e, _, err := envelope.JSON{MessageBase64: encoded[:76] + "\r\n" + encoded[76:] + "\r\n"}.Envelope()
	if err != nil {
		t.Fatal(err)
	}
	wantRead(t, "the message", e.Message.Open(), raw)
}
