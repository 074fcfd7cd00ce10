package client_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"mxrules.example/envelope"
	"mxrules.example/envelope/client"
	"mxrules.example/envelope/envelopetest"
)

var (
	loginFirst = envelope.Status{Code: 530, Subject: 7, Detail: 0}
	tooEarly   = envelope.Status{Code: 554, Subject: 5, Detail: 0}
	notIn      = envelope.Status{Code: 550, Subject: 7, Detail: 1}
	storeFails = envelope.Status{Code: 451, Subject: 3, Detail: 0}
)

func TestFactsOfTheConnection(t *testing.T) {
	encrypted := &tls.ConnectionState{HandshakeComplete: true}
	for _, tc := range []struct {
		name   string
		check  envelope.Check
		e      envelope.Envelope
		want   envelope.Outcome
		status envelope.Status
	}{
		{"a login", client.Authenticated, envelope.Envelope{Login: "ann"}, envelope.Pass, envelope.Status{}},
		{"no login", client.Authenticated, envelope.Envelope{}, envelope.Fail, loginFirst},
		{"a login by MAIL", client.Authenticated, envelope.Envelope{Stage: envelope.Mail, Login: "ann"}, envelope.Pass, envelope.Status{}},
		{"a login may still come after HELO", client.Authenticated, envelope.Envelope{Stage: envelope.Helo}, envelope.Pending, envelope.Status{}},
		{"encrypted", client.TLS, envelope.Envelope{TLS: encrypted}, envelope.Pass, envelope.Status{}},
		{"plain text", client.TLS, envelope.Envelope{}, envelope.Fail, loginFirst},
		{"plain text at MAIL", client.TLS, envelope.Envelope{Stage: envelope.Mail}, envelope.Fail, loginFirst},
		{"STARTTLS may still come after HELO", client.TLS, envelope.Envelope{Stage: envelope.Helo}, envelope.Pending, envelope.Status{}},
		{"waited", client.Waited, envelope.Envelope{Stage: envelope.Connect}, envelope.Pass, envelope.Status{}},
		{"spoke early", client.Waited, envelope.Envelope{Stage: envelope.Connect, SpokeEarly: true}, envelope.Fail, tooEarly},
		{"spoke early, seen later", client.Waited, envelope.Envelope{SpokeEarly: true}, envelope.Fail, tooEarly},
	} {
		envelopetest.Case{
			Name: tc.name, Envelope: &tc.e, Outcome: tc.want, Status: tc.status,
			Also: func(t *testing.T, f envelope.Finding) {
				if tc.want != envelope.Fail {
					envelopetest.Says(t, f, "")
				}
			},
		}.Run(t, tc.check, nil)
	}
}

func TestIn(t *testing.T) {
	prefixes := []netip.Prefix{
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("::ffff:198.51.100.0/120"),
		netip.MustParsePrefix("203.0.113.77/28"), // bits beyond the length do not count
		netip.MustParsePrefix("::ffff:0:0/92"),   // more than the IPv4-mapped addresses: plain IPv6
	}
	for _, tc := range []struct {
		client string
		want   envelope.Outcome
	}{
		{"192.0.2.0", envelope.Pass},
		{"192.0.2.255", envelope.Pass},
		{"192.0.3.0", envelope.Fail},
		{"::ffff:192.0.2.1", envelope.Pass},
		{"2001:db8:ffff::1", envelope.Pass},
		{"2001:db8::1%eth0", envelope.Pass},
		{"2001:db9::1", envelope.Fail},
		{"198.51.100.9", envelope.Pass},
		{"::ffff:198.51.100.9", envelope.Pass},
		{"198.51.100.255", envelope.Pass},
		{"198.51.101.9", envelope.Fail},
		{"203.0.113.64", envelope.Pass},
		{"203.0.113.80", envelope.Fail},
		{"::fff0:0:1", envelope.Pass},
		{"::ffe0:0:1", envelope.Fail},
		{"::", envelope.Fail},
		{"", envelope.Fail},
	} {
		e := envelope.Envelope{Stage: envelope.Connect}
		if tc.client != "" {
			e.ClientIP = netip.MustParseAddr(tc.client)
		}
		envelopetest.Case{Name: tc.client, Envelope: &e, Outcome: tc.want, Status: notIn}.Run(t, client.In(prefixes), nil)
	}
}

