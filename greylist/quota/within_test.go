package quota_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/envelope/zone"
	"mxrules.example/greylist"
	"mxrules.example/greylist/quota"
	"mxrules.example/rdns"
	"mxrules.example/verdict"
)

var overQuota = envelope.Status{Code: 550, Subject: 7, Detail: 28}

// full returns a check that allows one message of an hour, and is used up for mail at
// midnight of the login ann.
func full(t testing.TB, key quota.Key) envelope.Check {
	t.Helper()
	check := quota.Within(new(greylist.Memory), key, 1, hour)
	if send(t, deferring(check), 2, 0) != 1 {
		t.Fatal("the limit of one message is not kept")
	}
	return check
}

func TestKeys(t *testing.T) {
	with := func(change func(e *envelope.Envelope)) *envelope.Envelope {
		e := mail(0)
		change(e)
		return e
	}
	for _, tc := range []struct {
		name        string
		of          func(context.Context, envelope.Resolver, *envelope.Envelope) (string, error)
		says        string
		same, other func(e *envelope.Envelope)
		none        func(e *envelope.Envelope)
	}{
		{"client", quota.Client, "client 192.0.2.1",
			func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("::ffff:192.0.2.1") },
			func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("192.0.2.2") },
			func(e *envelope.Envelope) { e.ClientIP = netip.Addr{} }},
		{"network", greylist.Network, "192.0.2.0/24",
			func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("192.0.2.2") },
			func(e *envelope.Envelope) { e.ClientIP = netip.MustParseAddr("192.0.3.1") },
			func(e *envelope.Envelope) { e.ClientIP = netip.Addr{} }},
		{"login", quota.Login, "login ann",
			func(e *envelope.Envelope) { e.Login, e.MailFrom = "ANN", "bob@example.org" },
			func(e *envelope.Envelope) { e.Login = "bob" },
			func(e *envelope.Envelope) { e.Login = "" }},
		{"sender", quota.Sender, "sender ann@example.org",
			func(e *envelope.Envelope) { e.Login, e.MailFrom = "bob", "@a.example:Ann@Example.ORG." },
			func(e *envelope.Envelope) { e.MailFrom = "bob@example.org" },
			func(e *envelope.Envelope) { e.MailFrom = "" }},
		{"sender domain", quota.SenderDomain, "domain example.org",
			func(e *envelope.Envelope) { e.MailFrom = `"a@b"@EXAMPLE.org` },
			func(e *envelope.Envelope) { e.MailFrom = "ann@mail.example.org" },
			func(e *envelope.Envelope) { e.MailFrom = "no address" }},
		{"recipient", quota.Recipient, "recipient bob@example.net",
			func(e *envelope.Envelope) { e.Login, e.RcptTo = "bob", "BOB@example.net" },
			func(e *envelope.Envelope) { e.RcptTo = "carl@example.net" },
			func(e *envelope.Envelope) { e.RcptTo = "" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			check := full(t, quota.Key{Of: tc.of, Secret: greylist.Secret("sesame")})
			for _, row := range []envelopetest.Case{
				{Name: "used up", Envelope: mail(0), Outcome: envelope.Fail, Status: overQuota,
					Says: "the limit of 1 message in 1h for " + tc.says + " is reached"},
				{Name: "the same key", Envelope: with(tc.same), Outcome: envelope.Fail, Status: overQuota},
				{Name: "another key", Envelope: with(tc.other), Outcome: envelope.Pass},
				{Name: "no key", Envelope: with(tc.none), Outcome: envelope.None},
			} {
				row.Run(t, check, nil)
			}
		})
	}
}

func TestDefersOverTheLimit(t *testing.T) {
	v := deferring(full(t, messages)).Judge(t.Context(), nil, mail(0))
	const want = "tempfail 450 4.7.28 by quota.within: the limit of 1 message in 1h for login ann is reached, please try again later"
	if got := v.String(); got != want {
		t.Errorf("got %s", got)
	}
}

// Limits on one store count apart unless key, unit and window are the same.
func TestLimitsCountApart(t *testing.T) {
	store := new(greylist.Memory)
	send(t, deferring(quota.Within(store, messages, 3, hour)), 3, 0)
	byName := quota.Key{Of: func(context.Context, envelope.Resolver, *envelope.Envelope) (string, error) { return "login bob", nil }}
	for _, tc := range []struct {
		name   string
		key    quota.Key
		window time.Duration
		want   int64
	}{
		{"the same", messages, hour, 3},
		{"another window", messages, 2 * hour, 0},
		{"recipients", recipients, hour, 0},
		{"another key", quota.Key{Of: quota.Sender}, hour, 0},
		{"another name", byName, hour, 0},
		{"another secret", quota.Key{Of: quota.Login, Secret: greylist.Secret("sesame")}, hour, 0},
	} {
		if got := used(t, store, tc.key, tc.window, 0); got != tc.want {
			t.Errorf("%s: %d are counted, want %d", tc.name, got, tc.want)
		}
	}
}

