package headers_test

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"mxrules.example/envelope"
	"mxrules.example/envelope/zone"
	"mxrules.example/rdns"
	"mxrules.example/spf"
	"mxrules.example/verdict"
	"mxrules.example/verdict/headers"
)

// The results go to the top of the message, and forged fields with our name are removed.
func Example() {
	resolver := zone.MustParse(`
		1.2.0.192.in-addr.arpa.  PTR  mail.example.net.
		mail.example.net.        A    192.0.2.1
		example.net.             TXT  "v=spf1 a:mail.example.net -all"
	`) // or net.DefaultResolver
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(rdns.Confirmed),
		verdict.RejectUnless(spf.NotFail),
	}}
	env := envelope.Envelope{
		ClientIP: netip.MustParseAddr("192.0.2.1"),
		Helo:     "mail.example.net",
		MailFrom: "someone@example.net",
		RcptTo:   "you@example.org",
		Message: envelope.NewMessage([]byte("Authentication-Results: mx.example.org; dkim=pass header.d=bank.example\r\n" +
			"From: someone@example.net\r\n\r\nHello.\r\n")),
	}
	stamp, err := headers.For("mx.example.org")
	if err != nil {
		fmt.Println(err)
		return
	}

	v := policy.Judge(context.Background(), resolver, &env)
	delivered, err := stamp.Deliver(env.Message, &env, v)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := io.ReadAll(delivered)
	fmt.Fprint(os.Stdout, strings.ReplaceAll(string(text), "\r\n", "\n"))
	// Output:
	// Authentication-Results: mx.example.org;
	// 	iprev=pass policy.iprev=192.0.2.1;
	// 	spf=pass smtp.mailfrom=example.net
	// Received-SPF: pass (mx.example.org: 192.0.2.1 may use the domain)
	// 	client-ip=192.0.2.1; envelope-from="someone@example.net";
	// 	helo=mail.example.net; identity=mailfrom; receiver=mx.example.org
	// From: someone@example.net
	//
	// Hello.
}
