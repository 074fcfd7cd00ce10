package gosmtp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
)

func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "mx.example.org"},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// startTLS turns the connection of c, on which STARTTLS was just answered, into
// an encrypted one.
func (c *peer) startTLS() *peer {
	c.t.Helper()
	secured := tls.Client(c.conn, &tls.Config{InsecureSkipVerify: true})
	if err := secured.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	return newClient(c.t, secured)
}

func TestSTARTTLSBeginsANewSessionOfTheSameConnection(t *testing.T) {
	f, d := &facts{}, &diary{}
	var conns []net.Conn
	g := &gosmtp.Guard{
		Report:        d.note,
		Policy:        policyOf(rejecting("sender", envelope.Mail, func(e *envelope.Envelope) bool { return e.MailFrom == "bad@a.example" }), f.rule()),
		MaxRejections: 2,
		BannerDelay:   time.Hour,
		Fill:          func(conn net.Conn, _ *envelope.Envelope) { conns = append(conns, conn) },
	}
	b := &backend{}
	s := serve(t, g, b, func(s *smtp.Server) { s.TLSConfig = certificate(t) })
	c := s.dial(t).send("HELO client.example.net\r\n").play(`
		S: 220 ...
		S: 250 ...
		C: MAIL FROM:<bad@a.example>
		S: 550 ...
		C: STARTTLS
		S: 220 ...
	`).startTLS()
	c.play(`
		C: HELO secure.example.net
		S: 250 ...
		C: MAIL FROM:<bad@a.example>
		S: 550 ...
		C: MAIL FROM:<good@a.example>
		S: 250 ...
		C: RSET
		S: 250 ...
		C: HELO again.example.net
		S: 250 ...
		C: MAIL FROM:<bad@a.example>
		S: 421 4.7.0 too many commands were refused, closing the connection
		S: closed
	`)
	if n := strings.Count(strings.Join(d.read(), "\n"), "connect "); n != 1 {
		t.Errorf("the greeting was judged %d times", n)
	}
	for _, e := range f.at(envelope.Mail) {
		if e.TLS == nil || !e.SpokeEarly {
			t.Errorf("behind STARTTLS the envelope is %+v", e)
		}
	}
	for _, conn := range conns {
		if _, ok := conn.(*net.TCPConn); !ok {
			t.Errorf("Fill got a %T, want what the listener accepted", conn)
		}
	}
	s.finish(t)
	if got := strings.Join(b.all(), " "); strings.Count(got, "session") != 2 || strings.Count(got, "logout") != 2 {
		t.Errorf("the backend was told %q, want two sessions, each logged out once", got)
	}
}

// RFC 3207, section 4.2: what the client said before TLS does not count.
func TestAfterSTARTTLSOnlyFindingsAboutTheConnectionAreKept(t *testing.T) {
	asked := &facts{}
	at := func(stage envelope.Stage) verdict.Rule {
		return rejecting(stage.String(), stage, func(e *envelope.Envelope) bool { asked.add(e); return false })
	}
	g := &gosmtp.Guard{Policy: policyOf(at(envelope.Connect), at(envelope.Helo), at(envelope.Mail))}
	s := serve(t, g, &backend{}, func(s *smtp.Server) { s.TLSConfig = certificate(t) })
	const twice = "C: MAIL FROM:<a@a.example>\nS: 250 ...\nC: RSET\nS: 250 ...\nC: MAIL FROM:<a@a.example>\nS: 250 ..."
	s.talk(t, hello+twice+"\nC: STARTTLS\nS: 220 ...").startTLS().play("C: HELO client.example.net\nS: 250 ...\n" + twice)
	for stage, want := range map[envelope.Stage]int{envelope.Connect: 1, envelope.Helo: 2, envelope.Mail: 4} {
		if got := len(asked.at(stage)); got != want {
			t.Errorf("a check of %s was asked %d times, want %d", stage, got, want)
		}
	}
}

// login is a backend whose sessions offer AUTH.
type login struct {
	backend
	auth func(user, password string) error
}

func (b *login) NewSession(*smtp.Conn) (smtp.Session, error) {
	return &loginSession{mailSession: &mailSession{&b.backend}, login: b}, nil
}

type loginSession struct {
	*mailSession
	login *login
	user  string
}

func (s *loginSession) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *loginSession) Login() string            { return s.user }

func (s *loginSession) Auth(mechanism string) (sasl.Server, error) {
	if mechanism != sasl.Plain {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.login.auth(user, password); err != nil {
			return err
		}
		s.user = user
		return nil
	}), nil
}