func TestFailuresAreTempErrors(t *testing.T) {
	failing := func(context.Context, envelope.Resolver, *envelope.Envelope) (string, error) {
		return "", errors.New("the directory is down")
	}
	for name, check := range map[string]envelope.Check{
		"the store": quota.Within(broken{}, messages, 1, hour),
		"the key":   quota.Within(new(greylist.Memory), quota.Key{Of: failing}, 1, hour),
	} {
		f := check(t.Context(), nil, mail(0))
		if f.Outcome != envelope.TempError || f.Commit != nil || f.Err == nil {
			t.Errorf("%s: the finding is %+v", name, f)
		}
	}
}

func TestExplain(t *testing.T) {
	v := deferring(full(t, messages)).Judge(t.Context(), nil, mail(0))
	if got := v.Finding.Detail.(*quota.Result).Explain(); len(got) != 1 || got[0] != "quota of login ann: 1 of 1 message in 1h" {
		t.Errorf("got %q", got)
	}
}

func TestContract(t *testing.T) {
	none := mail(0)
	none.Login = ""
	several := mail(0)
	several.Recipients = 9
	other := mail(0)
	other.Login = "bob"
	other.Message = envelope.NewMessage([]byte("Subject: x\r\n\r\n"))
	store := new(greylist.Memory)
	send(t, deferring(quota.Within(store, recipients, 1, hour)), 1, 0)
	send(t, deferring(quota.Within(store, messages, 1, hour)), 1, 0)
	for name, check := range map[string]envelope.Check{
		"messages":   quota.Within(store, messages, 1, hour),
		"recipients": quota.Within(store, recipients, 5, hour),
		"broken":     quota.Within(broken{}, messages, 1, hour),
		"both":       envelope.All(quota.Within(store, messages, 1, hour), quota.Within(store, recipients, 1, hour)),
	} {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, nil, mail(0), none, several, other) })
	}
	envelopetest.Answers(t, quota.Within(store, messages, 1, hour), "quota.within", envelope.Rcpt, *mail(0))
}

func TestMisconfigured(t *testing.T) {
	store := new(greylist.Memory)
	for want, check := range map[string]envelope.Check{
		"quota: the store is nil":                           quota.Within((*greylist.Memory)(nil), messages, 1, hour),
		"quota: Key.Of is nil":                              quota.Within(store, quota.Key{}, 1, hour),
		"quota: n is 0, must be from 1 to 2147483647":       quota.Within(store, messages, 0, hour),
		"quota: the window is 1ms, must be at least 1s":     quota.Within(store, messages, 1, time.Millisecond),
		"quota: the window is -1h0m0s, must be at least 1s": quota.Within(store, messages, 1, -hour),
	} {
		if err := check.Validate(); err == nil || err.Error() != want {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

func BenchmarkWithin(b *testing.B) {
	ctx := b.Context()
	b.Run("read", func(b *testing.B) {
		check, e := quota.Within(new(greylist.Memory), messages, 100, hour), mail(0)
		b.ReportAllocs()
		for b.Loop() {
			if f := check(ctx, nil, e); f.Outcome != envelope.Pass {
				b.Fatal(f)
			}
		}
	})
	b.Run("judge and count", func(b *testing.B) {
		policy, e := deferring(quota.Within(new(greylist.Memory), messages, 1<<31-1, hour)), mail(0)
		b.ReportAllocs()
		for b.Loop() {
			if v := policy.Judge(ctx, nil, e); v.Action != verdict.Accept {
				b.Fatal(v)
			}
		}
	})
	b.Run("judge by greylist.Known", func(b *testing.B) {
		policy, e := deferring(greylist.Known(new(greylist.Memory), greylist.Options{})), mail(0)
		for _, after := range []time.Duration{0, 6 * time.Minute} {
			policy.Judge(ctx, nil, mail(after))
		}
		e.Now = midnight.Add(hour)
		b.ReportAllocs()
		for b.Loop() {
			if v := policy.Judge(ctx, nil, e); v.Action != verdict.Accept {
				b.Fatal(v)
			}
		}
	})
}

// distant is a Memory whose reads take a second, as those of a server far away.
type distant struct{ *greylist.Memory }

func (d distant) Get(ctx context.Context, key greylist.Key) (greylist.Record, error) {
	select {
	case <-time.After(time.Second):
		return d.Memory.Get(ctx, key)
	case <-ctx.Done():
		return greylist.Record{}, ctx.Err()
	}
}

// Reads of a store wait together, also with those of greylisting and with DNS.
func TestReadsTakeOneRound(t *testing.T) {
	store := distant{new(greylist.Memory)}
	all := envelope.All(
		quota.Within(store, messages, 5, hour),
		quota.Within(store, recipients, 5, day),
		rdns.Exists,
		greylist.Trusted(store, 1, greylist.Options{}), // it fails, and decides
	)
	if n := envelopetest.Rounds(t, all, zone.MustParse(`1.2.0.192.in-addr.arpa. PTR mail.example.org.`), mail(0)); n != 1 {
		t.Errorf("%d rounds", n)
	}
}
