package sender_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/sender"
)

// ourSite are the domains of the site in the tests of sets.
var ourSite = []string{"org.example", "Mail.NET.example.", ".sub.example", "bücher.example", "[192.0.2.25]", "boss@elsewhere.example"}

// longSender is a variable return path (VERP) as large senders have it.
const longSender = "bounces+12345678-0123-list-of-readers=correspondent.with.a.long.name=elsewhere.example@org.example"

func TestOursAndNotOurs(t *testing.T) {
	ours, notOurs := sender.Ours(ourSite...), sender.NotOurs(ourSite...)
	for _, tc := range []struct {
		sender        string
		ours, notOurs envelope.Outcome
	}{
		{"ann@org.example", pass, fail},
		{"Ann@ORG.Example.", pass, fail},
		{`"two words"@org.example`, pass, fail},
		{"nobody%elsewhere.example@org.example", pass, fail},
		{longSender, pass, fail},
		{"@elsewhere.example:ann@org.example", pass, fail}, // the route is ignored
		{"ann@mail.net.example", pass, fail},
		{"ann@a.sub.example", pass, fail},
		{"ann@a.b.SUB.example", pass, fail},
		{"ann@xn--bcher-kva.example", pass, fail},
		{"ann@[192.0.2.25]", pass, fail},
		{"Boss@elsewhere.example", pass, fail},
		{"änn@BÜCHER.example", pass, fail},

		{"ann@elsewhere.example", fail, pass},
		{"ann@a.org.example", fail, pass},
		{"ann@sub.example", fail, pass},
		{"ann@notsub.example", fail, pass},
		{"ann@org.example.elsewhere.example", fail, pass},
		{`"ann@org.example"@elsewhere.example`, fail, pass},
		{"@org.example:ann@elsewhere.example", fail, pass},
		{"ann@localhost", fail, pass},
		{"ann@[192.0.2.1]", fail, pass},
		{"ann@[org:example]", fail, pass},

		// An invalid sender is in no set.
		{"ann", fail, none},
		{"ann@org.example@elsewhere.example", fail, none},
		{"ann@org.example\x00", fail, none},
		{"ann@org.example..", fail, none},
		{"<ann@org.example>", fail, none},
		{strings.Repeat("a", 243) + "@org.example", fail, none},
		{"ann@" + strings.Repeat("org.example.", 90_000), fail, none},

		{"", none, none},
	} {
		envelopetest.Expect(t, ours(t.Context(), nil, from(tc.sender)), tc.ours, ifFail(tc.ours, refused))
		envelopetest.Expect(t, notOurs(t.Context(), nil, from(tc.sender)), tc.notOurs, ifFail(tc.notOurs, refused))
	}
	envelopetest.Says(t, ours(t.Context(), nil, from("ann@Elsewhere.example")), "the sender ann@Elsewhere.example is in no domain of this site")
	envelopetest.Says(t, notOurs(t.Context(), nil, from("ann@ORG.example")),
		"the sender ann@ORG.example is in a domain of this site")
}

// ifFail returns status for a failure, and no status otherwise.
func ifFail(outcome envelope.Outcome, status envelope.Status) envelope.Status {
	if outcome == fail {
		return status
	}
	return nothing
}

// Without SMTPUTF8 a domain in U-labels does not parse.
func TestOursWithoutSMTPUTF8(t *testing.T) {
	e := &envelope.Envelope{MailFrom: "ann@bücher.example"}
	envelopetest.Expect(t, sender.Ours(ourSite...)(t.Context(), nil, e), fail, refused)
	envelopetest.Expect(t, sender.NotOurs(ourSite...)(t.Context(), nil, e), none, nothing)
}

func TestNoDomainsMatchNoSender(t *testing.T) {
	envelopetest.Expect(t, sender.Ours()(t.Context(), nil, from("ann@org.example")), fail, refused)
	envelopetest.Expect(t, sender.NotOurs()(t.Context(), nil, from("ann@org.example")), pass, nothing)
	envelopetest.Expect(t, sender.In()(t.Context(), nil, from("ann@org.example")), fail, refused)
}

func TestChecksKeepTheirOwnLists(t *testing.T) {
	domains := []string{"org.example"}
	ours, notOurs, in := sender.Ours(domains...), sender.NotOurs(domains...), sender.In(domains...)
	domains[0] = "elsewhere.example"
	envelopetest.Expect(t, ours(t.Context(), nil, from("ann@org.example")), pass, nothing)
	envelopetest.Expect(t, notOurs(t.Context(), nil, from("ann@org.example")), fail, refused)
	envelopetest.Expect(t, in(t.Context(), nil, from("ann@org.example")), pass, nothing)
}

