package policies_test

import (
	"context"
	"crypto/tls"
	"io"
	"io/fs"
	"net"
	"testing"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/examples/internal/rulebook"
	"mxrules.example/verdict/gosmtp"
	"mxrules.example/verdict/scenario"
)

// A server of go-smtp with a guard gives the replies of the scenarios over TCP too.
func TestScenariosOverTCP(t *testing.T) {
	overTCP(t, scenarios, rulebook.Policies())
}

// overTCP plays conversations on servers of go-smtp.
func overTCP(t *testing.T, fsys fs.FS, policies scenario.Policies) {
	scenario.RunOn(t, fsys, policies, func(ctx context.Context, s scenario.Server) (net.Conn, error) {
		return dial(t, ctx, s)
	})
}

// dial starts a server for one connection of a scenario, and connects to it.
func dial(t *testing.T, ctx context.Context, s scenario.Server) (net.Conn, error) {
	guard := &gosmtp.Guard{Policy: s.Policy, Resolver: s.Resolver, Report: s.Report, Fill: func(_ net.Conn, e *envelope.Envelope) {
		e.ClientIP, e.SpokeEarly, e.Login, e.Now = s.Client, s.SpokeEarly, s.Login, s.Now()
		if e.TLS = nil; s.TLS {
			e.TLS = &tls.ConnectionState{HandshakeComplete: true}
		}
	}}
	server := smtp.NewServer(guard.Backend(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return anyMail{}, nil })))
	server.Domain, server.LMTP, server.EnableSMTPUTF8 = "mx.example.org", s.LMTP, true
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go server.Serve(guard.Listener(listener))
	t.Cleanup(func() { server.Close(); listener.Close() })
	return new(net.Dialer).DialContext(ctx, "tcp", listener.Addr().String())
}

// anyMail is a backend that takes all mail and drops it.
type anyMail struct{}

func (anyMail) Mail(string, *smtp.MailOptions) error { return nil }
func (anyMail) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (anyMail) Reset()                               {}
func (anyMail) Logout() error                        { return nil }

func (anyMail) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (anyMail) LMTPData(r io.Reader, _ smtp.StatusCollector) error {
	_, err := io.Copy(io.Discard, r)
	return err
}
