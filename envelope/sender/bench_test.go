package sender_test

import (
	"context"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/sender"
)

// BenchmarkChecks measures each check on a sender, with DNS in memory.
func BenchmarkChecks(b *testing.B) {
	site := []string{"net.example", "org.example", ".sub.example"}
	listed, owned := sender.Listed(site, mailboxes(b)), sender.OwnedByLogin(owners(b))
	for _, bc := range []struct {
		name, sender string
		check        envelope.Check
		want         envelope.Outcome
	}{
		{"Syntax", "ann@org.example", sender.Syntax, pass},
		{"SyntaxOfRoute", "@a.example,@b.example:ann@org.example", sender.Syntax, pass},
		{"SyntaxOfUnicode", "änn@bücher.example", sender.Syntax, pass},
		{"FQDN", "ann@org.example", sender.FQDN, pass},
		{"Resolves", "ann@org.example", sender.Resolves, pass},
		{"ResolvesNowhere", "ann@nowhere.example", sender.Resolves, fail},
		{"TakesMail", "ann@org.example", sender.TakesMail, pass},
		{"MXUsable", "ann@org.example", sender.MXUsable, pass},
		{"MXUnusable", "ann@deaf.example", sender.MXUsable, fail},
		{"MXNotAlias", "ann@org.example", sender.MXNotAlias, pass},
		{"NotOurs", "ann@elsewhere.example", sender.NotOurs(site...), pass},
		{"Ours", "ann@org.example", sender.Ours(site...), pass},
		{"Listed", "ann@org.example", listed, pass},
		{"ListedForeign", "ann@elsewhere.example", listed, none},
		{"OwnedByLogin", "ann@org.example", owned, pass},
		{"In", "ann@org.example", sender.In("ann@org.example", ".sub.example"), pass},
		{"Null", "", sender.Null, pass},
		{"BounceToOne", "", sender.BounceToOne, pass},
	} {
		b.Run(bc.name, func(b *testing.B) {
			dns := world()
			e := &envelope.Envelope{MailFrom: bc.sender, RcptTo: "bob@org.example", Login: "ann", SMTPUTF8: true}
			ctx := context.Background()
			b.ReportAllocs()
			for b.Loop() {
				if got := bc.check(ctx, dns, e); got.Outcome != bc.want {
					b.Fatalf("%v %s", got.Outcome, got.Text)
				}
				dns.Forget()
			}
		})
	}
}