func TestNoNetworkContainsAnUnknownAddressOrAnotherFamily(t *testing.T) {
	everyone := client.In([]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")})
	if got := everyone(t.Context(), nil, &envelope.Envelope{}); got.Outcome != envelope.Fail {
		t.Errorf("an unknown address is in every network: %v", got.Outcome)
	}
	// ::/0 does not contain IPv4 clients, only ::ffff:0:0/96 does.
	six := client.In([]netip.Prefix{netip.MustParsePrefix("::/0")})
	four := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")}
	if got := six(t.Context(), nil, four); got.Outcome != envelope.Fail {
		t.Errorf("192.0.2.1 in ::/0 gives %v", got.Outcome)
	}
}

func TestInNamesTheAddress(t *testing.T) {
	got := client.In(nil)(t.Context(), nil, &envelope.Envelope{ClientIP: netip.MustParseAddr("::ffff:192.0.2.1")})
	envelopetest.Says(t, got, "the client address 192.0.2.1 is not in the list of networks")
}

func TestInKeepsItsOwnPrefixes(t *testing.T) {
	prefixes := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	check := client.In(prefixes)
	prefixes[0] = netip.MustParsePrefix("0.0.0.0/0")
	got := check(t.Context(), nil, &envelope.Envelope{ClientIP: netip.MustParseAddr("203.0.113.1")})
	if got.Outcome != envelope.Fail {
		t.Errorf("a change of the caller's slice changed the check: %v", got.Outcome)
	}
}

func TestInSetFollowsALiveSet(t *testing.T) {
	known := map[netip.Addr]bool{}
	check := client.InSet(func(_ context.Context, a netip.Addr) (bool, error) { return known[a], nil })
	e := &envelope.Envelope{ClientIP: netip.MustParseAddr("::ffff:192.0.2.1")}
	if got := check(t.Context(), nil, e); got.Outcome != envelope.Fail || got.Status != notIn {
		t.Errorf("before: %v %v", got.Outcome, got.Status)
	}
	known[netip.MustParseAddr("192.0.2.1")] = true // asked for in its plain form
	if got := check(t.Context(), nil, e); got.Outcome != envelope.Pass {
		t.Errorf("after: %v", got.Outcome)
	}
}

func TestInSetIsNotAskedForAnUnknownAddress(t *testing.T) {
	check := client.InSet(func(context.Context, netip.Addr) (bool, error) {
		t.Error("asked")
		return true, nil
	})
	if got := check(t.Context(), nil, &envelope.Envelope{}); got.Outcome != envelope.Fail {
		t.Errorf("got %v", got.Outcome)
	}
}

func TestAFailingSetIsATempError(t *testing.T) {
	down := errors.New("connection refused to 10.0.0.1")
	check := client.InSet(func(context.Context, netip.Addr) (bool, error) { return true, down })
	got := check(t.Context(), nil, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
	if got.Outcome != envelope.TempError || got.Status != storeFails || !errors.Is(got.Err, down) {
		t.Errorf("got %v %v %v", got.Outcome, got.Status, got.Err)
	}
}

func TestInSetGetsTheContextOfTheJudgement(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "here")
	client.InSet(func(ctx context.Context, _ netip.Addr) (bool, error) {
		if ctx.Value(key{}) != "here" {
			t.Error("another context")
		}
		return true, nil
	})(ctx, nil, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
}

func TestChecksKeepTheContract(t *testing.T) {
	known := netip.MustParseAddr("192.0.2.1")
	envelopes := []*envelope.Envelope{
		{},
		{ClientIP: known},
		{ClientIP: netip.MustParseAddr("2001:db8::1"), SpokeEarly: true},
		{ClientIP: netip.MustParseAddr("203.0.113.1"), Login: "ann", TLS: &tls.ConnectionState{HandshakeComplete: true}},
	}
	for _, tc := range []struct {
		name  string
		from  envelope.Stage
		check envelope.Check
	}{
		{"client.authenticated", envelope.Mail, client.Authenticated},
		{"client.tls", envelope.Mail, client.TLS},
		{"client.waited", envelope.Connect, client.Waited},
		{"client.in", envelope.Connect, client.In(nil)},
		{"client.in", envelope.Connect, client.In([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})},
		{"client.in", envelope.Connect, client.InSet(func(_ context.Context, a netip.Addr) (bool, error) { return a == known, nil })},
		{"client.in", envelope.Connect, client.InSet(func(context.Context, netip.Addr) (bool, error) { return false, errors.New("the store is down") })},
	} {
		t.Run(tc.name, func(t *testing.T) {
			envelopetest.Answers(t, tc.check, tc.name, tc.from, envelope.Envelope{})
			envelopetest.TestCheck(t, tc.check, nil, envelopes...)
		})
	}
}

func BenchmarkIn(b *testing.B) {
	check := client.In([]netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.0.0/16"),
		netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("192.0.2.0/24"),
	})
	e := &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		check(ctx, nil, e)
	}
}

func BenchmarkAuthenticated(b *testing.B) {
	e := &envelope.Envelope{Login: "ann"}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		client.Authenticated(ctx, nil, e)
	}
}

// The text must not name hosts inside the site.
func TestTheTextOfAFailingSetNamesNoHost(t *testing.T) {
	down := client.InSet(func(context.Context, netip.Addr) (bool, error) {
		return false, &net.DNSError{Err: "no such host", Name: "ldap.inside.example"}
	})
	got := down(t.Context(), nil, &envelope.Envelope{ClientIP: netip.MustParseAddr("192.0.2.1")})
	if got.Outcome != envelope.TempError || strings.Contains(got.Text, "inside") {
		t.Errorf("got %v %q", got.Outcome, got.Text)
	}
}
