package main

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/emersion/go-smtp"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/directory"
	"mxrules.example/examples/internal/logged"
	"mxrules.example/examples/policies"
	"mxrules.example/rdns/dnsbl"
	"mxrules.example/verdict"
	"mxrules.example/verdict/gosmtp"
	"mxrules.example/verdict/headers"
)

// Bounds of a conversation. RFC 5321, section 4.5.3.2 has timeouts for single
// commands; go-smtp has one for all, which must suffice for a whole message.
const (
	maxMessage    = 50 << 20 // octets
	maxRecipients = 100      // RFC 5321, section 4.5.3.1.8
	maxRejections = 20
	readTimeout   = 10 * time.Minute
	writeTimeout  = time.Minute
)

// site is the configuration of the server.
type site struct {
	hostname    string
	mailboxes   []envelope.Mailbox
	maildir     string
	networks    []netip.Prefix // of the site
	blocked     []netip.Prefix
	choose      func(policies.Site) (verdict.Policy, error) // nil is policies.Standard
	lists       []dnsbl.List                                // of the strict policy
	greylist    envelope.Check                              // nil without greylisting
	bannerDelay time.Duration
	behind      func(envelope.Envelope) (envelope.Envelope, error) // nil without gateways
	resolver    envelope.Resolver
	log         *slog.Logger
	link        func(verdict.Verdict, *envelope.Envelope) string // of a refusal, nil for none

	mailingLists []string // domains
	forwarders   []string
	choices      *choices         // of the owners of mailboxes, nil without
	owners       directory.Owners // of addresses, for the submission policy
	quota        envelope.Check   // of a login, for the submission policy

	// For the demonstration and tests: pretend may change the address and the time of
	// a client, and told is called for each logged reply.
	pretend func(conn net.Conn, e *envelope.Envelope)
	told    func(event verdict.Event)
}

// server is an SMTP server with a guard before its maildirs.
type server struct {
	smtp  *smtp.Server
	guard *gosmtp.Guard
}

// newServer creates the maildirs of a site and its server.
func newServer(s site) (*server, error) {
	boxes, err := newMailboxes(s)
	if err != nil {
		return nil, err
	}
	policy, err := s.policy(boxes)
	if err != nil {
		return nil, err
	}
	stamp, err := headers.For(s.hostname)
	if err != nil {
		return nil, err
	}
	guard := &gosmtp.Guard{
		Policy:        policy,
		Resolver:      s.resolver,
		Behind:        s.behind,
		Fill:          s.pretend,
		Report:        s.report,
		BannerDelay:   s.bannerDelay,
		MaxRejections: maxRejections,
		Deliver:       stamp.Deliver,
	}
	backend := smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{boxes: boxes}, nil })
	server := &server{smtp: smtp.NewServer(guard.Backend(backend)), guard: guard}
	server.smtp.Domain = s.hostname
	server.smtp.EnableSMTPUTF8 = true
	server.smtp.MaxMessageBytes = maxMessage
	server.smtp.MaxRecipients = maxRecipients
	server.smtp.ReadTimeout = readTimeout
	server.smtp.WriteTimeout = writeTimeout
	server.smtp.ErrorLog = slog.NewLogLogger(s.log.Handler(), slog.LevelError)
	return server, nil
}

// policy returns the policy of the server: the blocked networks, and a policy of package
// policies.
func (s site) policy(boxes *mailboxes) (verdict.Policy, error) {
	choose := s.choose
	if choose == nil {
		choose = policies.Standard
	}
	site := policies.Site{
		Domains:      boxes.domains,
		Names:        []string{s.hostname},
		Networks:     s.networks,
		Mailboxes:    boxes.known,
		Lists:        s.lists,
		Greylist:     s.greylist,
		MailingLists: s.mailingLists,
		Forwarders:   s.forwarders,
		Owners:       s.owners,
		Quota:        s.quota,
	}
	if s.choices != nil {
		s.choices.addTo(&site)
	}
	policy, err := choose(site)
	if err != nil {
		return policy, err
	}
	if len(s.blocked) > 0 {
		policy.Rules = append(verdict.Rules{blocked(s.blocked)}, policy.Rules...)
	}
	policy.Link = s.link
	return policy, policy.Validate()
}

// blocked rejects clients by address. As the first rule it decides before the banner.
func blocked(networks []netip.Prefix) verdict.Rule {
	return verdict.RejectIf(client.In(networks)).Named("site.blocked").
		Reply(envelope.Status{Code: 554, Subject: 7, Detail: 1}, "client address {ip} is in a blocked network")
}

func (s *server) serve(l net.Listener) error { return s.smtp.Serve(s.guard.Listener(l)) }

// shutdown accepts no new connection, and waits until the others end.
func (s *server) shutdown(ctx context.Context) error { return s.smtp.Shutdown(ctx) }

// report writes a reply to the log, with the envelope and the verdict. A success
// that only waits for more is not logged.
func (s site) report(ctx context.Context, event verdict.Event) {
	if event.Verdict.Action == verdict.Continue && event.Reply.Status.Class() == 2 {
		return
	}
	s.log.LogAttrs(ctx, slog.LevelInfo, "reply",
		slog.String("reply", event.Reply.Status.String()),
		slog.Any("verdict", event.Verdict),
		slog.Any("envelope", logged.Event(event)))
	if s.told != nil {
		s.told(event)
	}
}
