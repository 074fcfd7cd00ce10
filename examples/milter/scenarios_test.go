package main

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"

	"mxrules.example/examples/internal/differences"
	"mxrules.example/examples/internal/postfixtest"
	"mxrules.example/examples/internal/rulebook"
	"mxrules.example/verdict"
	"mxrules.example/verdict/scenario"
)

// The conversations of the scenarios get the same replies from Postfix with the milter,
// but for the differences in the README.
func TestScenariosOverPostfix(t *testing.T) {
	s := &switchboard{t: t}
	address := postfixtest.Accept(t, func(conn net.Conn) { s.newest.Load().(pipes) <- conn })
	p := postfixtest.Start(t, postfixtest.Site+"master_service_disable = qmgr/unix\n"+postfixtest.ReadmeLines(t, "127.0.0.1:10050", address))
	differences.Comparison{
		Files: scenario.Dir("../policies/testdata/conversations"), Policies: rulebook.WithRules(),
		Differences: ofPostfix, Omissions: notOverPostfix,
		Dial: func(_ context.Context, on scenario.Server) (net.Conn, error) {
			before := on
			before.Policy.Rules = nil // for the client that says XCLIENT
			before.Report = func(context.Context, verdict.Event) {}
			s.connectTo(before)
			c := p.Open(t, on)
			s.connectTo(on)
			return c.Become(on, 0), nil
		},
	}.Play(t)
}

// switchboard is where Postfix connects to a milter: it has one for each connection of a
// scenario.
type switchboard struct {
	t      *testing.T
	newest atomic.Value // the pipes of a milter
}

// connectTo makes the connections from now on go to a milter for a scenario.
func (s *switchboard) connectTo(on scenario.Server) {
	m := newTestServer(s.t)
	m.connection = verdict.Connection{Policy: on.Policy, Resolver: on.Resolver}
	m.hold, m.now, m.log = nil, on.Now, slog.New(reporter{slog.DiscardHandler, on.Report})
	p, _ := m.start(s.t)
	s.newest.Store(p)
}

// reporter is the handler of a log that reports its events.
type reporter struct {
	slog.Handler
	report func(context.Context, verdict.Event)
}

func (reporter) Enabled(context.Context, slog.Level) bool { return true }

func (r reporter) Handle(ctx context.Context, line slog.Record) error {
	line.Attrs(func(a slog.Attr) bool {
		if logged, ok := a.Value.Any().(besideEnvelope); ok {
			r.report(ctx, logged.Event)
		}
		return true
	})
	return nil
}