func TestIn(t *testing.T) {
	check := sender.In("Ann@org.example", longSender, `"two words"@org.example`, "news@bücher.example", "bob@[192.0.2.1]", "shop.example", ".shop.example", "[192.0.2.3]", "@firm.example")
	for _, tc := range []struct {
		sender string
		want   envelope.Outcome
	}{
		{"ann@org.example", pass},
		{"ANN@ORG.example.", pass},
		{strings.ToUpper(longSender), pass},
		{`"ann"@org.example`, pass}, // the same mailbox, quoted
		{`"Two\ Words"@org.example`, pass},
		{"@elsewhere.example:ann@org.example", pass},
		{"news@xn--bcher-kva.example", pass},
		{"bob@[192.0.2.1]", pass},
		{"bob@[192.0.2.3]", pass},
		{"bob@firm.example", pass},
		{"orders@shop.example", pass},
		{"orders@eu.shop.example", pass},
		{"bob@org.example", fail},
		{"ann@a.org.example", fail},
		{"ann@elsewhere.example", fail},
		{`"ann@org.example"@elsewhere.example`, fail},
		{"bob@[192.0.2.2]", fail},
		{"orders@notshop.example", fail},
		{"orders@shop.example.elsewhere.example", fail},
		{"ann", fail},
		{"ann@org.example ", fail},
		{"ann@org.example\r\n", fail},
		{"ann@shop.example@org.example", fail},
		{"", none},
	} {
		envelopetest.Expect(t, check(t.Context(), nil, from(tc.sender)), tc.want, ifFail(tc.want, refused))
	}
	envelopetest.Says(t, check(t.Context(), nil, from("Eve@org.example")), "the sender Eve@org.example is not in the list of senders")
}

func TestInSetFollowsALiveSet(t *testing.T) {
	var open atomic.Bool
	check := sender.InSet(func(_ context.Context, sender envelope.Mailbox) (bool, error) {
		if want := (envelope.Mailbox{Local: "Ann", Domain: "org.example"}); sender != want {
			t.Errorf("asked for %+v", sender)
		}
		return open.Load(), nil
	})
	e := from("@a.example:Ann@ORG.example.")
	envelopetest.Expect(t, check(t.Context(), nil, e), fail, refused)
	open.Store(true)
	envelopetest.Expect(t, check(t.Context(), nil, e), pass, nothing)
}

func TestInSetIsAskedForMailboxesOnly(t *testing.T) {
	check := sender.InSet(func(_ context.Context, sender envelope.Mailbox) (bool, error) {
		t.Errorf("asked for %+v", sender)
		return true, nil
	})
	for _, address := range []string{"ann", "not a mailbox", "ann@192.0.2.1", "@org.example"} {
		envelopetest.Expect(t, check(t.Context(), nil, from(address)), fail, refused)
	}
	envelopetest.Expect(t, check(t.Context(), nil, from("")), none, nothing)
}

func TestAFailingSetIsATempError(t *testing.T) {
	down := fmt.Errorf("dial: %w", &net.DNSError{Err: "no such host", Name: "database.internal"})
	check := sender.InSet(func(context.Context, envelope.Mailbox) (bool, error) { return true, down })
	got := check(t.Context(), nil, from("ann@org.example"))
	envelopetest.Expect(t, got, temp, siteFails)
	if !errors.Is(got.Err, down) || strings.Contains(got.Text, "database") {
		t.Errorf("the cause %v with the text %q", got.Err, got.Text)
	}
}

// An invalid pattern is a mistake of the site: it defers mail, and neither accepts nor
// rejects any.
func TestBadPatternsDefer(t *testing.T) {
	for bad, checks := range map[string][]envelope.Check{
		"*.net.example": {
			sender.NotOurs("org.example", "*.net.example"),
			sender.Ours("org.example", "*.net.example"),
			sender.Listed([]string{"org.example", "*.net.example"}, mailboxes(t)),
			sender.In("org.example", "*.net.example"),
		},
		"[192.0.2.1":               {sender.NotOurs("[192.0.2.1"), sender.Ours("[192.0.2.1"), sender.In("[192.0.2.1")},
		"ann@":                     {sender.In("ann@")},
		"@a.example:a@org.example": {sender.In("@a.example:a@org.example")},
		"":                         {sender.In("org.example", ""), sender.Ours("")},
	} {
		for _, check := range checks {
			for _, address := range []string{"ann@org.example", "ann@elsewhere.example", "not a mailbox", ""} {
				got := check(t.Context(), nil, from(address))
				envelopetest.Expect(t, got, temp, siteIsBad)
				var fault *envelope.SyntaxError
				if !errors.As(got.Err, &fault) || fault.Value != bad {
					t.Errorf("%s: the cause is %v, want %q", got.Check, got.Err, bad)
				}
				if strings.Contains(got.Text, "example") {
					t.Errorf("%s shows the patterns: %s", got.Check, got.Text)
				}
			}
		}
	}
}
