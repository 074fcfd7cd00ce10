package greylist_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mxrules.example/envelope"
	"mxrules.example/envelope/envelopetest"
	"mxrules.example/greylist"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// mail is an envelope of a stranger at a time after noon.
func mail(after time.Duration, client, from, to string) *envelope.Envelope {
	return &envelope.Envelope{ClientIP: netip.MustParseAddr(client), MailFrom: from, RcptTo: to, Now: noon.Add(after)}
}

// judge asks the check as a judge would, and acts on the finding.
func judge(t *testing.T, check envelope.Check, e *envelope.Envelope) envelope.Finding {
	t.Helper()
	f := check(envelope.WithJudgement(t.Context()), nil, e)
	if f.Commit != nil {
		if err := f.Commit(t.Context()); err != nil {
			t.Fatalf("Commit: %v", err)
		}
	}
	return f
}

// state returns what a finding says the triplet has come to.
func state(f envelope.Finding) greylist.State {
	result, _ := f.Detail.(*greylist.Result)
	if result == nil {
		return 0
	}
	return result.State
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
		want     greylist.State
	}
	const ann, bob, us = "ann@sender.example", "bob@sender.example", "us@example.org"
	for _, tc := range []struct {
		name    string
		options greylist.Options
		tries   []try
	}{
		{"a retry after the delay is let in, and remembered", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{minute, "192.0.2.1", ann, us, greylist.TooEarly},
			{5*minute - time.Second, "192.0.2.1", ann, us, greylist.TooEarly},
			{5 * minute, "192.0.2.1", ann, us, greylist.Returned},
			{5*minute + 1, "192.0.2.1", ann, us, greylist.Remembered},
			{36 * day, "192.0.2.1", ann, us, greylist.Remembered},
			{71 * day, "192.0.2.1", ann, us, greylist.Remembered},
			{108 * day, "192.0.2.1", ann, us, greylist.FirstSight},
		}},
		{"a fraction of a second is not given away", greylist.Options{}, []try{
			{100 * time.Millisecond, "192.0.2.1", ann, us, greylist.FirstSight},
			{5*minute + 50*time.Millisecond, "192.0.2.1", ann, us, greylist.TooEarly},
			{5*minute + time.Second, "192.0.2.1", ann, us, greylist.Returned},
		}},
		{"a retry after the window is a first sight again", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{day + minute, "192.0.2.1", ann, us, greylist.FirstSight},
			{day + 2*minute, "192.0.2.1", ann, us, greylist.TooEarly},
			{day + 6*minute, "192.0.2.1", ann, us, greylist.Returned},
		}},
		{"a machine of the same network is the same sender", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{6 * minute, "192.0.2.254", ann, us, greylist.Returned},
			{6 * minute, "192.0.3.1", ann, us, greylist.FirstSight},
		}},
		{"so is one of the same /64", greylist.Options{}, []try{
			{0, "2001:db8:0:1::1", ann, us, greylist.FirstSight},
			{6 * minute, "2001:db8:0:1:ffff::2", ann, us, greylist.Returned},
			{6 * minute, "2001:db8:0:2::1", ann, us, greylist.FirstSight},
		}},
		{"sender and recipient matter", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{6 * minute, "192.0.2.1", bob, us, greylist.FirstSight},
			{6 * minute, "192.0.2.1", ann, "them@example.org", greylist.FirstSight},
			{6 * minute, "192.0.2.1", "Ann@Sender.Example", "US@example.org.", greylist.Returned},
		}},
		{"another secret is another world", greylist.Options{Secret: greylist.Secret("sesame")}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{6 * minute, "192.0.2.1", ann, us, greylist.Returned},
		}},
		{"who has shown patience is promoted", greylist.Options{Promote: 2}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{0, "192.0.2.1", bob, us, greylist.FirstSight},
			{6 * minute, "192.0.2.1", ann, us, greylist.Returned},
			{7 * minute, "192.0.2.1", ann, us, greylist.Remembered}, // counts once only
			{8 * minute, "192.0.2.1", "new@sender.example", us, greylist.FirstSight},
			{9 * minute, "192.0.2.1", bob, us, greylist.Returned},
			{9 * minute, "192.0.2.1", "new@sender.example", us, greylist.Promoted}, // also within its delay
			{10 * minute, "192.0.2.1", "newer@sender.example", us, greylist.Promoted},
			{11 * minute, "192.0.2.1", "newer@sender.example", us, greylist.Remembered},
			{11 * minute, "192.0.9.1", "newer@sender.example", us, greylist.FirstSight},
		}},
		{"the promotion lapses", greylist.Options{Promote: 1}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{6 * minute, "192.0.2.1", ann, us, greylist.Returned},
			{37 * day, "192.0.2.1", bob, us, greylist.FirstSight},
		}},
		{"mail of known triplets renews the promotion", greylist.Options{Promote: 1}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{6 * minute, "192.0.2.1", ann, us, greylist.Returned},
			{30 * day, "192.0.2.1", ann, us, greylist.Remembered},
			{60 * day, "192.0.2.1", bob, us, greylist.Promoted},
		}},
		{"never promoted", greylist.Options{Promote: -1}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{6 * minute, "192.0.2.1", ann, us, greylist.Returned},
			{7 * minute, "192.0.2.1", bob, us, greylist.FirstSight},
		}},
		{"the clock steps back after a first sight", greylist.Options{}, []try{
			{100 * day, "192.0.2.1", ann, us, greylist.FirstSight},
			{0, "192.0.2.1", ann, us, greylist.TooEarly},
			{5 * minute, "192.0.2.1", ann, us, greylist.Returned},
		}},
		{"the clock steps back after mail was let in", greylist.Options{}, []try{
			{100 * day, "192.0.2.1", ann, us, greylist.FirstSight},
			{100*day + 5*minute, "192.0.2.1", ann, us, greylist.Returned},
			{0, "192.0.2.1", ann, us, greylist.Remembered},
		}},
		{"the clock steps forward", greylist.Options{}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{1000 * day, "192.0.2.1", ann, us, greylist.FirstSight},
			{1000*day + 5*minute, "192.0.2.1", ann, us, greylist.Returned},
		}},
		{"settings of one's own", greylist.Options{Delay: 2 * time.Second, Window: minute, Lifetime: time.Hour}, []try{
			{0, "192.0.2.1", ann, us, greylist.FirstSight},
			{time.Second, "192.0.2.1", ann, us, greylist.TooEarly},
			{2 * time.Second, "192.0.2.1", ann, us, greylist.Returned},
			{time.Hour, "192.0.2.1", ann, us, greylist.Remembered},
			{2*time.Hour + time.Second, "192.0.2.1", ann, us, greylist.FirstSight},
			{2*time.Hour + 2*minute, "192.0.2.1", ann, us, greylist.FirstSight},
		}},
		{"the null sender", greylist.Options{}, []try{
			{0, "192.0.2.1", "", us, greylist.FirstSight},
			{6 * minute, "192.0.2.1", "", us, greylist.Returned},
		}},
		{"addresses that are none", greylist.Options{}, []try{
			{0, "192.0.2.1", "no address", "<>", greylist.FirstSight},
			{6 * minute, "192.0.2.1", "No Address", "<>", greylist.Returned},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			check := greylist.Known(greylist.NewMemory(1<<20), tc.options)
			for i, try := range tc.tries {
				f := judge(t, check, mail(try.after, try.client, try.from, try.to))
				if got := state(f); got != try.want {
					t.Fatalf("try %d, after %v: %v (%v), want %v", i, try.after, got, f.Outcome, try.want)
				}
				wantOutcome := envelope.Fail
				if try.want > greylist.TooEarly {
					wantOutcome = envelope.Pass
				}
				if f.Outcome != wantOutcome {
					t.Errorf("try %d: a triplet that is %v has the outcome %v", i, try.want, f.Outcome)
				}
			}
		})
	}
}

