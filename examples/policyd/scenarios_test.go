package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"mxrules.example/examples/internal/differences"
	"mxrules.example/examples/internal/postfixtest"
	"mxrules.example/examples/internal/rulebook"
	"mxrules.example/verdict/scenario"
)

// The conversations of the scenarios get the same replies from Postfix with policyd, but
// for the differences in the README.
func TestScenariosOverPostfix(t *testing.T) {
	s := &switchboard{t: t}
	address := postfixtest.Accept(t, func(conn net.Conn) { go s.connect(conn) })
	// Each process of Postfix has one client, so that its connection is that of a scenario.
	lines := strings.Replace(postfixtest.ReadmeLines(t, "127.0.0.1:10040", address), "    reject_unauth_destination,\n", "", 1)
	p := postfixtest.Start(t, postfixtest.Site+"max_use = 1\nmaster_service_disable = qmgr/unix\n"+lines)
	differences.Comparison{
		Files: scenario.Dir("../policies/testdata/conversations"), Policies: rulebook.WithRules(),
		Differences: append(differences.OfPostfix(), ofPolicyServers...), Omissions: notOverPostfix, OnlyReplies: true,
		Dial: func(_ context.Context, on scenario.Server) (net.Conn, error) {
			return p.Open(t, on).Become(on, s.port(on)), nil
		},
	}.Play(t)
}

// switchboard is where Postfix connects to policyd: there is one for each connection of a
// scenario, which the port of its client tells.
type switchboard struct {
	t       *testing.T
	mu      sync.Mutex
	servers []*server // by the port of the client, from 1
}

// port returns a port for a client of a scenario.
func (s *switchboard) port(on scenario.Server) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.servers = append(s.servers, &server{
		policy: withoutMessage(on.Policy, false), resolver: on.Resolver, now: on.Now, log: slog.New(slog.DiscardHandler),
	})
	return len(s.servers)
}

var clientPort = regexp.MustCompile(`(?m)^client_port=(\d+)$`)

// connect has the connection served by the policyd for the client of the first request.
func (s *switchboard) connect(conn net.Conn) {
	var first bytes.Buffer
	for !bytes.HasSuffix(first.Bytes(), []byte("\n\n")) {
		if _, err := io.CopyN(&first, conn, 1); err != nil {
			return
		}
	}
	found := clientPort.FindSubmatch(first.Bytes())
	if found == nil {
		s.t.Errorf("a request without client_port: %q", first.Bytes())
		return
	}
	port, _ := strconv.Atoi(string(found[1]))
	s.mu.Lock()
	server := s.servers[port-1]
	s.mu.Unlock()
	if err := server.converse(context.Background(), postfixtest.Reread(conn, io.MultiReader(&first, conn))); err != nil {
		s.t.Error(err)
	}
}
