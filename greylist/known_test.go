package greylist_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/greylist"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	ann = "ann@sender.example"
	bob = "bob@sender.example"
	us  = "us@example.org"
)

// mail returns an envelope that arrives some time after noon.
func mail(after time.Duration, client, from, to string) *envelope.Envelope {
	return &envelope.Envelope{ClientIP: netip.MustParseAddr(client), MailFrom: from, RcptTo: to, Now: noon.Add(after)}
}

// fromAnn is mail of ann, sent from 192.0.2.1.
func fromAnn(after time.Duration) *envelope.Envelope { return mail(after, "192.0.2.1", ann, us) }

// judge runs check within a judgement and commits its finding.
func judge(t testing.TB, check envelope.Check, e *envelope.Envelope) envelope.Finding {
	t.Helper()
	f := check(envelope.WithJudgement(t.Context()), nil, e)
	if f.Commit != nil {
		if err := f.Commit(t.Context()); err != nil {
			t.Fatalf("Commit: %v", err)
		}
	}
	return f
}

// state returns the state of the triplet in a finding.
func state(f envelope.Finding) string {
	if result, ok := f.Detail.(*greylist.Result); ok {
		return result.State
	}
	return ""
}

func TestKnown(t *testing.T) {
	const (
		minute = time.Minute
		day    = 24 * time.Hour
	)
	type try struct {
		after    time.Duration
		client   string
		from, to string
		want     string
	}
	for _, tc := range []struct {
		name    string
		options greylist.Options
		tries   []try
	}{
		{"a retry after the delay passes and is remembered", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{minute, "192.0.2.1", ann, us, "too early"},
			{5*minute - time.Second, "192.0.2.1", ann, us, "too early"},
			{5 * minute, "192.0.2.1", ann, us, "returned"},
			{5*minute + 1, "192.0.2.1", ann, us, "remembered"},
			{36 * day, "192.0.2.1", ann, us, "remembered"},
			{71 * day, "192.0.2.1", ann, us, "remembered"},
			{108 * day, "192.0.2.1", ann, us, "first sight"},
		}},
		{"the delay is not shortened by a fraction of a second", greylist.Options{}, []try{
			{100 * time.Millisecond, "192.0.2.1", ann, us, "first sight"},
			{5*minute + 50*time.Millisecond, "192.0.2.1", ann, us, "too early"},
			{5*minute + time.Second, "192.0.2.1", ann, us, "returned"},
		}},
		{"a retry after the window is a first sight", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{day + minute, "192.0.2.1", ann, us, "first sight"},
			{day + 2*minute, "192.0.2.1", ann, us, "too early"},
			{day + 6*minute, "192.0.2.1", ann, us, "returned"},
		}},
		{"clients in the same /24 are one identity", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{6 * minute, "192.0.2.254", ann, us, "returned"},
			{6 * minute, "192.0.3.1", ann, us, "first sight"},
		}},
		{"clients in the same /64 are one identity", greylist.Options{}, []try{
			{0, "2001:db8:0:1::1", ann, us, "first sight"},
			{6 * minute, "2001:db8:0:1:ffff::2", ann, us, "returned"},
			{6 * minute, "2001:db8:0:2::1", ann, us, "first sight"},
		}},
		{"other senders and recipients are other triplets", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{6 * minute, "192.0.2.1", bob, us, "first sight"},
			{6 * minute, "192.0.2.1", ann, "them@example.org", "first sight"},
			{6 * minute, "192.0.2.1", "Ann@Sender.Example", "US@example.org.", "returned"},
		}},
		{"with a secret", greylist.Options{Secret: greylist.Secret("sesame")}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{6 * minute, "192.0.2.1", ann, us, "returned"},
		}},
		{"an identity with enough good triplets is promoted", greylist.Options{Promote: 2}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{0, "192.0.2.1", bob, us, "first sight"},
			{6 * minute, "192.0.2.1", ann, us, "returned"},
			{7 * minute, "192.0.2.1", ann, us, "remembered"}, // not counted again
			{8 * minute, "192.0.2.1", "new@sender.example", us, "first sight"},
			{9 * minute, "192.0.2.1", bob, us, "returned"},
			{9 * minute, "192.0.2.1", "new@sender.example", us, "promoted"}, // before its delay is over
			{10 * minute, "192.0.2.1", "newer@sender.example", us, "promoted"},
			{11 * minute, "192.0.2.1", "newer@sender.example", us, "remembered"},
			{11 * minute, "192.0.9.1", "newer@sender.example", us, "first sight"},
		}},
		{"promotion expires", greylist.Options{Promote: 1}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{6 * minute, "192.0.2.1", ann, us, "returned"},
			{37 * day, "192.0.2.1", bob, us, "first sight"},
		}},
		{"mail of known triplets renews promotion", greylist.Options{Promote: 1}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{6 * minute, "192.0.2.1", ann, us, "returned"},
			{30 * day, "192.0.2.1", ann, us, "remembered"},
			{60 * day, "192.0.2.1", bob, us, "promoted"},
		}},
		{"promotion turned off", greylist.Options{Promote: -1}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{6 * minute, "192.0.2.1", ann, us, "returned"},
			{7 * minute, "192.0.2.1", bob, us, "first sight"},
		}},
		{"the clock steps back after a first sight", greylist.Options{}, []try{
			{100 * day, "192.0.2.1", ann, us, "first sight"},
			{0, "192.0.2.1", ann, us, "too early"},
			{5 * minute, "192.0.2.1", ann, us, "returned"},
		}},
		{"the clock steps back after mail passed", greylist.Options{}, []try{
			{100 * day, "192.0.2.1", ann, us, "first sight"},
			{100*day + 5*minute, "192.0.2.1", ann, us, "returned"},
			{0, "192.0.2.1", ann, us, "remembered"},
		}},
		{"the clock steps forward", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{1000 * day, "192.0.2.1", ann, us, "first sight"},
			{1000*day + 5*minute, "192.0.2.1", ann, us, "returned"},
		}},
		{"other durations", greylist.Options{Delay: 2 * time.Second, Window: minute, Lifetime: time.Hour}, []try{
			{0, "192.0.2.1", ann, us, "first sight"},
			{time.Second, "192.0.2.1", ann, us, "too early"},
			{2 * time.Second, "192.0.2.1", ann, us, "returned"},
			{time.Hour, "192.0.2.1", ann, us, "remembered"},
			{2*time.Hour + time.Second, "192.0.2.1", ann, us, "first sight"},
			{2*time.Hour + 2*minute, "192.0.2.1", ann, us, "first sight"},
		}},
		{"the null sender", greylist.Options{}, []try{
			{0, "192.0.2.1", "", us, "first sight"},
			{6 * minute, "192.0.2.1", "", us, "returned"},
		}},
		{"invalid addresses", greylist.Options{}, []try{
			{0, "192.0.2.1", "no address", "<>", "first sight"},
			{6 * minute, "192.0.2.1", "No Address", "<>", "returned"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			check := greylist.Known(new(greylist.Memory), tc.options)
			for i, try := range tc.tries {
				f := judge(t, check, mail(try.after, try.client, try.from, try.to))
				if got := state(f); got != try.want {
					t.Fatalf("try %d, after %v: %q (%v), want %q", i, try.after, got, f.Outcome, try.want)
				}
				fails := try.want == "first sight" || try.want == "too early"
				if fails != (f.Outcome == envelope.Fail) || !fails != (f.Outcome == envelope.Pass) {
					t.Errorf("try %d: %q has the outcome %v", i, try.want, f.Outcome)
				}
			}
		})
	}
}