func TestAnUnknownClientIsNeverPromoted(t *testing.T) {
	store := greylist.NewMemory(1 << 20)
	options := greylist.Options{Promote: 1}
	check, trusted := greylist.Known(store, options), greylist.Trusted(store, 1, options)
	e := &envelope.Envelope{MailFrom: "ann@sender.example", RcptTo: "us@example.org", Now: noon}
	judge(t, check, e)
	e.Now = noon.Add(time.Hour)
	if f := judge(t, check, e); state(f) != greylist.Returned {
		t.Errorf("the retry of a client without an address is %v", state(f))
	}
	e.MailFrom = "bob@sender.example"
	if f := judge(t, check, e); state(f) != greylist.FirstSight {
		t.Errorf("another sender of a client without an address is %v", state(f))
	}
	if f := trusted(t.Context(), nil, e); f.Outcome != envelope.Fail {
		t.Errorf("a client without an address is trusted: %v", f.Outcome)
	}
}

func TestTheNullSenderWaitsForData(t *testing.T) {
	check := greylist.Known(greylist.NewMemory(1<<20), greylist.Options{})
	e := mail(0, "192.0.2.1", "", "us@example.org")
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

func TestTheReply(t *testing.T) {
	const told = "mail from ann@sender.example to us@example.org is new here and is put off for a short time; " +
		"this is normal and no fault of the sender, and the sending server will try again by itself"
	for _, tc := range []struct {
		name    string
		options greylist.Options
		from    string
		want    string
	}{
		{"says that it is normal", greylist.Options{}, "ann@sender.example", told},
		{"tells the wait if asked to", greylist.Options{TellWait: true}, "ann@sender.example", told + ", in 300 seconds at the soonest"},
		{"has a word for the null sender", greylist.Options{}, "", strings.Replace(told, "ann@sender.example", "the null sender", 1)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			check := greylist.Known(greylist.NewMemory(1<<20), tc.options)
			f := judge(t, check, mail(0, "192.0.2.1", tc.from, "us@example.org"))
			if f.Text != tc.want {
				t.Errorf("it says %q\nwant %q", f.Text, tc.want)
			}
			if got := f.Deferral.String(); got != "451 4.7.1" {
				t.Errorf("the deferral is %s", got)
			}
			if wait := f.Detail.(*greylist.Result).Wait; wait != 5*time.Minute {
				t.Errorf("the hint for the program is %v", wait)
			}
		})
	}
}

