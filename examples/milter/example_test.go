package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/d--j/go-milter"

	"mxrules.example/envelope/recipient"
	"mxrules.example/envelope/zone"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// An MTA asks about a client that tries to relay.
func Example() {
	stamp, err := headers.For("mx.example.org")
	if err != nil {
		fmt.Println(err)
		return
	}
	s := &server{stamp: stamp, size: 1 << 20, log: slog.New(slog.DiscardHandler), now: time.Now, connection: verdict.Connection{
		Policy:   verdict.Policy{Rules: verdict.Rules{verdict.RejectUnless(recipient.Ours("example.org"))}},
		Resolver: zone.MustParse(``),
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go s.serve(ctx, listener)

	mta, err := milter.NewClient("tcp", listener.Addr().String()).Session(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer mta.Close()
	mta.Conn("mail.example.net", milter.FamilyInet, 25, "192.0.2.9")
	mta.Helo("mail.example.net")
	mta.Mail("ann@example.net", "")
	for _, to := range []string{"bob@example.com", "bob@example.org"} {
		fmt.Println(mta.Rcpt(to, ""))
	}
	// Output:
	// RejectWithCode 554 "554 5.7.1 the recipient bob@example.com is in no domain of this site; relay access denied; users with an account here should log in (port 465 or 587)" <nil>
	// Continue <nil>
}