func TestUnidentifiedMailIsNeverPromotedOrTrusted(t *testing.T) {
	store := new(greylist.Memory)
	options := greylist.Options{Promote: 1}
	check := greylist.Known(store, options)
	for i, try := range []struct {
		after time.Duration
		from  string
		want  string
	}{
		{0, ann, "first sight"},
		{time.Hour, ann, "returned"},
		{time.Hour, bob, "first sight"},
	} {
		e := &envelope.Envelope{MailFrom: try.from, RcptTo: us, Now: noon.Add(try.after)} // no client address
		if got := state(judge(t, check, e)); got != try.want {
			t.Errorf("try %d: %q, want %q", i, got, try.want)
		}
	}
	f := greylist.Trusted(store, 1, options)(t.Context(), nil, &envelope.Envelope{MailFrom: bob, RcptTo: us, Now: noon.Add(time.Hour)})
	if f.Outcome != envelope.Fail || f.Text != "the sender cannot be identified" {
		t.Errorf("Trusted: %v, %q", f.Outcome, f.Text)
	}
}

func TestNullSenderWaitsForData(t *testing.T) {
	check := greylist.Known(new(greylist.Memory), greylist.Options{})
	e := mail(0, "192.0.2.1", "", us)
	e.Stage = envelope.Rcpt
	if f := check(t.Context(), nil, e); f.Outcome != envelope.Pending || f.Awaits != envelope.Data || f.Commit != nil {
		t.Errorf("at RCPT: %v until %v", f.Outcome, f.Awaits)
	}
	e.Stage = envelope.Data
	e.Message = envelope.NewMessage([]byte("Subject: x\r\n\r\n"))
	if f := check(t.Context(), nil, e); f.Outcome != envelope.Fail {
		t.Errorf("at DATA: %v", f.Outcome)
	}
}

