package mxrules_test

import (
	"context"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
)

var noMailOfOurs = envelope.Status{Code: 550, Subject: 7, Detail: 1} // 550 5.7.1

// tagged passes when a bounce has a recipient with the tag that all mail of this site has
// in MAIL FROM.
var tagged = envelope.At("bounce.tagged", envelope.Rcpt,
	func(_ context.Context, _ envelope.Resolver, e *envelope.Envelope) envelope.Finding {
		to, err := envelope.ParseMailbox(e.RcptTo, e.SMTPUTF8)
		switch {
		case e.MailFrom != "" || err != nil:
			return envelope.NotApplicable("")
		case strings.HasPrefix(to.Local, "prvs="):
			return envelope.Passed("")
		}
		return envelope.Failed("", noMailOfOurs, "the bounce to %s answers no mail of this site", to)
	})

func TestTagged(t *testing.T) {
	bounce := &envelope.Envelope{RcptTo: "prvs=1a2b=ann@example.org"}
	forged := &envelope.Envelope{RcptTo: "ann@example.org"}
	mail := &envelope.Envelope{MailFrom: "bob@example.net", RcptTo: "ann@example.org"}
	envelopetest.TestCheck(t, tagged, nil, bounce, forged, mail)

	for _, tc := range []envelopetest.Case{
		{Name: "a bounce", Envelope: bounce, Outcome: envelope.Pass},
		{Name: "a bounce of forged mail", Envelope: forged, Outcome: envelope.Fail, Status: noMailOfOurs},
		{Name: "no bounce", Envelope: mail, Outcome: envelope.None},
	} {
		tc.Run(t, tagged, zone.MustParse(""))
	}
}
