package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"mxrules.example/envelope/zone"
	"mxrules.example/examples/policies"
)

// Postfix asks about a recipient of a client without a PTR record.
func Example() {
	policy, err := policies.Standard(policies.Site{Domains: []string{"example.org"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := &server{policy: policy, resolver: zone.MustParse(``), log: slog.New(slog.DiscardHandler), now: time.Now}
	request, err := readRequest(bufio.NewReader(strings.NewReader(`request=smtpd_access_policy
protocol_state=RCPT
client_address=192.0.2.77
helo_name=mail.example.net
sender=ann@example.net
recipient=bob@example.org
instance=123.456.7

`)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("action=" + s.answer(context.Background(), request, new(transaction)))
	// Output: action=550 5.7.25 the client 192.0.2.77 has no PTR record
}
