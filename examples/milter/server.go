package main

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/d--j/go-milter"
	"golang.org/x/net/netutil"

	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// Bounds of the server.
const (
	maxConnections = 1000
	idle           = time.Hour        // of the MTA, which waits for its client
	grace          = 30 * time.Second // for transactions that have begun when the server stops
)

// server is what all conversations share.
type server struct {
	connection verdict.Connection
	stamp      *headers.Stamp
	hold       []string // marks of messages that the MTA holds
	size       int64    // of the largest message, in octets
	log        *slog.Logger
	now        func() time.Time

	ctx      context.Context // of the conversations
	stopping context.Context
	running  sync.WaitGroup
}

// serve serves MTAs until ctx ends. Then it waits for transactions that have begun, for
// at most grace. New ones are refused with 421, so that the client comes again.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	var end context.CancelFunc
	s.ctx, end = context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	s.stopping = ctx
	milters := milter.NewServer(
		milter.WithMilter(func() milter.Milter {
			s.running.Add(1)
			return &conversation{server: s}
		}),
		// InsertHeader, ChangeHeader and Quarantine.
		milter.WithActions(milter.OptAddHeader|milter.OptChangeHeader|milter.OptQuarantine),
		milter.WithProtocols(milter.OptNoData|milter.OptNoUnknown|milter.OptHeaderLeadingSpace|
			milter.OptNoHeaderReply|milter.OptNoEOHReply|milter.OptNoBodyReply),
		milter.WithMacroRequest(milter.StageConnect, []string{milter.MacroClientAddr}),
		milter.WithMacroRequest(milter.StageHelo, []string{milter.MacroTlsVersion}),
		milter.WithMacroRequest(milter.StageMail, []string{milter.MacroQueueId, milter.MacroAuthAuthen, milter.MacroTlsVersion}),
		milter.WithMacroRequest(milter.StageRcpt, []string{milter.MacroQueueId}),
		milter.WithMacroRequest(milter.StageEOM, []string{milter.MacroQueueId}),
		milter.WithReadTimeout(idle),
	)
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		defer time.AfterFunc(grace, end).Stop() // then each command gets 421
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace+time.Second)
		defer cancel()
		milters.Shutdown(patience) // the error is that it has closed connections
	})
	err := milters.Serve(packetListener{netutil.LimitListener(l, maxConnections)})
	if stop() { // the listener failed
		milters.Close()
	} else {
		<-stopped
	}
	end()
	s.running.Wait()
	return err
}
