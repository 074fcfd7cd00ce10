package quota_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/verdict"
)

// secret stands for bytes that the site keeps apart from the store.
var secret = greylist.Secret("of this example")

// A user may send two messages an hour. The window slides: an hour after the first
// message the user may send again.
func Example() {
	perLogin := quota.Key{Of: quota.Login, Secret: secret}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.RejectUnless(client.Authenticated),
		verdict.TempFailUnless(quota.Within(new(greylist.Memory), perLogin, 2, time.Hour)),
	}}
	nine := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for _, after := range []time.Duration{0, 10 * time.Minute, 20 * time.Minute, 65 * time.Minute} {
		v := policy.Judge(context.Background(), nil, &envelope.Envelope{
			Login: "ann", MailFrom: "ann@example.org", RcptTo: "bob@example.net", Now: nine.Add(after),
		})
		fmt.Println("after", after, v)
	}
	// Output:
	// after 0s accept 250 2.0.0
	// after 10m0s accept 250 2.0.0
	// after 20m0s tempfail 450 4.7.28 by quota.within: the limit of 2 messages in 1h for login ann is reached, please try again later
	// after 1h5m0s accept 250 2.0.0
}

// A message to three recipients is one message, or three recipients. The recipient who
// would exceed the limit is deferred, and the others get the message.
func ExampleKey_recipients() {
	store := new(greylist.Memory)
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.TempFailUnless(quota.Within(store, quota.Key{Of: greylist.Network, Secret: secret}, 100, time.Hour)),
		verdict.TempFailUnless(quota.Within(store, quota.Key{Of: greylist.Network, Recipients: true, Secret: secret}, 2, time.Hour)),
	}}
	session := verdict.NewSession(context.Background(), verdict.Connection{Policy: policy})
	defer session.Close()
	e := envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1"), MailFrom: "ann@example.org"}
	session.Connect(e)
	session.Helo(e)
	session.Mail(e, nil)
	for _, e.RcptTo = range []string{"bob@example.net", "carl@example.net", "dora@example.net"} {
		fmt.Println(session.Rcpt(e, nil).Status)
	}
	fmt.Println(session.Data(envelope.NewMessage([]byte("Subject: hello\r\n\r\n")), nil).Status)
	// Output:
	// 250 2.0.0
	// 250 2.0.0
	// 450 4.7.28
	// 250 2.0.0
}

// Try a limit before it defers mail: the mark counts up to the limit.
func ExampleWithin_trial() {
	trial := verdict.Policy{Rules: verdict.Rules{
		verdict.MarkUnless(quota.Within(new(greylist.Memory), quota.Key{Of: quota.Client, Secret: secret}, 2, time.Hour), "over quota"),
	}}
	for range 3 {
		v := trial.Judge(context.Background(), nil, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
		fmt.Println(v.Action, v.Marks)
	}
	// Output:
	// accept []
	// accept []
	// accept [over quota]
}

// Limits can depend on who sends: a function of your own as key, and conditions.
func ExampleWithin_ownKey() {
	department := func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) (string, error) {
		if name, _, ok := strings.Cut(e.Login, "."); ok {
			return "department " + name, nil
		}
		return "", nil // no limit
	}
	policy := verdict.Policy{Rules: verdict.Rules{
		verdict.TempFailUnless(quota.Within(new(greylist.Memory), quota.Key{Of: department, Secret: secret}, 1, 24*time.Hour)),
	}}
	for _, login := range []string{"sales.ann", "sales.bob", "carl", "carl"} {
		v := policy.Judge(context.Background(), nil, &envelope.Envelope{Login: login})
		fmt.Println(login, v)
	}
	// Output:
	// sales.ann accept 250 2.0.0
	// sales.bob tempfail 450 4.7.28 by quota.within: the limit of 1 message in 24h for department sales is reached, please try again later
	// carl accept 250 2.0.0
	// carl accept 250 2.0.0
}