// plain is AUTH PLAIN for ann with the password given.
var plain = map[string]string{
	"right":  "AUTH PLAIN AGFubgByaWdodA==",
	"wrong":  "AUTH PLAIN AGFubgB3cm9uZw==",
	"broken": "AUTH PLAIN AGFubgBicm9rZW4=",
}

func authServer(t *testing.T, g *gosmtp.Guard, b smtp.Backend, settings ...func(*smtp.Server)) *site {
	return serve(t, g, b, append(settings, func(s *smtp.Server) { s.AllowInsecureAuth = true })...)
}

func TestAUTHIsOfferedWhereTheBackendHasIt(t *testing.T) {
	const others = "S: 250-PIPELINING\nS: 250-8BITMIME\nS: 250-ENHANCEDSTATUSCODES\nS: 250-CHUNKING\n"
	authServer(t, &gosmtp.Guard{}, &backend{}).talk(t, `
		S: 220 ...
		C: EHLO client.example.net
		S: 250-Hello ...
	`+others+`
		S: 250 SIZE
		C: `+plain["right"]+`
		S: 504 5.7.4 Unsupported authentication mechanism
	`)
	f := &facts{}
	b := &login{auth: func(_, password string) error {
		switch password {
		case "right":
			return nil
		case "broken":
			return errSecret
		}
		return smtp.ErrAuthFailed
	}}
	s := authServer(t, &gosmtp.Guard{Policy: policyOf(f.rule())}, b)
	s.talk(t, `
		S: 220 ...
		C: EHLO client.example.net
		S: 250-Hello ...
	`+others+`
		S: 250-AUTH PLAIN
		S: 250 SIZE
		C: AUTH GSSAPI
		S: 504 5.7.4 Unsupported authentication mechanism
		C: `+plain["wrong"]+`
		S: 535 5.7.8 Authentication failed
		C: `+plain["broken"]+`
		S: 454 4.7.0 the login failed for now
		C: `+plain["right"]+`
		S: 235 2.0.0 Authentication succeeded
		C: MAIL FROM:<ann@a.example>
		S: 250 ...
	`)
	if got := f.at(envelope.Mail); len(got) != 1 || got[0].Login != "ann" {
		t.Errorf("at MAIL the envelopes are %+v", got)
	}
	if log := s.log.String(); !strings.Contains(log, "AUTH of 127.0.0.1:") || !strings.Contains(log, errSecret.Error()) {
		t.Errorf("the log has %q", log)
	}
}

func TestGuessingPasswordsEndsTheConnection(t *testing.T) {
	b := &login{auth: func(_, _ string) error { return smtp.ErrAuthFailed }}
	authServer(t, &gosmtp.Guard{MaxRejections: 1}, b).talk(t, hello+`
		C: `+plain["wrong"]+`
		S: 535 ...
		C: `+plain["wrong"]+`
		S: 421 4.7.0 ...
		S: closed
	`)
}

// RFC 4954, section 4: the login must not change between what was judged and
// what the backend is told.
func TestAUTHInsideATransactionIsOutOfOrder(t *testing.T) {
	const lhlo = `
		S: 220 ...
		C: LHLO client.example.net
		S: 250-Hello ...
		S: 250-PIPELINING
		S: 250-8BITMIME
		S: 250-ENHANCEDSTATUSCODES
		S: 250-CHUNKING
		S: 250-AUTH PLAIN
		S: 250 SIZE
	`
	const rcpt = "C: RCPT TO:<b@b.example>\nS: 250 ..."
	for _, tc := range []struct {
		name, greeting, recipient string
		settings                  func(*smtp.Server)
	}{
		{"SMTP", hello, "", func(*smtp.Server) {}},
		{"SMTP, after RCPT", hello, rcpt, func(*smtp.Server) {}},
		{"LMTP", lhlo, "", lmtp},
		{"LMTP, after RCPT", lhlo, rcpt, lmtp},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := &facts{}
			b := &login{auth: func(_, _ string) error { return nil }}
			s := authServer(t, &gosmtp.Guard{Policy: policyOf(f.rule())}, b, tc.settings)
			s.talk(t, tc.greeting+`
				C: MAIL FROM:<ann@a.example>
				S: 250 ...
				`+tc.recipient+`
				C: `+plain["right"]+`
				S: 503 5.5.1 AUTH is not permitted during a mail transaction, RSET comes first
				C: RSET
				S: 250 ...
				C: `+plain["right"]+`
				S: 235 ...
				C: MAIL FROM:<ann@a.example>
				S: 250 ...
			`)
			if got := f.at(envelope.Mail); len(got) != 2 || got[0].Login != "" || got[1].Login != "ann" {
				t.Errorf("at MAIL the envelopes are %+v", got)
			}
		})
	}
}
