package sender_test

import (
	"context"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
)

func TestChecksKeepTheContract(t *testing.T) {
	var envelopes []*envelope.Envelope
	for _, address := range []string{
		"ann@org.example", "@b.example:eve@org.example", "no-reply@org.example", "ann@bücher.example", "ann@four.example",
		"ann@six.example", "ann@null.example", "ann@half.example", "ann@deaf.example", "ann@nowhere.example", "ann@byalias.example", "ann@last.example",
		"ann@servfail.example", "ann@patient.example", "root@localhost", "ann@[192.0.2.1]", "ann", "",
	} {
		for before, login := range []string{"", "ann"} {
			envelopes = append(envelopes, &envelope.Envelope{
				MailFrom: address, RcptTo: "bob@org.example", Recipients: before, Login: login, SMTPUTF8: true,
			})
		}
	}
	for name, check := range map[string]envelope.Check{
		"Syntax":         sender.Syntax,
		"FQDN":           sender.FQDN,
		"Resolves":       sender.Resolves,
		"TakesMail":      sender.TakesMail,
		"MXUsable":       sender.MXUsable,
		"MXNotAlias":     sender.MXNotAlias,
		"NotOurs":        sender.NotOurs("org.example", ".sub.example"),
		"NotOursOfWrong": sender.NotOurs("not a name"),
		"Ours":           sender.Ours("org.example", ".sub.example"),
		"OursOfWrong":    sender.Ours("not a name"),
		"Listed":         sender.Listed([]string{"org.example", "bücher.example"}, mailboxes(t)),
		"ListedByNobody": sender.Listed([]string{"org.example"}, nil),
		"OwnedByLogin":   sender.OwnedByLogin(owners(t)),
		"OwnedByNobody":  sender.OwnedByLogin(nil),
		"In":             sender.In("ann@org.example", ".sub.example"),
		"InOfWrong":      sender.In("not a name"),
		"InSet":          sender.InSet(func(_ context.Context, m envelope.Mailbox) (bool, error) { return m.Local == "ann", nil }),
		"Null":           sender.Null,
		"BounceToOne":    sender.BounceToOne,
		"NotOursOrOwned": envelope.Any(sender.OwnedByLogin(owners(t)), sender.NotOurs("org.example")),
	} {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, world(), envelopes...) })
	}
}
