package main

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"mxrules.example/envelope"
)

// asked is a request of Postfix 3.7 at RCPT, with changed or added attributes.
func asked(changes ...string) string {
	attributes := []string{
		"request=smtpd_access_policy", "protocol_state=RCPT", "protocol_name=ESMTP", "client_address=192.0.2.9",
		"client_name=mail.example.net", "client_port=41234", "reverse_client_name=mail.example.net", "server_address=198.51.100.25",
		"server_port=25", "helo_name=mail.example.net", "sender=ann@example.net", "recipient=bob@example.org", "recipient_count=0",
		"queue_id=", "instance=1a2b.65f0.1.0", "size=0", "etrn_domain=", "stress=", "sasl_method=", "sasl_username=", "sasl_sender=",
		"ccert_subject=", "ccert_issuer=", "encryption_protocol=", "encryption_cipher=", "encryption_keysize=0", "policy_context=",
	}
	for _, change := range changes {
		name, _, _ := strings.Cut(change, "=")
		replaced := false
		for i, attribute := range attributes {
			if strings.HasPrefix(attribute, name+"=") {
				attributes[i], replaced = change, true
			}
		}
		if !replaced {
			attributes = append(attributes, change)
		}
	}
	return strings.Join(attributes, "\n") + "\n\n"
}

func read(text string) (*request, error) {
	return readRequest(bufio.NewReaderSize(strings.NewReader(text), maxLine))
}

func TestRequestsBecomeEnvelopes(t *testing.T) {
	for _, tc := range []struct {
		name    string
		changes []string
		want    string // stage, client, tls, login, helo, sender, recipient
	}{
		{"RCPT", nil, "whole 192.0.2.9 plain  mail.example.net ann@example.net bob@example.org"},
		{"the null sender", []string{"sender="}, "whole 192.0.2.9 plain  mail.example.net  bob@example.org"},
		{"a login over TLS", []string{"sasl_username=ann", "encryption_protocol=TLSv1.3"}, "whole 192.0.2.9 tls ann mail.example.net ann@example.net bob@example.org"},
		{"IPv6", []string{"client_address=2001:db8::9"}, "whole 2001:db8::9 plain  mail.example.net ann@example.net bob@example.org"},
		{"an unknown client", []string{"client_address=unknown"}, "whole invalid IP plain  mail.example.net ann@example.net bob@example.org"},
		{"MAIL", []string{"protocol_state=MAIL", "recipient="}, "mail 192.0.2.9 plain  mail.example.net ann@example.net "},
		{"EHLO", []string{"protocol_state=EHLO", "sender=", "recipient="}, "helo 192.0.2.9 plain  mail.example.net  "},
		{"CONNECT", []string{"protocol_state=CONNECT", "helo_name=", "sender=", "recipient="}, "connect 192.0.2.9 plain    "},
		{"quoted local parts", []string{`sender=a"\ b@example.net`, "recipient=x@y@example.org"}, `whole 192.0.2.9 plain  mail.example.net "a\"\\ b"@example.net "x@y"@example.org`},
		{"an address literal", []string{"sender=ann@[192.0.2.1]"}, "whole 192.0.2.9 plain  mail.example.net ann@[192.0.2.1] bob@example.org"},
		{"no domain or no local part", []string{"sender=@example.net", "recipient=postmaster"}, "whole 192.0.2.9 plain  mail.example.net @example.net postmaster"},
		{"an equals sign in a value", []string{"sender=a=b@example.net"}, "whole 192.0.2.9 plain  mail.example.net a=b@example.net bob@example.org"},
	} {
		r, err := read(asked(tc.changes...))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		stage, ok := r.stage()
		e := r.envelope(stage, 0)
		tls := "plain"
		if e.TLS != nil {
			tls = "tls"
		}
		got := strings.Join([]string{stage.String(), e.ClientIP.String(), tls, e.Login, e.Helo, e.MailFrom, e.RcptTo}, " ")
		if !ok || got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
	for _, state := range []string{"DATA", "END-OF-MESSAGE", "VRFY", "ETRN", "", "NEW"} {
		if stage, ok := (&request{state: state}).stage(); ok {
			t.Errorf("%s is stage %s", state, stage)
		}
	}
	if e := (&request{sender: "änn@example.net"}).envelope(envelope.Mail, 0); !e.SMTPUTF8 {
		t.Error("an internationalised sender has no SMTPUTF8")
	}
}

func TestInvalidRequests(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"another kind", asked("request=junk\x1b"), `the request is "junk?"`},
		{"no kind", "\n", `the request is ""`},
		{"no equals sign", "request=smtpd_access_policy\nGET / HTTP/1.1\n\n", "has no equals sign"},
		{"no end", "request=smtpd_access_policy\n", "it has no end"},
		{"a line without an end", "request", "it has no end"},
		{"a long line", "a=" + strings.Repeat("x", maxLine), "too large"},
		{"a long request", strings.Repeat("a="+strings.Repeat("x", 1000)+"\n", 100), "too large"},
	} {
		if _, err := read(tc.text); !errors.Is(err, errRequest) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	if _, err := read(""); err != io.EOF {
		t.Errorf("no request: %v", err)
	}
}

// FuzzRequest judges hostile requests: the answer is always one line.
func FuzzRequest(f *testing.F) {
	f.Add(asked())
	f.Add(asked("sender=\x00\r\xff", "client_address=::ffff:1.2.3.4", "protocol_state=MAIL"))
	f.Add("request=smtpd_access_policy\nrequest=\n=\n\n")
	s := newTestServer(f)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := read(text)
		if err != nil {
			return
		}
		action := s.answer(t.Context(), r, &transaction{})
		if action == "" || strings.ContainsAny(action, "\r\n\x00") {
			t.Errorf("%q gets the action %q", text, action)
		}
	})
}