func TestTheWaitCountsDown(t *testing.T) {
	check := greylist.Known(greylist.NewMemory(1<<20), greylist.Options{})
	for _, tc := range []struct{ after, want time.Duration }{
		{0, 5 * time.Minute},
		{2 * time.Minute, 3 * time.Minute},
		{5*time.Minute - time.Millisecond, time.Millisecond},
		{5 * time.Minute, 0},
	} {
		f := judge(t, check, mail(tc.after, "192.0.2.1", "ann@sender.example", "us@example.org"))
		if got := f.Detail.(*greylist.Result).Wait; got != tc.want {
			t.Errorf("after %v the wait is %v, want %v", tc.after, got, tc.want)
		}
	}
}

func TestTrusted(t *testing.T) {
	store := greylist.NewMemory(1 << 20)
	options := greylist.Options{Promote: -1}
	known, trusted := greylist.Known(store, options), greylist.Trusted(store, 2, options)
	outcome := func(after time.Duration) envelope.Outcome {
		f := trusted(t.Context(), nil, mail(after, "192.0.2.9", "", "whoever@example.org"))
		if f.Commit != nil {
			t.Error("Trusted would write")
		}
		return f.Outcome
	}
	for i, want := range []envelope.Outcome{envelope.Fail, envelope.Pass, envelope.Pass} {
		from := string(rune('a'+i)) + "@sender.example"
		judge(t, known, mail(0, "192.0.2.1", from, "us@example.org"))
		judge(t, known, mail(time.Hour, "192.0.2.1", from, "us@example.org"))
		judge(t, known, mail(2*time.Hour, "192.0.2.1", from, "us@example.org"))
		if got := outcome(3 * time.Hour); got != want {
			t.Errorf("with %d good triplets: %v, want %v", i+1, got, want)
		}
	}
	if got := outcome(40 * 24 * time.Hour); got != envelope.Fail {
		t.Errorf("after Lifetime: %v", got)
	}
}