func TestReply(t *testing.T) {
	for _, tc := range []struct {
		name     string
		tellWait bool
		from     string
		want     string
	}{
		{"plain", false, ann, "greylisted: mail from ann@sender.example to us@example.org is not known yet, please try again later"},
		{"with the wait", true, ann, "greylisted: mail from ann@sender.example to us@example.org is not known yet, please try again in 300 seconds"},
		{"null sender", false, "", "greylisted: mail from <> to us@example.org is not known yet, please try again later"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			check := greylist.Known(new(greylist.Memory), greylist.Options{TellWait: tc.tellWait})
			f := judge(t, check, mail(0, "192.0.2.1", tc.from, us))
			if got := f.Text + ", " + f.Retry; got != tc.want {
				t.Errorf("text %q\nwant %q", got, tc.want)
			}
			if got := f.Deferral.String(); got != "451 4.7.1" {
				t.Errorf("deferral %s", got)
			}
			if wait := f.Detail.(*greylist.Result).Wait; wait != 5*time.Minute {
				t.Errorf("Wait is %v", wait)
			}
		})
	}
}

func TestWaitCountsDown(t *testing.T) {
	check := greylist.Known(new(greylist.Memory), greylist.Options{})
	for _, tc := range []struct{ after, want time.Duration }{
		{0, 5 * time.Minute},
		{2 * time.Minute, 3 * time.Minute},
		{5*time.Minute - time.Millisecond, time.Millisecond},
		{5 * time.Minute, 0},
	} {
		if got := judge(t, check, fromAnn(tc.after)).Detail.(*greylist.Result).Wait; got != tc.want {
			t.Errorf("after %v Wait is %v, want %v", tc.after, got, tc.want)
		}
	}
}

func TestTrusted(t *testing.T) {
	store := new(greylist.Memory)
	options := greylist.Options{Promote: -1}
	known, trusted := greylist.Known(store, options), greylist.Trusted(store, 2, options)
	checkTrusted := func(after time.Duration, want envelope.Outcome, text string) {
		t.Helper()
		f := trusted(t.Context(), nil, mail(after, "192.0.2.9", "", "other@example.org"))
		if f.Outcome != want || f.Text != text {
			t.Errorf("after %v: %v %q, want %v %q", after, f.Outcome, f.Text, want, text)
		}
		if f.Commit != nil {
			t.Error("Trusted writes")
		}
	}
	for i, tc := range []struct {
		want envelope.Outcome
		text string
	}{
		{envelope.Fail, "192.0.2.0/24 has 1 known pairs of sender and recipient, 2 are required"},
		{envelope.Pass, ""},
		{envelope.Pass, ""},
	} {
		for hour := range time.Duration(3) {
			judge(t, known, mail(hour*time.Hour, "192.0.2.1", string(rune('a'+i))+"@sender.example", us))
		}
		checkTrusted(3*time.Hour, tc.want, tc.text)
	}
	checkTrusted(40*24*time.Hour, envelope.Fail, "192.0.2.0/24 has 0 known pairs of sender and recipient, 2 are required")
}

