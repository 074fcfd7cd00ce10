package main

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/d--j/go-milter"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// judging replaces the policy by one that accepts, and calls do for each envelope that
// reaches a stage.
func (s *server) judging(stage envelope.Stage, do func(*envelope.Envelope)) {
	s.connection.Policy.Rules = verdict.Rules{verdict.RejectUnless(envelope.At("test.judging", stage,
		func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
			do(e)
			return envelope.Passed("test.judging")
		}))}
}

// The policy learns from macros what the commands do not say, whether the MTA sends those
// that the milter asks for or its own.
func TestMacros(t *testing.T) {
	for _, tc := range []struct {
		name          string
		connect, mail map[string]string // set before the command
		parameters    string
		want          string
	}{
		{"none", nil, nil, "", "192.0.2.9 false  false ann@example.net"},
		{"a login", nil, map[string]string{"{auth_authen}": "ann", "{auth_type}": "PLAIN"}, "", "192.0.2.9 false ann false ann@example.net"},
		{"TLS", map[string]string{"{tls_version}": "TLSv1.3"}, nil, "", "192.0.2.9 true  false ann@example.net"},
		{"TLS that only HELO tells of", map[string]string{"{tls_version}": "TLSv1.3"}, map[string]string{"{tls_version}": ""}, "", "192.0.2.9 true  false ann@example.net"},
		{"TLS that only MAIL tells of", nil, map[string]string{"{tls_version}": "TLSv1.3"}, "", "192.0.2.9 true  false ann@example.net"},
		{"SMTPUTF8", nil, nil, "SIZE=10 smtputf8", "192.0.2.9 false  true ann@example.net"},
		{"what the MTA made of MAIL", nil, map[string]string{"{mail_addr}": "eve@example.net"}, "", "192.0.2.9 false  false ann@example.net"},
		{"a queue ID", nil, map[string]string{"i": "4B7C3987DDE"}, "", "192.0.2.9 false  false ann@example.net"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newTestServer(t)
				book := s.keepLog()
				var judged []string
				s.judging(envelope.Mail, func(e *envelope.Envelope) {
					judged = append(judged, fmt.Sprint(e.ClientIP, " ", e.TLS != nil, " ", e.Login, " ", e.SMTPUTF8, " ", e.MailFrom))
				})
				p, stop := s.start(t)
				defer stop()
				m := &mta{t: t, macros: milter.NewMacroBag()}
				m.ClientSession = must(milter.NewClient("", "", milter.WithDialer(p)).Session(m.macros))
				defer m.Close()
				m.want("", must(m.Conn("[unknown]", milter.FamilyInet, 25, "192.0.2.9")))
				for name, value := range tc.connect {
					m.macros.Set(name, value)
				}
				m.want("", must(m.Helo("mail.example.net")))
				for name, value := range tc.mail {
					m.macros.Set(name, value)
				}
				for range 2 { // an abort removes macros
					m.want("", must(m.Mail("ann@example.net", tc.parameters)))
					if err := m.Abort(nil); err != nil {
						t.Fatal(err)
					}
				}
				m.Close()
				stop()
				if want := []string{tc.want, tc.want}; !slices.Equal(judged, want) {
					t.Errorf("judged %q, want %q", judged, want)
				}
				if got := book.at(t, "mail")[1].Queue; got != tc.mail["i"] {
					t.Errorf("the log has the queue ID %q", got)
				}
			})
		})
	}
}

// What a client said before TLS is forgotten (RFC 3207, section 4.2), and what is known of
// a client, when the MTA uses the connection for another.
func TestClientsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer(t)
		var tls []bool
		s.judging(envelope.Mail, func(e *envelope.Envelope) { tls = append(tls, e.TLS != nil) })
		greetings := 0
		mail := s.connection.Policy.Rules
		s.judging(envelope.Helo, func(*envelope.Envelope) { greetings++ })
		s.connection.Policy.Rules = append(s.connection.Policy.Rules, mail...)
		p, stop := s.start(t)
		defer stop()
		m := p.connect(t, "192.0.2.9")
		defer m.Close()
		m.macros.Set("{tls_version}", "TLSv1.3")
		m.want("", must(m.Helo("mail.example.net")))
		m.want("", must(m.Mail("ann@example.net", "")))
		if err := m.Reset(milter.NewMacroBag()); err != nil {
			t.Fatal(err)
		}
		m.want("", must(m.Conn("[unknown]", milter.FamilyInet, 25, "192.0.2.9")))
		m.want("", must(m.Helo("mail.example.net")))
		m.want("", must(m.Mail("ann@example.net", "")))
		if !slices.Equal(tls, []bool{true, false}) || greetings != 3 {
			t.Errorf("TLS is %v, and %d greetings were judged", tls, greetings)
		}
	})
}

// The client may have an address of version 6, and none.
func TestClients(t *testing.T) {
	for _, tc := range []struct {
		family               milter.ProtoFamily
		address, macro, want string
	}{
		{milter.FamilyInet, "192.0.2.9", "", "192.0.2.9"},
		{milter.FamilyInet6, "IPv6:2001:db8::9", "", "2001:db8::9"},
		{milter.FamilyInet6, "2001:db8::9", "", "2001:db8::9"},
		{milter.FamilyUnix, "/run/socket", "", ""},
		{milter.FamilyUnknown, "", "", ""},
		{milter.FamilyUnknown, "", "192.0.2.9", "192.0.2.9"},
		{milter.FamilyUnknown, "", "IPv6:2001:db8::9", "2001:db8::9"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newTestServer(t)
			book := s.keepLog()
			p, stop := s.start(t)
			defer stop()
			macros := milter.NewMacroBag()
			macros.Set(milter.MacroClientAddr, tc.macro)
			m := must(milter.NewClient("", "", milter.WithDialer(p)).Session(macros))
			defer m.Close()
			must(m.Conn("[unknown]", tc.family, 25, tc.address))
			if got := book.at(t, "connect")[0].Envelope.IP; got != tc.want {
				t.Errorf("%q: got %q", tc.address, got)
			}
		})
	}
}
