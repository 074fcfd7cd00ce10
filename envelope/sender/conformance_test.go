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
	for _, tc := range []struct {
		name  string
		from  envelope.Stage
		check envelope.Check
	}{
		{"sender.syntax", envelope.Mail, sender.Syntax},
		{"sender.fqdn", envelope.Mail, sender.FQDN},
		{"sender.resolves", envelope.Mail, sender.Resolves},
		{"sender.takesmail", envelope.Mail, sender.TakesMail},
		{"sender.mxusable", envelope.Mail, sender.MXUsable},
		{"sender.mxnotalias", envelope.Mail, sender.MXNotAlias},
		{"sender.notours", envelope.Mail, sender.NotOurs()},
		{"sender.notours", envelope.Mail, sender.NotOurs("org.example", ".sub.example")},
		{"sender.notours", envelope.Mail, sender.NotOurs("not a name")},
		{"sender.ours", envelope.Mail, sender.Ours()},
		{"sender.ours", envelope.Mail, sender.Ours("org.example", ".sub.example")},
		{"sender.ours", envelope.Mail, sender.Ours("not a name")},
		{"sender.listed", envelope.Mail, sender.Listed([]string{"org.example", "bücher.example"}, mailboxes(t))},
		{"sender.listed", envelope.Mail, sender.Listed([]string{"org.example"}, nil)},
		{"sender.listed", envelope.Mail, sender.Listed([]string{"not a name"}, mailboxes(t))},
		{"sender.ownedbylogin", envelope.Mail, sender.OwnedByLogin(owners(t))},
		{"sender.ownedbylogin", envelope.Mail, sender.OwnedByLogin(nil)},
		{"sender.in", envelope.Mail, sender.In()},
		{"sender.in", envelope.Mail, sender.In("ann@org.example", ".sub.example")},
		{"sender.in", envelope.Mail, sender.In("not a name")},
		{"sender.in", envelope.Mail, sender.InSet(nil)},
		{"sender.in", envelope.Mail, sender.InSet(func(_ context.Context, m envelope.Mailbox) (bool, error) { return m.Local == "ann", nil })},
		{"sender.null", envelope.Mail, sender.Null},
		{"sender.bouncetoone", envelope.Rcpt, sender.BounceToOne},
		{"any(sender.ownedbylogin, sender.notours)", envelope.Mail, envelope.Any(sender.OwnedByLogin(owners(t)), sender.NotOurs("org.example"))},
	} {
		t.Run(tc.name, func(t *testing.T) {
			envelopetest.Answers(t, tc.check, tc.name, tc.from, envelope.Envelope{MailFrom: "ann@org.example"})
			envelopetest.TestCheck(t, tc.check, world(), envelopes...)
		})
	}
}