func TestInvalidOptions(t *testing.T) {
	memory := new(greylist.Memory)
	for _, tc := range []struct {
		name  string
		check envelope.Check
		want  string
	}{
		{"Known without a store", greylist.Known(nil, greylist.Options{}), "greylist: store is nil"},
		{"Trusted without a store", greylist.Trusted(nil, 1, greylist.Options{}), "greylist: store is nil"},
		{"negative Delay", greylist.Known(memory, greylist.Options{Delay: -time.Second}),
			"greylist: Options.Delay is -1s, must not be negative"},
		{"negative Lifetime", greylist.Trusted(memory, 1, greylist.Options{Lifetime: -time.Hour}),
			"greylist: Options.Lifetime is -1h0m0s, must not be negative"},
		{"Window shorter than Delay", greylist.Known(memory, greylist.Options{Delay: time.Hour, Window: time.Minute}),
			"greylist: Options.Window is 1m0s, must be at least a second longer than Delay, which is 1h0m0s"},
		{"default Window shorter than Delay", greylist.Known(memory, greylist.Options{Delay: 48 * time.Hour}),
			"greylist: Options.Window is 24h0m0s, must be at least a second longer than Delay, which is 48h0m0s"},
		{"Trusted with n of 0", greylist.Trusted(memory, 0, greylist.Options{}), "greylist: Trusted: n is 0, must be at least 1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := tc.check(t.Context(), nil, fromAnn(0))
			if f.Outcome != envelope.TempError || f.Err == nil || f.Err.Error() != tc.want {
				t.Errorf("%v with the error %v, want a TempError with %q", f.Outcome, f.Err, tc.want)
			}
		})
	}
}

// broken is a store that fails.
type broken struct{ err error }

func (b broken) Get(context.Context, greylist.Key) (greylist.Record, error) {
	return greylist.Record{}, b.err
}

func (b broken) Touch(context.Context, greylist.Key, greylist.Sighting) (greylist.Record, error) {
	return greylist.Record{}, b.err
}

func TestFailuresAreTempErrors(t *testing.T) {
	full := errors.New("the disk is full")
	lost := &net.DNSError{Err: "timeout", Name: "sender.example", IsTimeout: true}
	unidentified := func(context.Context, envelope.Resolver, *envelope.Envelope) (string, error) { return "", lost }
	for _, tc := range []struct {
		name    string
		store   greylist.Store
		options greylist.Options
		err     error
		status  string
		text    string
	}{
		{"store", broken{full}, greylist.Options{}, full, "451 4.3.0",
			"greylisting is temporarily unavailable"},
		{"identity", new(greylist.Memory), greylist.Options{Identity: unidentified}, lost, "451 4.4.3",
			envelope.Temporary("", lost).Text},
	} {
		for _, check := range []envelope.Check{greylist.Known(tc.store, tc.options), greylist.Trusted(tc.store, 1, tc.options)} {
			f := check(t.Context(), nil, fromAnn(0))
			t.Run(tc.name+" of "+f.Check, func(t *testing.T) {
				if f.Outcome != envelope.TempError || !errors.Is(f.Err, tc.err) || f.Commit != nil {
					t.Errorf("%v with the error %v, want a TempError with %v", f.Outcome, f.Err, tc.err)
				}
				if f.Status.String() != tc.status || f.Text != tc.text {
					t.Errorf("%s %s, want %s %s", f.Status, f.Text, tc.status, tc.text)
				}
			})
		}
	}
}

func TestChecksKeepTheContract(t *testing.T) {
	store := new(greylist.Memory)
	options := greylist.Options{Promote: 1}
	known := greylist.Known(store, options)
	judge(t, known, fromAnn(0))
	judge(t, known, fromAnn(time.Hour))
	judge(t, known, mail(time.Hour, "192.0.3.1", ann, us))
	before := store.Len()
	envelopes := []*envelope.Envelope{
		fromAnn(2 * time.Hour),
		mail(2*time.Hour, "192.0.2.1", bob, us),
		mail(2*time.Hour, "192.0.3.1", ann, us),
		mail(time.Hour, "192.0.3.1", ann, us),
		mail(2*time.Hour, "192.0.4.1", ann, us),
		mail(2*time.Hour, "192.0.4.1", "", us),
	}
	for name, check := range map[string]envelope.Check{
		"Known":                      known,
		"Known with TellWait":        greylist.Known(store, greylist.Options{TellWait: true}),
		"Trusted":                    greylist.Trusted(store, 1, options),
		"Known with invalid options": greylist.Known(nil, options),
	} {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, nil, envelopes...) })
	}
	if after := store.Len(); after != before {
		t.Errorf("the checks wrote %d records without Commit", after-before)
	}
}
