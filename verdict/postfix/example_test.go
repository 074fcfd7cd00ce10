package postfix_test

import (
	"context"
	"fmt"
	"net/netip"

	"mxrules.example/envelope"
	importing "mxrules.example/verdict/postfix"
)

func Example() {
	const main = `
myhostname = mx.example.org
mydestination = example.org
mynetworks = 198.51.100.0/24
local_recipient_maps =
smtpd_sender_restrictions =
    permit_mynetworks
    check_sender_access inline:{loud.example=REJECT}
    warn_if_reject reject_non_fqdn_sender
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
`
	imported, err := importing.Read(main, importing.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(imported.Report)
	for _, from := range []string{"ann@example.net", "ann@loud.example"} {
		fmt.Println(imported.Policy.Judge(context.Background(), nil, &envelope.Envelope{
			ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: from, RcptTo: "bob@example.org",
		}))
	}
	// Output:
	// smtpd
	//   main.cf (default): what it requires of every client
	//       = verdict.RejectUnless(envelope.Any(sender.Syntax, envelope.Not(sender.FQDN))).Named("sender.syntax")
	//       = verdict.RejectUnless(envelope.Any(recipient.Syntax, envelope.Not(recipient.FQDN))).Named("recipient.syntax")
	//       = verdict.AcceptIf(recipient.In("postmaster"))
	//       differs: the syntax is that of RFC 5321; Postfix reads more forms of an address, and appends myorigin to a local part alone
	//
	// smtpd_sender_restrictions
	//   main.cf:7: permit_mynetworks
	//       = the rest of the list applies unless mynetworks
	//   main.cf:8: check_sender_access inline:{loud.example=REJECT}
	//       = verdict.RejectIf(senderAccess.Rejects).Unless(mynetworks)
	//   main.cf:9: warn_if_reject reject_non_fqdn_sender
	//       = verdict.RejectUnless(sender.FQDN).Unless(mynetworks).Shadow()
	//       differs: an address literal is not fully qualified
	//
	// smtpd_recipient_restrictions
	//   main.cf:10: permit_mynetworks
	//       = verdict.AcceptIf(mynetworks)
	//   main.cf:10: reject_unauth_destination
	//       = verdict.RejectUnless(ours)
	//       differs: a local part alone is foreign, where Postfix appends myorigin; an address literal of this server is foreign
	// accept 250 2.0.0
	// reject 554 5.7.1 by access.sender.rejects: the sender ann@loud.example is not accepted here
}
