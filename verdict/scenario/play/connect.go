package play

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/verdict"
)

// server is one server of a scenario: its policy, and what it does with its replies.
type server struct {
	policy  verdict.Policy
	reports []func(context.Context, verdict.Event) // of Site.OnReply
}

// connect opens a connection.
func (p *player) connect(e *entry) error {
	c := &connection{lines: make(chan string, maxUnread), owed: []command{{"CONNECT", e.word + " " + e.rest, e}}, fresh: true}
	s, err := c.parse(e)
	if err != nil {
		return err
	}
	on, err := p.server(s.Name)
	if err != nil {
		return e.wrap(err)
	}
	s.Policy, s.Resolver, s.Now, s.Report = on.policy, p.zone, p.now, p.reporter(c, on)
	if c.Conn, err = p.dial(p.ctx, s); err != nil {
		return e.wrap(err)
	}
	p.open, p.current = append(p.open, c), c
	go c.read(p.ctx)
	return nil
}

// parse reads the line of a connection.
func (c *connection) parse(e *entry) (s Server, err error) {
	fields := strings.Fields(e.rest)
	if len(fields) == 0 {
		return s, e.fault("connect needs an IP address")
	}
	if s.Client, err = netip.ParseAddr(fields[0]); err != nil {
		return s, e.fault("connect needs an IP address, and %q is not one", envelope.Excerpt(fields[0]))
	}
	for rest := fields[1:]; len(rest) > 0; rest = rest[1:] {
		switch rest[0] {
		case "early":
			s.SpokeEarly = true
			continue
		case "tls":
			s.TLS = true
			continue
		case "lmtp":
			s.LMTP = true
			continue
		}
		if len(rest) < 2 {
			return s, e.fault("%q is not one of early, tls, lmtp, or a word with a value", envelope.Excerpt(rest[0]))
		}
		switch rest[0] {
		case "as":
			c.name = rest[1]
		case "to":
			s.Name = rest[1]
		case "login":
			s.Login = rest[1]
		default:
			return s, e.fault("%q is not one of early, tls, lmtp, as, to, login", envelope.Excerpt(rest[0]))
		}
		rest = rest[1:]
	}
	return s, nil
}

// server returns the server of a name, which is made once.
func (p *player) server(name string) (*server, error) {
	if s, ok := p.servers[name]; ok {
		return s, nil
	}
	s := new(server)
	site := p.site
	site.server = s
	var err error
	if s.policy, err = p.make(site); err != nil {
		return nil, err
	}
	p.servers[name] = s
	return s, nil
}

// watcher is given each verdict of a policy. It may be called concurrently.
type watcher func(verdict.Policy, verdict.Verdict)

// reporter returns the Report of a connection to a server.
func (p *player) reporter(c *connection, s *server) func(context.Context, verdict.Event) {
	return func(ctx context.Context, event verdict.Event) {
		c.report(ctx, event)
		for _, report := range s.reports {
			report(ctx, event)
		}
		if p.watch == nil || event.Verdict.Action == 0 {
			return
		}
		if len(event.Recipients) == 0 {
			p.watch(s.policy, event.Verdict)
		}
		for _, r := range event.Recipients {
			p.watch(s.policy, r.Verdict)
		}
	}
}

func (p *player) switchTo(e *entry) error {
	i := slices.IndexFunc(p.open, func(c *connection) bool { return c.name == e.rest })
	if i < 0 {
		return e.fault("there is no connection as %q", envelope.Excerpt(e.rest))
	}
	p.current = p.open[i]
	return nil
}