func TestOptionsThatCanNotWork(t *testing.T) {
	memory := greylist.NewMemory(1 << 20)
	for _, tc := range []struct {
		name  string
		check envelope.Check
		want  string
	}{
		{"no store", greylist.Known(nil, greylist.Options{}), "no store"},
		{"no store to trust", greylist.Trusted(nil, 1, greylist.Options{}), "no store"},
		{"a negative delay", greylist.Known(memory, greylist.Options{Delay: -time.Second}), "Delay is -1s"},
		{"a negative lifetime", greylist.Trusted(memory, 1, greylist.Options{Lifetime: -time.Hour}), "Lifetime is -1h"},
		{"a window that is over before the delay", greylist.Known(memory, greylist.Options{Delay: time.Hour, Window: time.Minute}), "Window is 1m0s and Delay 1h0m0s"},
		{"a delay longer than the window by default", greylist.Known(memory, greylist.Options{Delay: 48 * time.Hour}), "Window is 24h0m0s and Delay 48h0m0s"},
		{"trust in everybody", greylist.Trusted(memory, 0, greylist.Options{}), "wants 0 good triplets"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := tc.check(t.Context(), nil, mail(0, "192.0.2.1", "ann@sender.example", "us@example.org"))
			if f.Outcome != envelope.TempError || f.Err == nil || !strings.Contains(f.Err.Error(), tc.want) {
				t.Errorf("%v with the error %v, want a TempError that says %q", f.Outcome, f.Err, tc.want)
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

func TestAStoreThatFailsDefers(t *testing.T) {
	full := errors.New("the disk is full")
	for _, check := range []envelope.Check{
		greylist.Known(broken{full}, greylist.Options{}),
		greylist.Trusted(broken{full}, 1, greylist.Options{}),
	} {
		f := check(t.Context(), nil, mail(0, "192.0.2.1", "ann@sender.example", "us@example.org"))
		if f.Outcome != envelope.TempError || !errors.Is(f.Err, full) || f.Status.String() != "451 4.3.0" || f.Commit != nil {
			t.Errorf("%s: %v %s %v", f.Check, f.Outcome, f.Status, f.Err)
		}
		if strings.Contains(f.Text, "disk") {
			t.Errorf("%s: the text tells the peer of our disk: %s", f.Check, f.Text)
		}
	}
}

func TestAnIdentityThatFailsDefers(t *testing.T) {
	lost := &net.DNSError{Err: "timeout", Name: "sender.example", IsTimeout: true}
	options := greylist.Options{Identity: func(context.Context, envelope.Resolver, *envelope.Envelope) (string, error) {
		return "", lost
	}}
	store := greylist.NewMemory(1 << 20)
	for _, check := range []envelope.Check{greylist.Known(store, options), greylist.Trusted(store, 1, options)} {
		f := check(t.Context(), nil, mail(0, "192.0.2.1", "ann@sender.example", "us@example.org"))
		if f.Outcome != envelope.TempError || !errors.Is(f.Err, lost) || f.Status.String() != "451 4.4.3" || f.Commit != nil {
			t.Errorf("%s: %v %s %v", f.Check, f.Outcome, f.Status, f.Err)
		}
	}
}

func TestChecksKeepTheContract(t *testing.T) {
	store := greylist.NewMemory(1 << 20)
	options := greylist.Options{Promote: 1}
	known := greylist.Known(store, options)
	judge(t, known, mail(0, "192.0.2.1", "ann@sender.example", "us@example.org"))
	judge(t, known, mail(time.Hour, "192.0.2.1", "ann@sender.example", "us@example.org"))
	judge(t, known, mail(time.Hour, "192.0.3.1", "ann@sender.example", "us@example.org"))
	before := store.Len()
	envelopes := []*envelope.Envelope{
		mail(2*time.Hour, "192.0.2.1", "ann@sender.example", "us@example.org"),
		mail(2*time.Hour, "192.0.2.1", "bob@sender.example", "us@example.org"),
		mail(2*time.Hour, "192.0.3.1", "ann@sender.example", "us@example.org"),
		mail(time.Hour, "192.0.3.1", "ann@sender.example", "us@example.org"),
		mail(2*time.Hour, "192.0.4.1", "ann@sender.example", "us@example.org"),
		mail(2*time.Hour, "192.0.4.1", "", "us@example.org"),
	}
	for name, check := range map[string]envelope.Check{
		"Known":             known,
		"Known, with waits": greylist.Known(store, greylist.Options{TellWait: true}),
		"Trusted":           greylist.Trusted(store, 1, options),
		"Known, misused":    greylist.Known(nil, options),
	} {
		t.Run(name, func(t *testing.T) { envelopetest.TestCheck(t, check, nil, envelopes...) })
	}
	if after := store.Len(); after != before {
		t.Errorf("the checks alone wrote %d records", after-before)
	}
}
